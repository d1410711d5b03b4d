import Foundation
import TestSupport
import Testing

/// `glance-tasks` is killed again and again during imports.
@Suite(.serialized) struct `An import whose process is killed` {
    private static let stores = ["near", "far", "third"]
    private static let kills = 20

    /// The moments of the kills are random; the printed seed repeats them, as far as the machine has the same speed.
    private struct Chance: RandomNumberGenerator {
        var state: UInt64

        /// SplitMix64. Source: Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    @Test func `ends active and whole, or queued and without a trace`() throws {
        let seed = ProcessInfo.processInfo.environment["VITRINE_SEED"].flatMap { UInt64($0) } ?? .random(in: .min ... .max)
        print("VITRINE_SEED=\(seed)")
        var chance = Chance(state: seed)
        let glance = try TestGlance(Source.allowed, stores: Self.stores, runsTasks: true)
        let sample = try Sample(24_000_000)
        let source = try Source(sample.bytes)
        var images: [(id: String, mayCopy: Bool)] = []

        for number in 0..<Self.kills {
            // Some imports of each kind always run.
            while try glance.count("vitrine_jobs", where: "1 = 1") < 3 {
                let all = #", "all_stores": true, "all_stores_must_succeed": \#(Bool.random(using: &chance))"#
                switch images.count % 3 {
                case 0:
                    let id = try glance.hasStagedImage(sample.bytes)
                    try glance.orders(#"{"method": {"name": "glance-direct"}\#(all)}"#, on: id)
                    images.append((id, false))
                case 1:
                    let id = try glance.hasImage()
                    try glance.downloads(source.url, to: id, all)
                    images.append((id, false))
                default:
                    let id = try glance.hasImage()
                    let reply = try glance.upload(sample.bytes, to: id)
                    guard reply.status == 204 else { throw Unexpected(reply) }
                    try glance.orders(#"{"method": {"name": "copy-image"}\#(all)}"#, on: id, as: .admin)
                    images.append((id, true))
                }
            }
            // From the start to some way into the imports, including moments at which nothing has begun.
            usleep(UInt32.random(in: 0...2_000_000, using: &chance))
            let victim = try #require(glance.site.tasksID)
            kill(victim, SIGKILL)
            #expect(
                try eventually {
                    try glance.site.revive()
                    return glance.site.tasksID != victim
                }, "kill \(number), seed \(seed)")
        }

        #expect(
            try eventually(within: 240) {
                try glance.site.revive()
                return try glance.count("vitrine_jobs", where: "1 = 1") == 0
            }, "seed \(seed)")
        try sweep(glance)
        for (id, mayCopy) in images { try expectSense(of: id, mayCopy, sample, glance, "seed \(seed)") }
        try expectNoStrays(glance, "seed \(seed)")
        let states = try glance.rows("SELECT status FROM images").flatMap(\.self).compactMap(\.self)
        print("\(images.count) images, \(states.count { $0 == "active" }) active")
        // After five tries one is given up; not all can be that unlucky.
        #expect(states.contains("active"))
    }

    /// An image that is active has all of its data, and a queued one none.
    private func expectSense(
        of id: String, _ mayCopy: Bool, _ sample: Sample, _ glance: TestGlance, _ comment: Comment
    ) throws {
        let image = try glance.image(id)
        let task = try glance.task(on: id)
        #expect(image["os_glance_import_task"] == nil, comment)
        #expect(image["os_glance_importing_to_stores"]?.string ?? "" == "", comment)
        let stores = (image["stores"]?.string ?? "").split(separator: ",").map(String.init)
        switch image["status"]?.string {
        case "active":
            #expect(image["os_hash_value"]?.string == sample.sha512 && image["checksum"]?.string == sample.md5, comment)
            #expect(image["size"]?.int == Int64(sample.bytes.count), comment)
            for store in stores { #expect(try glance.stored(id, in: store)?.isSame(as: sample.bytes) == true, comment) }
            if task["status"]?.string == "success" {
                #expect(Set(stores) == Set(Self.stores), comment)
            } else {
                #expect(mayCopy && stores == ["near"], comment)
            }
        case "queued":
            #expect(!mayCopy && task["status"]?.string == "failure" && image["os_glance_import_error"]?.string != nil, comment)
            try glance.expectNothing(of: id, in: Self.stores)
        default: Issue.record("\(image["status"] ?? .null), \(comment)")
        }
    }

    /// Files that a process left just before it recorded them, or just after it removed the record, are swept when they are some minutes
    /// old, staged files with the first sweep after a start. Here they are made old, and glance-tasks is restarted.
    private func sweep(_ glance: TestGlance) throws {
        let old = Date().addingTimeInterval(-3600)
        for file in try glance.unfinishedFiles(of: Self.stores) {
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file)
        }
        kill(try #require(glance.site.tasksID), SIGTERM)
        let isSwept = try eventually {
            try glance.site.revive()
            return try glance.unfinishedFiles(of: Self.stores).isEmpty
        }
        let rest = try glance.unfinishedFiles(of: Self.stores)
        #expect(isSwept, "\(rest)")
    }

    /// Every file has a location, every location a file, and nothing is staged or incomplete.
    private func expectNoStrays(_ glance: TestGlance, _ comment: Comment) throws {
        // Removals are owed with the records, and done after them.
        #expect(try eventually { try glance.count("vitrine_removals", where: "1 = 1") == 0 }, comment)
        let urls = Set(try glance.rows("SELECT value FROM image_locations WHERE deleted = 0").compactMap { $0[0] })
        var files: Set<String> = []
        for store in Self.stores { files.formUnion(try glance.files(of: store).map { "file://\(glance.folder)/\(store)/\($0)" }) }
        #expect(urls == files, comment)
        #expect(try glance.stagedFiles().isEmpty, comment)
        #expect(try glance.count("vitrine_uploads", where: "1 = 1") == 0, comment)
        #expect(try glance.count("images", where: "status IN ('importing', 'saving', 'uploading')") == 0, comment)
    }
}
