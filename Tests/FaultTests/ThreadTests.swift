import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct `A worker that can make no thread` {
    /// Two buffers of the stream, so that its readers get threads.
    private static let data = [UInt8](repeating: 7, count: 1_200_000)

    @Test func `refuses what needs one, and goes on with all else`() throws {
        let glance = try TestGlance(workers: 1)
        let worker = glance.site.workerIDs[0]
        let (early, late, short) = (try glance.hasImage(), try glance.hasImage(), try glance.hasImage())
        // An upload that has its threads.
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head(
                "PUT", "/v2/images/\(early)/file", .alice, ["Content-Type": "application/octet-stream"], length: 2 * Self.data.count))
        try connection.send(Self.data)
        #expect(try eventually { try glance.incomingFiles().contains { try size(of: $0, in: glance) > 500_000 } })

        let limit = try ThreadLimit(of: worker)
        let refused = try glance.upload(Self.data, to: late)
        #expect(refused.status == 503)
        #expect(refused["Retry-After"] != nil)
        #expect(try glance.status(of: late) == "queued")
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(late) })
        // Work that needs no thread is done.
        #expect(try glance.upload([1, 2, 3], to: short).status == 204)
        let staged = try glance.send(
            "PUT", "/v2/images/\(late)/stage", ["Content-Type": "application/octet-stream"], body: Self.data)
        #expect(staged.status == 503)
        #expect(try glance.status(of: late) == "queued")
        try connection.send(Self.data)
        #expect(try connection.receive().status == 204)

        try limit.lift()
        #expect(try glance.upload(Self.data, to: late).status == 204)
        #expect(glance.site.workerIDs == [worker])
    }

    private func size(of name: String, in glance: TestGlance) throws -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(glance.storeFolder)/.incoming/\(name)")
        return attributes?[.size] as? Int ?? 0
    }
}
