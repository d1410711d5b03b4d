import Foundation
import JSONDocument
import TestSupport
import Testing

/// What `glance-manage store verify` finds, and what it does not.
@Suite struct `Verifying the stores` {
    private let glance: TestGlance

    init() throws {
        glance = try TestGlance(
            ["DEFAULT": "show_multiple_locations = true", "vitrine": "internal_prefix = /_blobs"], workers: 1, stores: ["fast", "cheap"],
            cacheFolder: "\(TestFolder.root)/verify-cache-\(UInt32.random(in: 0...UInt32.max))")
        // Each folder gets its mark.
        for store in ["fast", "cheap"] { _ = try glance.hasImage(in: store, "a good image in \(store)") }
    }

    /// A way to damage an image, or to leave something behind, with the findings that it causes.
    struct Plant: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The kinds that are expected, in the order of their names.
        let kinds: [String]
        /// Those with `--quick`.
        let quick: [String]
        let make: @Sendable (TestGlance, _ id: String, _ path: String) throws -> Void

        init(
            _ description: String, _ kinds: [String], quick: [String]? = nil,
            _ make: @escaping @Sendable (TestGlance, String, String) throws -> Void
        ) {
            (testDescription, self.kinds, self.quick, self.make) = (description, kinds, quick ?? kinds, make)
        }
    }

    private static let plants: [Plant] = [
        Plant("a file of which no record tells", ["orphan_file"]) { glance, _, _ in try glance.write("x", to: "fast/\(newID())") },
        Plant("a file with a name of its own", ["orphan_file"]) { glance, _, _ in try glance.write("x", to: "cheap/notes.txt") },
        Plant("a second token of which no record tells", ["orphan_file"]) { glance, id, _ in try glance.write("x", to: "fast/\(id).0123") },
        Plant("the file of a queued image, as a Glance leaves it", ["orphan_file"]) { glance, _, _ in
            try glance.write("x", to: "fast/\(try glance.hasImage())")
        },
        Plant("the file of an image that was deleted long ago", ["orphan_file"]) { glance, _, _ in
            let id = try glance.hasImage()
            try glance.execute("UPDATE images SET deleted = 1, status = 'deleted', deleted_at = '2026-01-01' WHERE id = '\(id)'")
            try glance.write("x", to: "fast/\(id)")
        },
        Plant("a missing file", ["missing_file"]) { _, _, path in try FileManager.default.removeItem(atPath: path) },
        Plant("a link to nothing", ["missing_file"]) { _, _, path in
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nowhere/at/all")
        },
        Plant("a file that lost its end", ["size_mismatch"]) { _, _, path in try TestGlance.overwrite(path, "hell") },
        Plant("a file with more at its end", ["size_mismatch"]) { _, _, path in try TestGlance.overwrite(path, "hello!") },
        Plant("other bytes", ["checksum_mismatch", "hash_mismatch"], quick: []) { _, _, path in try TestGlance.overwrite(path, "hallo") },
        Plant("another MD5", ["checksum_mismatch"], quick: []) { glance, id, _ in
            try glance.execute("UPDATE images SET checksum = REPEAT('0', 32) WHERE id = '\(id)'")
        },
        Plant("another multihash", ["hash_mismatch"], quick: []) { glance, id, _ in
            try glance.execute("UPDATE images SET os_hash_value = REPEAT('0', 128) WHERE id = '\(id)'")
        },
        Plant("an algorithm that is not known", ["not_verified"], quick: []) { glance, id, _ in
            try glance.execute("UPDATE images SET os_hash_algo = 'sha4' WHERE id = '\(id)'")
        },
        Plant("an unfinished file", ["unfinished_file"]) { glance, id, _ in
            try glance.write("x", to: "fast/.incoming/\(newID()).0123456789abcdef", age: 3600)
        },
        Plant("a staged leftover", ["staged_leftover"]) { glance, id, _ in try glance.write("x", to: "staging/\(newID())", age: 3600) },
        Plant("a file that nobody may read", ["wrong_permissions"]) { _, _, path in
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        },
        Plant("a file that nginx may not read", ["wrong_permissions"]) { _, _, path in
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        },
        Plant("a file of another owner", ["wrong_permissions"]) { _, _, path in chown(path, 12345, 12345) },
        Plant("two images on one file", ["shared_file"]) { glance, id, path in
            let other = try glance.hasImage()
            try glance.makeActive(other, like: id)
            try glance.place(other, at: "file://\(path)", #"{"store": "fast"}"#)
        },
        Plant("two images on one file, one by a link", ["shared_file"]) { glance, id, path in
            let other = try glance.hasImage()
            try glance.makeActive(other, like: id)
            try FileManager.default.createSymbolicLink(atPath: glance.path(of: other, in: "fast"), withDestinationPath: path)
            try glance.place(other, at: "file://\(glance.path(of: other, in: "fast"))", #"{"store": "fast"}"#)
        },
        Plant("a folder that no store has", ["orphan_file", "unknown_folder"]) { glance, id, path in
            try glance.execute("UPDATE image_locations SET value = 'file:///var/lib/elsewhere/\(id)' WHERE image_id = '\(id)'")
        },
        Plant("no location", ["no_location", "orphan_file"]) { glance, id, _ in
            try glance.execute("UPDATE image_locations SET deleted = 1, status = 'deleted' WHERE image_id = '\(id)'")
        },
        Plant("a cached image that is gone", ["cache_orphan"]) { glance, _, _ in
            let folder = try #require(glance.cacheFolder)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try "x".write(toFile: "\(folder)/\(newID())", atomically: true, encoding: .utf8)
        },
        Plant("bytes that are not of their format", ["wrong_format"], quick: []) { glance, id, _ in
            try glance.execute("UPDATE images SET disk_format = 'qcow2' WHERE id = '\(id)'")
        },
        Plant("a location of a store that is not here", ["not_verified", "orphan_file"]) { glance, id, _ in
            try glance.execute("UPDATE image_locations SET value = 'rbd://a/b/c/snap' WHERE image_id = '\(id)'")
        },
    ]

    @Test(arguments: plants) func `finds what is wrong, and nothing else`(_ plant: Plant) throws {
        #expect(try glance.verify().kinds == [])
        let id = try glance.hasImage(in: "fast")
        try plant.make(glance, id, glance.path(of: id, in: "fast"))
        let end = try glance.verify()
        #expect(end.kinds == plant.kinds, "\(end)")
        #expect(end.status == 1 && end.errors == "")
        let quick = try glance.verify(["--quick"])
        #expect(quick.kinds == plant.quick && quick.status == (plant.quick.isEmpty ? 0 : 1), "\(quick)")
    }

    // MARK: what is in motion

    /// A state in which files and records differ for a while.
    private static let motions: [Plant] = [
        Plant("the name of a copy that is not recorded yet", []) { glance, id, _ in
            try glance.hasJob(of: id)
            try glance.write("hello", to: "cheap/\(id)")
        },
        Plant("an upload that has its name and no record yet", []) { glance, _, _ in
            let id = try glance.hasImage()
            try glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(id)'")
            try glance.hasUpload(of: id, token: "0123", minutes: 1)
            for name in ["fast/\(id)", "fast/.incoming/\(id).0123"] { try glance.write("x", to: name, age: 3600) }
        },
        Plant("an upload that was abandoned, which the sweeper ends", []) { glance, _, _ in
            let id = try glance.hasImage()
            try glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(id)'")
            try glance.hasUpload(of: id, token: "4567", minutes: -60)
            try glance.write("x", to: "fast/.incoming/\(id).4567", age: 3600)
        },
        Plant("an upload that began just now", []) { glance, _, _ in try glance.write("x", to: "fast/.incoming/\(newID()).89ab") },
        Plant("the mark of a removal", []) { glance, _, _ in try glance.write("", to: "fast/.incoming/\(newID()).89ab.removing", age: 3600)
        },
        Plant("a Glance that writes to the final name", []) { glance, _, _ in
            let id = try glance.hasImage()
            try glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(id)'")
            try glance.write("x", to: "fast/\(id)", age: 600)
        },
        Plant("a removal that is owed", []) { glance, _, _ in
            let id = newID()
            try glance.write("x", to: "fast/\(id)")
            try glance.execute(
                "INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES ('\(id)', 'file://\(glance.path(of: id, in: "fast"))', UTC_TIMESTAMP(6))"
            )
        },
        Plant("an image that can be restored", []) { glance, id, _ in
            try glance.execute("UPDATE images SET deleted = 1, status = 'pending_delete', deleted_at = '2026-01-01' WHERE id = '\(id)'")
            try glance.execute("UPDATE image_locations SET deleted = 1, status = 'pending_delete' WHERE image_id = '\(id)'")
        },
        Plant("a staged image that waits", []) { glance, _, _ in
            let id = try glance.hasImage()
            try glance.execute("UPDATE images SET status = 'uploading' WHERE id = '\(id)'")
            try glance.write("x", to: "staging/\(id)", age: 3600)
        },
        Plant("a name with a token", []) { glance, id, path in
            try FileManager.default.moveItem(atPath: path, toPath: "\(path).0123")
            try glance.execute("UPDATE image_locations SET value = 'file://\(path).0123' WHERE image_id = '\(id)'")
        },
        Plant("Glance's forms of a URL", []) { glance, id, path in
            try glance.execute(
                "UPDATE image_locations SET value = 'filesystem://\(path.replacingOccurrences(of: "/fast/", with: "//fast///"))' WHERE image_id = '\(id)'"
            )
        },
        Plant("another name, which its location has", []) { glance, id, path in
            let other = path.replacingOccurrences(of: id, with: "my-image.img")
            try FileManager.default.moveItem(atPath: path, toPath: other)
            try glance.execute("UPDATE image_locations SET value = 'file://\(other)' WHERE image_id = '\(id)'")
        },
        Plant("a percent sign, which means itself", []) { glance, id, path in
            let other = path.replacingOccurrences(of: id, with: "my%20image")
            try FileManager.default.moveItem(atPath: path, toPath: other)
            try glance.execute("UPDATE image_locations SET value = 'file://\(other)' WHERE image_id = '\(id)'")
        },
        Plant("a link within the store", []) { _, id, path in
            let other = path.replacingOccurrences(of: id, with: "linked.img")
            try FileManager.default.moveItem(atPath: path, toPath: other)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
        },
        Plant("folders and hidden files", []) { glance, _, _ in
            try FileManager.default.createDirectory(atPath: "\(glance.folder)/fast/lost+found", withIntermediateDirectories: true)
            try glance.write("x", to: "fast/.quarantine-of-somebody")
        },
        Plant("two good locations", []) { glance, id, _ in
            try glance.write("hello", to: "cheap/\(id)")
            try glance.place(id, at: "file://\(glance.path(of: id, in: "cheap"))", #"{"store": "cheap"}"#)
        },
        Plant("an image of V1's days, without a multihash", []) { glance, id, _ in
            try glance.execute("UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL WHERE id = '\(id)'")
        },
        Plant("digests in capitals", []) { glance, id, _ in
            try glance.execute("UPDATE images SET checksum = UPPER(checksum), os_hash_value = UPPER(os_hash_value) WHERE id = '\(id)'")
        },
    ]

    @Test(arguments: motions) func `leaves what is merely in motion`(_ motion: Plant) throws {
        let id = try glance.hasImage(in: "fast")
        try motion.make(glance, id, glance.path(of: id, in: "fast"))
        let end = try glance.verify()
        #expect(end.kinds == [] && end.status == 0, "\(end)")
    }

    // MARK: scope and output

    @Test func `is restricted to a store or an image`() throws {
        let (one, other) = (try glance.hasImage(in: "fast"), try glance.hasImage(in: "cheap"))
        for (id, store) in [(one, "fast"), (other, "cheap")] { try TestGlance.overwrite(glance.path(of: id, in: store), "hi") }
        #expect(try glance.verify(["--store", "fast"]).findings.map { $0["image"]?.string } == [one])
        #expect(try glance.verify(["--image", other]).findings.map { $0["image"]?.string } == [other])
        let unknown = try glance.verify(["--store", "dear"])
        #expect(unknown.status == 2 && unknown.errors.contains("There is no store 'dear'; there are fast, cheap, staging, cache."))
        #expect(try glance.verify(["--image", newID()]).status == 2)
        for words in [["--rate", "fast"], ["--threads", "0"], ["--resume", "--quick"]] { #expect(try glance.verify(words).status == 2) }
        let table = try Command("\(TestGlance.programs)/glance-manage", glance.words(["verify", "--store", "fast"]))
        let lines = table.text.split(separator: "\n")
        #expect(table.status == 1 && lines.count == 3 && lines[1].hasPrefix("size_mismatch      fast         \(one)"), "\(table.text)")
        #expect(lines[2].hasSuffix("2 images, 2 files, 20 bytes read, 1 findings."), "\(table.text)")
        #expect(table.errors == "")
        let list = try Command("\(TestGlance.programs)/glance-manage", glance.words(["list"])).succeeded().text
        #expect(list.split(separator: "\n").first == "fast     \(glance.folder)/fast")
    }

    @Test func `tells who verifies already, and says that nothing is to be resumed`() throws {
        #expect(try glance.verify(["--resume"]).errors.contains("No verification was interrupted"))
        try glance.execute(
            """
            INSERT INTO vitrine_verifications (kind, store, is_quick, started_at, worker, token, lease_until)
            VALUES ('command', 'fast', 0, UTC_TIMESTAMP(6), 'the other one', 'x', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR)
            """)
        for words in [[], ["--store", "fast"]] {
            let end = try glance.verify(words)
            #expect(end.status == 2 && end.errors.contains("of store 'fast' runs since") && end.errors.contains("the other one"), "\(end)")
        }
        #expect(try glance.verify(["--store", "cheap"]).status == 0)
    }

    @Test func `does not take an empty mount point for damage`() throws {
        try FileManager.default.moveItem(atPath: "\(glance.folder)/fast", toPath: "\(glance.folder)/away")
        try FileManager.default.createDirectory(atPath: "\(glance.folder)/fast", withIntermediateDirectories: true)
        let end = try glance.verify()
        #expect(end.kinds == ["not_verified"] && end.findings.first?["store"]?.string == "fast", "\(end)")
    }

    @Test func `does nothing without its tables`() throws {
        try glance.execute("DROP TABLE vitrine_verifications")
        let end = try glance.verify()
        #expect(end.status == 2 && !end.errors.isEmpty)
    }
}

// MARK: having

extension TestGlance {
    /// A verification's end.
    struct Verified: CustomStringConvertible {
        let status: Int32
        let findings: [JSONValue]
        let errors: String

        /// The kinds of the findings, in the order of their names.
        var kinds: [String] { findings.compactMap { $0["kind"]?.string }.sorted() }
        var description: String {
            "status \(status): \(findings.map { "\($0["kind"]?.string ?? "") \($0["location"]?.string ?? "") \($0["detail"]?.string ?? "")" }) \(errors)"
        }
    }

    func words(_ words: [String]) -> [String] { ["store"] + words + ["--config-file", configurationFile] }

    func verify(_ more: [String] = []) throws -> Verified {
        let command = try Command("\(Self.programs)/glance-manage", words(["verify", "--format", "json"] + more))
        return Verified(
            status: command.status, findings: try command.text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) },
            errors: command.errors)
    }

    /// The folder of the image cache; nil without one.
    var cacheFolder: String? {
        (try? String(contentsOfFile: configurationFile, encoding: .utf8))?.split(separator: "\n").compactMap { line in
            line.hasPrefix("image_cache_dir = ") ? String(line.dropFirst("image_cache_dir = ".count)) : nil
        }.first
    }

    /// A file below the suite's folder.
    fileprivate func write(_ text: String, to name: String, age: Double = 0) throws {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.modificationDate: Date().addingTimeInterval(-age)], ofItemAtPath: path)
    }

    fileprivate static func overwrite(_ path: String, _ text: String) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    fileprivate func makeActive(_ id: String, like other: String) throws {
        try execute(
            """
            UPDATE images i JOIN images o ON o.id = '\(other)'
               SET i.status = 'active', i.size = o.size, i.checksum = o.checksum, i.os_hash_algo = o.os_hash_algo, i.os_hash_value = o.os_hash_value
             WHERE i.id = '\(id)'
            """)
    }

    fileprivate func hasUpload(of id: String, token: String, minutes: Int) throws {
        try execute(
            """
            INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
            VALUES ('\(id)', '\(id)', 'file://\(folder)/fast/.incoming/\(id).\(token)', 'nobody', UTC_TIMESTAMP(6) + INTERVAL \(minutes) MINUTE)
            """)
    }

    fileprivate func hasJob(of id: String) throws {
        try execute(
            """
            INSERT INTO vitrine_jobs (task_id, image_id, details, token, pending, lease_until)
            VALUES ('\(newID())', '\(id)', '{}', 'a', '', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR)
            """)
    }
}
