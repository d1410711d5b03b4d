import Foundation
import TestSupport
import Testing

/// The memory of a worker while data pass it on their way to a store's server or from it. Each test has a worker of its own.
@Suite(.serialized) struct `A worker's memory` {
    /// More than it had before: what parts take (`S3PartSizes.memory`), and the buffers of the stream, of libcurl and of the threads.
    private static let most = 64 << 20
    /// What may stay after a transfer: libcurl keeps its handles with their buffers.
    private static let kept = 8 << 20
    private static let size = 160 << 20

    /// Does something twice, and expects that the second time takes no more than `most`, and leaves no more than `kept`: the first makes what is
    /// made once.
    private func inLittleMemory(of glance: TestGlance, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) throws
    {
        let worker = try #require(glance.site.workerIDs.first)
        try body()
        try forgetMostMemory(of: worker)
        let before = try kilobytes("VmRSS", of: worker)
        try body()
        let (most, after) = (try kilobytes("VmHWM", of: worker) - before, try kilobytes("VmRSS", of: worker) - before)
        #expect(most <= Self.most >> 10, "\(most) KiB more", sourceLocation: sourceLocation)
        #expect(after <= Self.kept >> 10, "\(after) KiB are kept", sourceLocation: sourceLocation)
    }

    /// A service with one store, and one worker.
    private func glance(with options: String, of type: String) throws -> TestGlance {
        try TestGlance(
            ["DEFAULT": "enabled_backends = far:\(type)", "glance_store": "default_backend = far", "far": options], workers: 1,
            remotes: [("/_blobs/.remote/far", nil)])
    }

    private func transfer(_ data: [UInt8], through glance: TestGlance) throws {
        let id = try glance.hasImage()
        try inLittleMemory(of: glance) {
            let id = try glance.hasImage()
            #expect(try glance.upload(data, to: id).status == 204)
            _ = try glance.send("DELETE", "/v2/images/\(id)")
        }
        #expect(try glance.upload(data, to: id).status == 204)
        try inLittleMemory(of: glance) {
            // With this header, the worker sends the data.
            let reply = try glance.send("GET", "/v2/images/\(id)/file", ["If-Range": "\"x\""])
            #expect(reply.status == 200 && reply.body.isSame(as: data))
        }
        _ = try glance.send("DELETE", "/v2/images/\(id)")
    }

    @Test func `stays within its bound for an S3 store`() throws {
        try transfer(pattern(Self.size), through: try glance(with: S3Place.first.options, of: "s3"))
    }

    @Test func `stays within its bound for a Swift store`() throws {
        guard let login = try SwiftEngine.login(), case .user(let user, let key) = login.identity else { return }
        let swift = """
            swift_store_auth_address = \(login.address)
            swift_store_user = \(user)
            swift_store_key = \(key)
            swift_store_auth_version = 1
            swift_store_container = \(SwiftEngine.freshContainer())
            swift_store_create_container_on_put = true
            swift_store_large_object_size = 16
            swift_store_large_object_chunk_size = 16
            """
        try transfer(pattern(Self.size), through: try glance(with: swift, of: "swift"))
    }
}
