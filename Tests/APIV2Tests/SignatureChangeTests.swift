import Foundation
import TestSupport
import Testing

/// A signature is verified while an image's data arrive. Afterwards it cannot be replaced by an unverified one.
@Suite(.sharesServices) struct `The signature of an image that has its data` {
    let glance: TestGlance
    init() throws {
        glance = try .of(
            Self.self, ["vitrine": "certificate_folder = \(Self.certificates)", "DEFAULT": "show_multiple_locations = true"],
            runsRegistry: true)
    }

    private static let certificates = "\(TestFolder.root)/certificates-\(UInt64.random(in: 0 ... .max))"
    private let data = Array("hello".utf8)

    private func signature() throws -> [String: String] {
        let signer = try Signer(.rsa)
        try signer.publish(in: Self.certificates)
        return try signer.properties(over: data)
    }

    private func additions(_ properties: [String: String]) -> String {
        "[" + properties.map { #"{"op": "add", "path": "/\#($0)", "value": "\#($1)"}"# }.joined(separator: ", ") + "]"
    }

    private func properties(of id: String) throws -> [[String?]] {
        try glance.rows(
            "SELECT name, value FROM image_properties WHERE image_id = '\(id)' AND name LIKE 'img_sig%' AND deleted = 0 ORDER BY name",
            columns: 2)
    }

    private func expectRefusal(_ reply: Reply, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(reply.status == 409, sourceLocation: sourceLocation)
        #expect(reply.text.contains("nobody would check its data by this signature"), "\(reply.text)", sourceLocation: sourceLocation)
    }

    private func askV1(_ id: String, _ properties: [String: String], purge: Bool = false) throws -> Reply {
        var headers = ["x-glance-registry-purge-props": purge ? "true" : "false"]
        for (name, value) in properties { headers["x-image-meta-property-\(name)"] = value }
        return try glance.send("PUT", "/v1/images/\(id)", as: .admin, headers)
    }

    @Test(arguments: ["active", "deactivated"])
    func `is none that comes afterwards, right or wrong`(_ status: String) throws {
        let right = try signature()
        let id = try glance.hasActiveImage("hello")
        if status == "deactivated" { #expect(try glance.deactivate(id).status == 204) }
        for properties in [
            right, right.merging(["img_signature": "YWJj"]) { $1 }, ["img_signature": "YWJj"], ["img_signature_key_type": "DSA"],
        ] {
            expectRefusal(try glance.patch(id, additions(properties)))
            expectRefusal(try glance.patch(id, as: .admin, additions(properties)))
            expectRefusal(try askV1(id, properties))
        }
        #expect(try properties(of: id).isEmpty)
        #expect(try glance.patch(id, additions(["img_signature_like": "anything"])).status == 200)
    }

    @Test func `stays the one that was checked, or goes as a whole`() throws {
        let checked = try signature()
        let id = try glance.hasImage(checked)
        #expect(try glance.upload(data, to: id).status == 204)
        let before = try properties(of: id)
        for (name, value) in [("img_signature", "YWJj"), ("img_signature_hash_method", "SHA-512")] {
            expectRefusal(try glance.patch(id, #"[{"op": "replace", "path": "/\#(name)", "value": "\#(value)"}]"#))
            expectRefusal(try glance.patch(id, #"[{"op": "remove", "path": "/\#(name)"}]"#))
            expectRefusal(try askV1(id, [name: value]))
            expectRefusal(try askV1(id, [name: ""]))
            expectRefusal(try askV1(id, [name: value], purge: true))
        }
        expectRefusal(try glance.patch(id, additions(try signature())))
        #expect(try properties(of: id) == before)
        // A value that stays is not a change; clients send back what they got.
        #expect(try glance.patch(id, additions(["img_signature": checked["img_signature"]!, "other": "new"])).status == 200)
        #expect(try askV1(id, checked).status == 200)
        let removals = "[" + checked.keys.map { #"{"op": "remove", "path": "/\#($0)"}"# }.joined(separator: ", ") + "]"
        #expect(try glance.patch(id, removals).status == 200)
        #expect(try properties(of: id).isEmpty)
        expectRefusal(try glance.patch(id, additions(checked)))
    }

    @Test func `goes with the others that V1 drops`() throws {
        let id = try glance.hasImage(try signature())
        #expect(try glance.upload(data, to: id).status == 204)
        #expect(try askV1(id, ["other": "new"], purge: true).status == 200)
        #expect(try properties(of: id).isEmpty)
    }

    @Test func `is none that comes while the data do`() throws {
        let right = try signature()
        let id = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        let headers = ["Content-Type": "application/octet-stream"]
        try connection.send(glance.head("PUT", "/v2/images/\(id)/file", .alice, headers, length: 5))
        try connection.send("he")
        #expect(try eventually { try glance.status(of: id) == "saving" })
        expectRefusal(try glance.patch(id, additions(right)))
        try connection.send("llo")
        #expect(try connection.receive().status == 204)
        #expect(try properties(of: id).isEmpty)
    }

    @Test func `is none that comes with a location, whatever stands first`() throws {
        let source = try RawServer { connection, _ in
            guard connection.readHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
        }
        let id = try glance.hasImage()
        let location = #"{"op": "add", "path": "/locations/-", "value": {"url": "\#(source.url())", "metadata": {}}}"#
        let signature = additions(["img_signature": "YWJj"]).dropFirst().dropLast()
        for changes in ["[\(location), \(signature)]", "[\(signature), \(location)]"] {
            #expect(try 400..<500 ~= glance.patch(id, as: .admin, changes).status)
        }
        #expect(try glance.status(of: id) == "queued")
        #expect(try properties(of: id).isEmpty)
    }

    @Test func `is none of an image that V1 makes active without data`() throws {
        let headers = ["x-image-meta-size": "0", "x-image-meta-name": "empty-signed", "x-image-meta-property-img_signature": "YWJj"]
        #expect(try glance.send("POST", "/v1/images", headers).status == 400)
        #expect(try !glance.names().contains("empty-signed"))
    }
}
