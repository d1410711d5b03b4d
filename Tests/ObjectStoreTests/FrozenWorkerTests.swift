import Domain
import Foundation
import TestSupport
import Testing
import Threading

/// A worker is stopped for longer than its lease, and continues when its image has other data.
@Suite(.serialized, .sharesServices) struct `A worker that was frozen while it wrote to an engine` {
    /// Its own, since its workers do not answer for a while.
    private static let shared = Shared { try EngineSite.start() }

    /// The process that has an upload of an image.
    private func worker(of image: String, _ glance: TestGlance) throws -> Int32? {
        let rows = try glance.rows("SELECT worker FROM vitrine_uploads WHERE image_id = '\(image)' AND pending_url <> ''")
        return rows.first?[0].flatMap { Int32($0.split(separator: "|", omittingEmptySubsequences: false)[4]) }
    }

    private func recordedStatus(of image: String, _ glance: TestGlance) throws -> String? {
        try glance.rows("SELECT status FROM images WHERE id = '\(image)'")[0][0]
    }

    @Test(arguments: [("far", false), ("far", true), ("cloud", false), ("cloud", true), ("ceph", false)])
    func `changes nothing of the data that came in its place`(_ store: String, _ isCommitting: Bool) throws {
        guard let site = try Self.shared.get() else { return }
        let glance = site.glance
        let image = try glance.hasImage()
        let (stale, fresh) = (pattern(11 << 20), pattern(7 << 20).reversed() as [UInt8])
        let isFree = Monitor(false)
        if isCommitting {
            site.proxy.spoil("POST /\(site.place.bucket)/\(image)?uploadId", by: .hold(isFree))
            try site.gate.order(faults: #"{"method": "PUT", "path": "^/[^/]*/\#(image)$", "hang": 12}"#)
        }
        let held = site.proxy.count
        let path = "/v2/images/\(image)/file"
        let type = ["Content-Type": "application/octet-stream", "X-Image-Meta-Store": store]
        let late = try HTTPConnection(port: glance.port)
        try late.send(glance.head("PUT", path, .alice, type, length: stale.count))
        try late.send(Array(stale.dropLast(isCommitting ? 0 : 1)))
        var found: Int32?
        #expect(
            try eventually {
                found = try worker(of: image, glance)
                return try found != nil && recordedStatus(of: image, glance) == "saving"
            })
        // The last look before the data get a name.
        if isCommitting, store == "far" { #expect(eventually { site.proxy.count > held }) }
        if isCommitting, store == "cloud" {
            #expect(try eventually { try site.gate.told().requests.contains { $0.contains("/pending/\(image)") && $0.hasPrefix("HEAD") } })
        }
        let frozen = try #require(found)
        freeze(frozen)
        defer { thaw(frozen) }
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR WHERE image_id = '\(image)'")
        #expect(try eventually { try recordedStatus(of: image, glance) == "queued" })
        #expect(try glance.upload(fresh, to: image, ["X-Image-Meta-Store": store]).status == 204)
        isFree.with { $0 = true }
        thaw(frozen)
        if !isCommitting { try? late.send([stale.last!]) }
        let answer = try late.receive()
        #expect([409, 410, 503].contains(answer.status), "\(answer.status) \(answer.text)")
        #expect(try recordedStatus(of: image, glance) == "active")
        #expect(try glance.send("GET", path).body.isSame(as: fresh))
        #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
        let isClean = try eventually { try site.names(of: image, in: store).isEmpty }
        #expect(isClean)
    }
}
