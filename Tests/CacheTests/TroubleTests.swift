import Foundation
import Glibc
import TestSupport
import Testing

/// A download never fails because of the cache.
@Suite(.serialized) struct `A cache in trouble` {
    @Test func `that cannot be created does not stop downloads`() throws {
        let file = "\(TestFolder.root)/no-folder-\(UInt32.random(in: 0 ... .max))"
        try Data().write(to: URL(filePath: file))
        let glance = try TestGlance.cached(in: "\(file)/cache", workers: 1)
        let data = someData()
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        for _ in 0..<3 { #expect(try glance.download(id).body.isSame(as: data)) }
        #expect(origin.fetches == 3)
        #expect(try glance.cacheLines("the image cache cannot be filled") == 1)
        #expect(try glance.send("GET", "/v2/cache", as: .admin).status == 503)
    }

    /// A file system of one megabyte; mounting one takes root, which CI is.
    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `whose disk is full does not stop downloads, and keeps nothing`() throws {
        let disk = "\(TestFolder.root)/small-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        try Command("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).succeeded()
        defer { _ = try? Command("umount", ["-l", disk]) }
        let glance = try TestGlance.cached(in: disk, workers: 1)
        let data = someData()
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        for _ in 0..<2 { #expect(try glance.download(id).body.isSame(as: data)) }
        // A reader goes on as soon as the file is given up.
        #expect(try eventually { try glance.cacheLines("the image cache cannot be filled") == 1 })
        #expect(try eventually { try !glance.caches(id, in: "incomplete") })
        #expect(try !glance.caches(id) && !glance.caches(id, in: "invalid"))
        let small = someData(200_000)
        let near = try Origin(small)
        let other = try glance.hasImage(small, at: near)
        #expect(try glance.download(other).body.isSame(as: small))
        #expect(try eventually { try glance.caches(other) })
    }

    @Test func `whose filling worker is killed leaves the rest to the store`() throws {
        let glance = try TestGlance.cached()
        let data = someData()
        let origin = try Origin(data, .holding(1_500_000))
        let id = try glance.hasImage(data, at: origin)
        let path = "\(try glance.cacheFolder)/incomplete/\(id)"
        var downloads = [try glance.startDownload(id)]
        let filler = try #require(glance.site.workerIDs.first { Self.modes(of: path, in: $0).contains(O_RDWR) })
        let other = try #require(glance.site.workerIDs.first { $0 != filler })
        while !Self.modes(of: path, in: other).contains(O_RDONLY), downloads.count < 40 { downloads.append(try glance.startDownload(id)) }
        #expect(Self.modes(of: path, in: other).contains(O_RDONLY))
        #expect(origin.fetches == 1)

        kill(filler, SIGKILL)
        #expect(eventually { glance.site.workerIDs.count == 1 })
        // At least one continues by itself, and requests only the rest.
        #expect(eventually { origin.fetches >= 2 })
        origin.release()
        let bodies = downloads.map { $0.receiveRest() }
        #expect(bodies.contains(data))
        #expect(bodies.allSatisfy { $0 == data || $0.count < data.count })
        #expect(try !glance.caches(id))

        // What the dead one left is in nobody's way.
        try glance.site.revive()
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
        #expect(try !glance.caches(id, in: "incomplete"))
    }

    /// How a process has opened a file: O_RDWR, O_RDONLY.
    private static func modes(of path: String, in process: Int32) -> Set<CInt> {
        var modes: Set<CInt> = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? [] {
            guard (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(name)")) == path,
                let info = try? String(contentsOfFile: "/proc/\(process)/fdinfo/\(name)", encoding: .utf8),
                let flags = info.split(separator: "\n").first(where: { $0.hasPrefix("flags:") }),
                let value = CInt(flags.dropFirst(6).trimmingCharacters(in: .whitespaces), radix: 8)
            else { continue }
            modes.insert(value & O_ACCMODE)
        }
        return modes
    }
}
