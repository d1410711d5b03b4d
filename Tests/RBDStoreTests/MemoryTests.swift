import Foundation
import TestSupport
import Testing

@Suite struct `The memory of a worker with an RBD store` {
    let ceph: Ceph?
    let glance: TestGlance?

    init() throws {
        ceph = try Ceph()
        glance = try ceph.map { ceph in
            try TestGlance(
                [
                    "glance_store": "stores = rbd\ndefault_store = rbd\n\(ceph.engine.options)"
                ], workers: 1)
        }
    }

    /// MiB that a transfer may take.
    private static let room = 64

    private func mebibytes(_ name: String, of process: Int32) throws -> Int { try kilobytes(name, of: process) / 1024 }

    /// Calls `body`, and expects that the worker needed no more than a transfer may take.
    private func inRoom(_ what: String, _ glance: TestGlance, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void)
        throws
    {
        let worker = glance.site.workerIDs[0]
        try forgetMostMemory(of: worker)
        let before = try mebibytes("VmRSS", of: worker)
        try body()
        let more = try mebibytes("VmHWM", of: worker) - before
        #expect(more <= Self.room, "\(what) took \(more) MiB above \(before) MiB", sourceLocation: sourceLocation)
    }

    private func sendData(_ glance: TestGlance, _ count: Int, to id: String) throws {
        let (connection, piece) = (try HTTPConnection(port: glance.port), pattern(4 << 20))
        try connection.send(
            glance.head("PUT", "/v2/images/\(id)/file", .alice, ["Content-Type": "application/octet-stream"], length: count))
        for start in stride(from: 0, to: count, by: piece.count) {
            try connection.send(start == 0 && count < piece.count ? Array(piece[..<count]) : piece)
        }
        #expect(try connection.receive().status == 204)
    }

    @Test func `grows by 64 MiB at most in an upload or a download, and not with each of them`() throws {
        guard let glance else { return }
        // The first transfers make the connection to the cluster, and what librbd makes once.
        let small = try glance.hasImage()
        try sendData(glance, 1 << 20, to: small)
        let count = try glance.send("GET", "/v2/images/\(small)/file").body.count
        #expect(count == 1 << 20)
        let worker = glance.site.workerIDs[0]
        let before = try mebibytes("VmRSS", of: worker)
        for _ in 0..<2 {
            let id = try glance.hasImage()
            try inRoom("an upload", glance) { try sendData(glance, 192 << 20, to: id) }
            try inRoom("a download", glance) {
                let count = try glance.send("GET", "/v2/images/\(id)/file").body.count
                #expect(count == 192 << 20)
            }
            #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        }
        let kept = try mebibytes("VmRSS", of: worker) - before
        #expect(kept <= Self.room, "the worker keeps \(kept) MiB")
        #expect(try glance.send("DELETE", "/v2/images/\(small)").status == 204)
    }
}

@Suite struct `The memory of glance-tasks with RBD stores` {
    /// MiB above what it had: the pieces that are read and written, and what librbd holds of those that are read.
    private static let room = 96
    /// MiB by which what stays after one copy may differ from what stays after the next.
    private static let kept = 32

    @Test func `does not grow with the image that is copied from pool to pool, nor with each copy`() throws {
        guard let ceph = try Ceph() else { return }
        let glance = try TestGlance(
            [
                "DEFAULT": "enabled_backends = ceph:rbd,far:rbd", "glance_store": "default_backend = ceph", "ceph": ceph.engine.options,
                "far": ceph.engine.options(pool: "other", user: "admin"),
            ], workers: 1, runsTasks: true)
        let tasks = try #require(glance.site.tasksID)
        // What it had after the first copy, which makes the connections to the cluster, and what librbd makes once; and after the last one.
        var (base, last) = (0, 0)
        for (number, size) in [8 << 20, 160 << 20, 160 << 20].enumerated() {
            let id = try glance.hasImage()
            #expect(try glance.upload(pattern(size), to: id).status == 204)
            try forgetMostMemory(of: tasks)
            let order = #"{"method": {"name": "copy-image"}, "stores": ["far"]}"#
            #expect(try glance.send("POST", "/v2/images/\(id)/import", as: .admin, json: order).status == 202)
            #expect(try eventually { try glance.image(id)["stores"]?.string == "ceph,far" })
            func resident() throws -> Int { try kilobytes("VmRSS", of: tasks) >> 10 }
            let most = try kilobytes("VmHWM", of: tasks) >> 10
            if number > 0 { #expect(most - base <= Self.room, "a copy took \(most - base) MiB above \(base) MiB") }
            // The copy is recorded a moment before its memory is free.
            let isFree = try number < 2 || eventually { try resident() - last <= Self.kept }
            let now = try resident()
            #expect(isFree, "\(now) MiB are kept, and \(last) MiB after the copy before")
            last = now
            if number == 0 { base = last }
            #expect(try eventually { try glance.send("DELETE", "/v2/images/\(id)").status == 204 })
        }
    }
}
