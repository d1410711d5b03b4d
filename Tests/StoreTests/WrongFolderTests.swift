import Foundation
import TestSupport
import Testing

extension TestGlance {
    fileprivate static let mark = ".vitrine-store"

    fileprivate var markFile: String { "\(storeFolder)/\(Self.mark)" }

    /// The state of an unmounted file system: the folder exists and is empty.
    ///
    /// - Parameter mark: the folder's mark; nil for none.
    fileprivate func swapFolder(bearing mark: String? = nil) throws {
        try FileManager.default.moveItem(atPath: storeFolder, toPath: storeFolder + ".away")
        try FileManager.default.createDirectory(atPath: storeFolder + "/.incoming", withIntermediateDirectories: true)
        if let mark { try mark.write(toFile: markFile, atomically: true, encoding: .utf8) }
    }

    fileprivate func swapBack() throws {
        try FileManager.default.removeItem(atPath: storeFolder)
        try FileManager.default.moveItem(atPath: storeFolder + ".away", toPath: storeFolder)
    }

    /// The state after an upgrade or the migration of a database from Glance: no marks, and processes that know of none.
    fileprivate func forgetMarks(_ change: () throws -> Void = {}) throws {
        for worker in site.workerIDs { kill(worker, SIGKILL) }
        for registry in site.registryIDs { kill(registry, SIGKILL) }
        #expect(eventually { site.workerIDs.isEmpty && site.registryIDs.isEmpty })
        if FileManager.default.fileExists(atPath: markFile) { try FileManager.default.removeItem(atPath: markFile) }
        try execute("DELETE FROM vitrine_store_folders")
        try change()
        try site.revive()
    }

    fileprivate func data(of id: String, _ version: String = "v2") throws -> Reply {
        try send("GET", version == "v2" ? "/v2/images/\(id)/file" : "/v1/images/\(id)")
    }

    fileprivate func delete(_ id: String, _ version: String = "v2") throws -> Bool {
        try send("DELETE", "/\(version)/images/\(id)").status / 100 == 2
    }

    fileprivate func isWell() throws -> Bool {
        try send("GET", "/healthcheck", as: nil, ["Accept": "application/json"]).status == 200
    }

    /// Folders that programs share and that belong to no store are not affected.
    fileprivate var notedMarks: [[String?]] {
        get throws { try rows("SELECT mark FROM vitrine_store_folders WHERE path LIKE '/%'") }
    }
}

/// A file that is missing in a folder that is not the store's counts as unavailable, not as lost.
@Suite struct `A folder that is not the one the bytes were written to` {
    private static let detailed = ["healthcheck": "detailed = true"]

    @Test(arguments: [nil, "another"]) func `keeps removals owed, downloads at 503 and new bytes out until the right one is back`(
        _ mark: String?
    ) throws {
        let glance = try TestGlance(Self.detailed, workers: 1, runsTasks: true, runsRegistry: true)
        let versions = ["v1", "v2"]
        let kept = try glance.hasActiveImage("kept")
        let deleted = try versions.map { try glance.hasActiveImage("deleted by \($0)") }
        #expect(try glance.isWell())
        try glance.swapFolder(bearing: mark)

        for version in versions { #expect(try glance.data(of: kept, version).status == 503, "\(version)") }
        #expect(try glance.workerLog().contains("\(glance.storeFolder) \(mark == nil ? "does not look like" : "is another folder than")"))
        for (id, version) in zip(deleted, versions) { #expect(try glance.delete(id, version), "\(version)") }
        let owed = deleted.map { "file://\(glance.storeFolder)/\($0)" as String? }
        #expect(try Set(glance.rows("SELECT url FROM vitrine_removals").flatMap(\.self)) == Set(owed))
        let new = try glance.hasImage()
        #expect(try glance.upload([1], to: new).status == 503)
        #expect(try glance.status(of: new) == "queued")
        #expect(try eventually { try !glance.isWell() })
        // glance-tasks tries, and nothing is completed by it.
        try glance.execute("UPDATE vitrine_removals SET owed_since = owed_since - INTERVAL 2 MINUTE")
        #expect(try eventually { try glance.count("vitrine_removals", where: "tries > 0") == 2 })
        #expect(try FileManager.default.contentsOfDirectory(atPath: glance.storeFolder).count == (mark == nil ? 1 : 2))

        try glance.swapBack()
        for version in versions { #expect(try glance.data(of: kept, version).text == "kept", "\(version)") }
        #expect(try glance.upload([1], to: new).status == 204)
        try glance.execute("UPDATE vitrine_removals SET next_try = '1970-01-01'")
        #expect(try eventually { try glance.count("vitrine_removals", where: "TRUE") == 0 })
        #expect(try glance.storedFiles() == [kept, new].sorted())
        #expect(try eventually { try glance.isWell() })
        // In the right folder, without the file: as in Glance.
        try FileManager.default.removeItem(atPath: "\(glance.storeFolder)/\(kept)")
        #expect(try glance.data(of: kept).status == 204)
    }

    /// Bytes of an upload stay where the upload can still be found by them.
    @Test func `keeps the lease of an upload whose bytes are not found`() throws {
        let glance = try TestGlance(workers: 1, runsTasks: true)
        _ = try glance.hasActiveImage()
        let image = try glance.hasImage()
        try glance.swapFolder()
        let pending = "\(glance.storeFolder)/.incoming/\(image).77"
        try glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(image)'")
        try glance.execute(
            """
            INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
            VALUES ('\(image)', '77', 'file://\(pending)', 'nobody', UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE)
            """)
        #expect(try eventually { try glance.tasksLog.contains("abandoned uploads stay until a later try") })
        #expect(try glance.status(of: image) == "saving")
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(image)'") == 1)
        try glance.swapBack()
        try "late".write(toFile: pending, atomically: true, encoding: .utf8)
        try FileManager.default.linkItem(atPath: pending, toPath: "\(glance.storeFolder)/\(image)")
        #expect(try eventually { try glance.status(of: image) == "queued" })
        #expect(try !glance.storedFiles().contains(image) && glance.incomingFiles().isEmpty)
    }

    // MARK: the first time

    /// A statement cannot search encrypted locations.
    @Test(arguments: ["", "metadata_encryption_key = 0123456789abcdef"])
    func `is told by its images where it has no mark yet, and marked if it is the right one`(_ option: String) throws {
        let glance = try TestGlance(["DEFAULT": option], workers: 1, runsRegistry: true)
        let images = try (0..<3).map { try glance.hasActiveImage("\($0)") }
        let first = try glance.notedMarks
        #expect(try first.count == 1 && first == [[glance.mark]])
        try glance.forgetMarks { try FileManager.default.removeItem(atPath: "\(glance.storeFolder)/\(images[0])") }

        #expect(try glance.data(of: images[1]).text == "1")
        #expect(try glance.notedMarks.isEmpty)
        // One of them is lost: most exist.
        #expect(try eventually { try glance.data(of: images[0]).status == 204 })
        let second = try glance.notedMarks
        #expect(try second == [[glance.mark]] && second != first)
        // Only the mark is lost.
        try FileManager.default.removeItem(atPath: glance.markFile)
        #expect(try glance.data(of: images[0]).status == 204)
        #expect(try glance.notedMarks == second && second == [[glance.mark]])
    }

    @Test func `is not marked while its images are not there`() throws {
        let glance = try TestGlance(workers: 1, runsRegistry: true)
        let versions = ["v1", "v2"]
        let image = try glance.hasActiveImage("precious")
        try glance.forgetMarks { try glance.swapFolder() }
        for version in versions { #expect(try eventually { try glance.data(of: image, version).status == 503 }, "\(version)") }
        #expect(try glance.upload([1], to: try glance.hasImage()).status == 503)
        #expect(try glance.workerLog().contains("0 of 1 images that should lie there"))
        #expect(!FileManager.default.fileExists(atPath: glance.markFile))
        #expect(try glance.notedMarks.isEmpty)

        try glance.swapBack()
        for version in versions { #expect(try glance.data(of: image, version).text == "precious", "\(version)") }
        // A failed check is repeated after some seconds.
        let new = try glance.hasImage()
        #expect(try eventually { try glance.upload([1], to: new).status == 204 })
        #expect(try glance.notedMarks == [[glance.mark]])
    }

    @Test func `is believed when the operator says so`() throws {
        let glance = try TestGlance(workers: 1)
        let image = try glance.hasActiveImage("lost for good")
        try glance.forgetMarks { try FileManager.default.removeItem(atPath: "\(glance.storeFolder)/\(image)") }
        #expect(try glance.data(of: image).status == 503)
        try "yes-it-is\n".write(toFile: glance.markFile, atomically: true, encoding: .utf8)
        #expect(try glance.data(of: image).status == 204)
        #expect(try glance.notedMarks == [["yes-it-is"]])
        // A file that is not a valid mark is not trusted.
        try "../x y".write(toFile: glance.markFile, atomically: true, encoding: .utf8)
        #expect(try glance.data(of: image).status == 503)
        #expect(try glance.workerLog().contains("is no mark"))
    }

    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `may be one that can only be read`() throws {
        let disk = try SmallDisk(megabytes: 4)
        let glance = try TestGlance(workers: 1, storeFolder: "\(disk.folder)/images", runsRegistry: true)
        let images = try (0..<3).map { try glance.hasActiveImage("\($0)") }
        for worker in glance.site.workerIDs { kill(worker, SIGKILL) }
        #expect(eventually { glance.site.workerIDs.isEmpty })
        for name in [images[0], TestGlance.mark] { try FileManager.default.removeItem(atPath: "\(disk.folder)/images/\(name)") }
        // Glance's own has none of these.
        try FileManager.default.removeItem(atPath: "\(disk.folder)/images/.incoming")
        try glance.execute("DELETE FROM vitrine_store_folders")
        try disk.remount("ro")
        try glance.site.revive()
        #expect(try glance.data(of: images[1]).text == "1")
        #expect(try glance.data(of: images[0]).status == 204)
        #expect(try glance.data(of: images[2], "v1").text == "2")
        #expect(try glance.upload([1], to: try glance.hasImage()).status == 503)
        #expect(try glance.notedMarks.isEmpty)
        try disk.remount("rw")
        #expect(try glance.upload([1], to: try glance.hasImage()).status == 204)
        #expect(try glance.notedMarks.count == 1)
    }

    // MARK: what lies in it

    /// A backup, or Glance, has no folder for incoming files.
    @Test func `gets back what it needs, if it is the right one`() throws {
        let glance = try TestGlance(Self.detailed, workers: 1, runsTasks: true)
        let image = try glance.hasActiveImage("kept")
        #expect(try glance.isWell())
        let incoming = "\(glance.storeFolder)/.incoming"
        for _ in 0..<2 {
            try FileManager.default.removeItem(atPath: incoming)
            // The health check creates it, within the seconds that a result is valid.
            #expect(try eventually { try glance.isWell() && FileManager.default.fileExists(atPath: incoming) })
            try FileManager.default.removeItem(atPath: incoming)
            #expect(try glance.upload([1], to: try glance.hasImage()).status == 204)
        }
        // What an upload left is cleaned up without it.
        let abandoned = try glance.hasImage()
        try FileManager.default.removeItem(atPath: incoming)
        try glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(abandoned)'")
        try glance.execute(
            """
            INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
            VALUES ('\(abandoned)', '77', 'file://\(incoming)/\(abandoned).77', 'nobody', UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE)
            """)
        #expect(try eventually { try glance.status(of: abandoned) == "queued" })
        #expect(try glance.data(of: image).text == "kept")

        // Nothing is written to an empty mount point.
        try FileManager.default.moveItem(atPath: glance.storeFolder, toPath: glance.storeFolder + ".away")
        try FileManager.default.createDirectory(atPath: glance.storeFolder, withIntermediateDirectories: true)
        #expect(try eventually { try !glance.isWell() })
        #expect(try glance.upload([1], to: try glance.hasImage()).status == 503)
        #expect(try FileManager.default.contentsOfDirectory(atPath: glance.storeFolder).isEmpty)
        try glance.swapBack()
        #expect(try eventually { try glance.isWell() })
    }

    /// The staging folder has no mark, because in /tmp, for example, a clean-up may remove it.
    @Test func `of staging is made again`() throws {
        let glance = try TestGlance(workers: 1, runsTasks: true)
        for lost in ["staging", "staging/.incoming"] {
            #expect(eventually { FileManager.default.fileExists(atPath: "\(glance.folder)/staging/.incoming") })
            try FileManager.default.removeItem(atPath: "\(glance.folder)/\(lost)")
            let id = try glance.hasImage()
            let staged = try glance.send("PUT", "/v2/images/\(id)/stage", ["Content-Type": "application/octet-stream"], body: [1, 2])
            #expect(staged.status == 204, "\(lost): \(staged.text)")
            #expect(try glance.send("POST", "/v2/images/\(id)/import", json: #"{"method": {"name": "glance-direct"}}"#).status == 202)
            #expect(try eventually { try glance.status(of: id) == "active" }, "\(lost)")
        }
    }

    @Test func `is given one mark by many that come first at once`() async throws {
        for _ in 0..<2 {
            let glance = try TestGlance(workers: 3)
            let ids = try (0..<8).map { _ in try glance.hasImage() }
            let statuses = try await atOnce(8) { number in try glance.upload([UInt8(number)], to: ids[number]).status }
            #expect(statuses == Array(repeating: 204, count: 8))
            #expect(try glance.notedMarks == [[glance.mark]])
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: glance.storeFolder).filter { $0.hasPrefix(".") }.sorted()
                    == [".incoming", TestGlance.mark])
        }
    }
}

extension TestGlance {
    /// Of the store's folder.
    fileprivate var mark: String {
        get throws { try String(contentsOfFile: markFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines) }
    }
}
