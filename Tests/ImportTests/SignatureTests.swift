import Foundation
import TestSupport
import Testing

/// Imports of images with a signature in their properties.
@Suite(.serialized, .sharesServices) struct `An import of a signed image` {
    let glance: TestGlance

    init() throws {
        let options = [
            "vitrine": "certificate_folder = \(Self.certificates)",
            // Changes that would make it another image.
            "image_import_opts": "image_import_plugins = [image_decompression, image_conversion]",
            "image_conversion": "output_format = qcow2",
        ]
        glance = try .of(Self.self, Source.allowed.merging(options) { $1 }, stores: ["near", "far"], runsTasks: true)
    }

    private static let certificates = "\(TestFolder.root)/certificates-\(UInt64.random(in: 0 ... .max))"

    private func signer() throws -> Signer {
        let signer = try Signer(.rsa)
        try signer.publish(in: Self.certificates)
        return signer
    }

    private func withdraw(_ signer: Signer) throws {
        try FileManager.default.removeItem(atPath: "\(Self.certificates)/\(signer.certificate).pem")
    }

    @Test func `checks what was staged, and leaves it as it is`() throws {
        let (signer, sample) = (try signer(), try Sample(900_000))
        let id = try glance.hasImage(try signer.properties(over: sample.bytes))
        #expect(try glance.stage(sample.bytes, for: id).status == 204)
        try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: id)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try glance.expect(sample, in: id, stores: ["near", "far"])
        #expect(try glance.image(id)["disk_format"]?.string == "raw")
    }

    @Test func `refuses what was not signed`() throws {
        let (signer, sample) = (try signer(), try Sample(900_000))
        let properties = try signer.properties(over: sample.bytes)
        let staged = try glance.hasImage(properties)
        #expect(try glance.stage(sample.bytes + [0], for: staged).status == 204)
        try glance.orders(#"{"method": {"name": "glance-direct"}, "stores": ["near", "far"]}"#, on: staged)
        let source = try Source(sample.bytes.dropLast() + [0])
        let fetched = try glance.hasImage(properties)
        try glance.downloads(source.url, to: fetched)
        for id in [staged, fetched] {
            let task = try glance.ended(on: id)
            #expect(task["status"]?.string == "failure")
            #expect(task["message"]?.string?.contains("does not match its data") == true)
            try glance.expectNothing(of: id, in: ["near", "far"])
        }
    }

    /// The worker may not read the certificate that the client can read.
    @Test func `goes by the certificate of its order`() throws {
        let (signer, sample) = (try signer(), try Sample(900_000))
        let properties = try signer.properties(over: sample.bytes)
        let source = try Source(sample.bytes, holdingAfter: 100_000)
        let id = try glance.hasImage(properties)
        try glance.downloads(source.url, to: id)
        try withdraw(signer)
        source.release()
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try glance.expect(sample, in: id, stores: ["near"])
        // The task reveals nothing of it.
        #expect(try !glance.send("GET", "/v2/images/\(id)/tasks", as: .admin).text.contains("CERTIFICATE"))

        let late = try glance.hasImage(properties)
        let refused = try glance.order(#"{"method": {"name": "web-download", "uri": "\#(source.url)"}}"#, on: late)
        #expect(refused.status == 400 && refused.text.contains("there is no certificate"))
        try glance.expectNothing(of: late, in: ["near", "far"])
        #expect(try glance.count("tasks", where: "image_id = '\(late)'") == 0)
    }

    @Test func `fails where the signature became another meanwhile`() throws {
        let (signer, other, sample) = (try signer(), try signer(), try Sample(900_000))
        let id = try glance.hasImage(try signer.properties(over: sample.bytes))
        #expect(try glance.stage(sample.bytes, for: id).status == 204)
        // The import is ordered, and no process runs it yet.
        let tasks = try #require(glance.site.tasksID)
        kill(tasks, SIGSTOP)
        defer { kill(tasks, SIGCONT) }
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
        let path = "/img_signature_certificate_uuid"
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "\#(path)", "value": "\#(other.certificate)"}]"#).status == 200)
        kill(tasks, SIGCONT)
        let task = try glance.ended(on: id)
        #expect(
            task["status"]?.string == "failure"
                && task["message"]?.string?.contains("has changed since its certificate was fetched") == true)
        try glance.expectNothing(of: id, in: ["near", "far"])
    }
}
