import Foundation
import Glibc
import JSONDocument
import TestSupport
import Testing

/// `glance-manage store verify` on many images, some of which are damaged in every known way.
@Suite(.serialized, .sharesServices) struct `A verification of ten thousand images` {
    /// A site, and what a verification finds of it. VITRINE_IMAGES measures other sizes.
    private static let shared = Shared {
        let count = ProcessInfo.processInfo.environment["VITRINE_IMAGES"].flatMap { Int($0) } ?? 10_000
        let begun = Date()
        let site = try FullSite(count)
        print("\(count) images were made in \(Date().timeIntervalSince(begun)) s")
        let unverified = try site.plantHarmless()
        // Damage at the beginning, in the middle and at the end.
        let planted = try [0, count / 2, count - 40].map { try site.plantDamage(from: $0) }
        return (site, planted.reduce(unverified) { $0.union($1) })
    }
    private let site: FullSite
    private let planted: Set<Planted>

    init() throws { (site, planted) = try Self.shared.get() }

    /// What is missing, and what is too much.
    private func difference(_ found: [Planted]) -> (missing: [Planted], wrong: [Planted]) {
        (planted.subtracting(found).sorted { "\($0)" < "\($1)" }, Set(found).subtracting(planted).sorted { "\($0)" < "\($1)" })
    }

    @Test func `finds every planted damage, and nothing else`() throws {
        let begun = Date()
        let end = try site.store("verify", "--format", "json", "--threads", "2")
        print("verified in \(Date().timeIntervalSince(begun)) s")
        #expect(end.status == 1, "\(end.errors)")
        let found = try site.found()
        let (missing, wrong) = difference(found)
        #expect(missing.isEmpty && wrong.isEmpty)
        // Two images on one file are one finding or two; everything else is there once.
        #expect(found.filter { $0.kind != "shared_file" }.count == planted.count { $0.kind != "shared_file" })

        // The output has the same, one object a line.
        let lines = try end.output.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: Array($0)) }
        #expect(lines.count == found.count)
        for line in lines { #expect(line["kind"]?.string != nil && line["detail"]?.string?.isEmpty == false) }
        #expect(Set(lines.compactMap { $0["kind"]?.string }) == Set(planted.map(\.kind)))
    }

    @Test func `finds the same after it was killed ten times`() throws {
        let number = try site.runs()
        var words = ["store", "verify", "--threads", "2"]
        for time in 0..<10 {
            let process = try Started(words + ["--config-file", site.glance.configurationFile])
            // The first time it must have begun; afterwards any moment will do.
            if time == 0 { #expect(try eventually { try site.runs() > number }) }
            usleep(UInt32.random(in: 10_000..<7_000_000))
            process.kill()
            // Nobody waits for a lease of a process that was killed.
            try site.glance.execute("UPDATE vitrine_verifications SET lease_until = UTC_TIMESTAMP(6) WHERE ended_at IS NULL")
            words = ["store", "verify", "--threads", "2", "--resume"]
            if try site.runs(where: "ended_at IS NULL") == 0 {
                print("killed \(time + 1) times, and then it had ended")
                break
            }
        }
        if try site.runs(where: "ended_at IS NULL") > 0 {
            let end = try site.store("verify", "--resume", "--threads", "2")
            #expect(end.status == 1, "\(end.errors)")
        }
        #expect(try site.runs() == number + 1 && site.runs(where: "ended_at IS NULL") == 0)
        let found = try site.found()
        let (missing, wrong) = difference(found)
        #expect(missing.isEmpty && wrong.isEmpty)
        #expect(found.filter { $0.kind != "shared_file" }.count == planted.count { $0.kind != "shared_file" })
    }

    @Test func `finds without reading data what can be found so`() throws {
        let end = try site.store("verify", "--quick")
        #expect(end.status == 1, "\(end.errors)")
        let found = Set(try site.found())
        let wanted = planted.filter { !["checksum_mismatch", "hash_mismatch", "wrong_format"].contains($0.kind) }
        #expect(wanted.subtracting(found).isEmpty && found.subtracting(wanted).isEmpty)
    }
}

/// `glance-manage store verify --repair` on a damaged site.
@Suite(.serialized) struct `Repairing a site` {
    @Test func `needs consent, repairs what can be, and leaves the rest`() throws {
        let site = try FullSite(200)
        #expect(try site.store("verify").status == 0)
        #expect(try site.store("verify", "--store", "none").status == 2)
        #expect(try site.store("verify", "--resume").status == 2)

        try site.plantHarmless()
        let planted = try site.plantDamage()
        let refused = try site.store("verify", "--repair")
        #expect(refused.status == 2 && refused.errors.contains("--yes"), "\(refused.errors)")
        let end = try site.store("verify", "--repair", "--yes")
        #expect(end.status == 1, "\(end.errors)\(end.text)")
        let stay: Set = ["shared_file", "unknown_folder", "no_location", "wrong_format", "not_verified"]
        #expect(Set(try site.found(open: true).map(\.kind)) == stay, "\(end.text)")
        for planted in planted where ["orphan_file", "unfinished_file", "staged_leftover"].contains(planted.kind) {
            #expect(!FileManager.default.fileExists(atPath: planted.object))
        }
        let listed = try site.store("quarantine", "list", "--format", "json").output.split(separator: UInt8(ascii: "\n"))
        let origins = Set(try listed.map { try JSON(parsing: Array($0))["from"]?.string ?? "" })
        let moved = planted.filter { ["orphan_file", "unfinished_file", "staged_leftover"].contains($0.kind) }
        #expect(origins == Set(moved.map(\.object)))
        for planted in planted where ["missing_file", "size_mismatch", "checksum_mismatch", "hash_mismatch"].contains(planted.kind) {
            #expect(try site.glance.status(of: planted.image) == "deactivated")
        }

        // A second one finds the damaged data still, and nothing in the quarantine.
        #expect(try site.store("verify").status == 1)
        let again = Set(try site.found().map(\.kind))
        #expect(again == stay.union(["missing_file", "size_mismatch", "checksum_mismatch", "hash_mismatch"]))

        // The quarantine by its commands.
        let table = try site.store("quarantine", "list")
        #expect(table.status == 0 && table.text.contains("orphan_file") && table.text.contains(" files, "))
        let first = try JSON(parsing: Array(listed[0]))
        let back = try site.store("quarantine", "restore", first["id"]?.string ?? "")
        #expect(back.status == 0 && FileManager.default.fileExists(atPath: first["from"]?.string ?? ""), "\(back.errors)")
        #expect(try site.store("quarantine", "restore", "none").status != 0)
        #expect(try site.store("quarantine", "empty", "--older-than", "0").status != 0)
        #expect(try site.store("quarantine", "empty", "--older-than", "soon", "--yes").status != 0)
        #expect(try site.store("quarantine", "empty", "--older-than", "1d", "--yes").text.contains("0 files"))
        let emptied = try site.store("quarantine", "empty", "--older-than", "0s", "--yes")
        #expect(emptied.status == 0 && emptied.text.contains("\(moved.count - 1) files"), "\(emptied.text)\(emptied.errors)")
    }

    @Test func `loses nothing when it is killed, and a second one completes it`() throws {
        let site = try FullSite(60)
        // Files that belong to no image, and images with damage, half of which lie in both stores.
        let orphans = (0..<40).map { _ in newID() }
        for id in orphans { try site.write(Array(id.utf8), to: site.path(of: id)) }
        let damaged = site.images.enumerated().filter { $0.offset % 10 != 9 && $0.element.format == "raw" }.prefix(40).map(\.element)
        for (number, image) in damaged.enumerated() {
            if number % 2 == 0 {
                try site.write(image.data, to: site.path(of: image.id, in: "cheap"))
                try site.locate([(image.id, site.url(of: image.id, in: "cheap"), "cheap")])
            }
            try site.write(image.data.map { ~$0 }, to: site.path(of: image.id))
        }
        for _ in 0..<6 {
            let process = try Started(["store", "verify", "--repair", "--yes", "--config-file", site.glance.configurationFile])
            // The verification of so few images takes two seconds, most of which it waits.
            _ = try eventually(within: 20) { try site.runs(where: "ended_at IS NULL") == 0 && site.runs() > 0 || process.hasEnded }
            usleep(UInt32.random(in: 0..<150_000))
            process.kill()
            try site.glance.execute("UPDATE vitrine_verifications SET lease_until = UTC_TIMESTAMP(6), ended_at = COALESCE(ended_at, NOW())")
        }
        let end = try site.store("verify", "--repair", "--yes")
        #expect(end.status == 0, "\(end.errors)\(end.text)")
        for (number, image) in damaged.enumerated() {
            #expect(try site.glance.status(of: image.id) == (number % 2 == 0 ? "active" : "deactivated"))
            guard number % 2 == 0 else { continue }
            let reply = try site.glance.send("GET", "/v2/images/\(image.id)/file", as: .admin)
            #expect(reply.status == 200 && reply.body.isSame(as: image.data))
        }
        // Every orphan and every damaged file that was replaced is in quarantine, once, with its bytes.
        let listed = try site.store("quarantine", "list", "--format", "json").output.split(separator: UInt8(ascii: "\n"))
        let files = try listed.map { try JSON(parsing: Array($0)) }
        let kept = files.compactMap { file in file["path"]?.string.flatMap { FileManager.default.contents(atPath: $0) }.map { Array($0) } }
        for id in orphans { #expect(kept.count { $0 == Array(id.utf8) } == 1) }
        for (number, image) in damaged.enumerated() where number % 2 == 0 {
            #expect(kept.count { $0 == image.data.map { ~$0 } } == 1)
        }
    }
}

/// A `glance-manage` that can be killed.
final class Started {
    private let process = Process()

    init(_ words: [String]) throws {
        process.executableURL = URL(filePath: TestGlance.programs + "glance-manage")
        process.arguments = words
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
    }

    var hasEnded: Bool { !process.isRunning }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
