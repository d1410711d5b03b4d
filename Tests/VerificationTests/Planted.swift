import Foundation
import TestSupport

/// What a verification finds or has to find: kind, image and object.
struct Planted: Hashable, CustomStringConvertible {
    let kind: String
    let image: String
    let object: String

    init(_ kind: String, _ image: String = "", _ object: String = "") { (self.kind, self.image, self.object) = (kind, image, object) }

    var description: String { "\(kind) \(image) \(object)" }
}

extension FullSite {
    /// Damages one image, or leaves one file, of each kind.
    ///
    /// - Parameter first: the number of the first image that is damaged; eleven in `fast` from there on are.
    /// - Returns: what a verification finds of it.
    func plantDamage(from first: Int = 0) throws -> Set<Planted> {
        var planted: Set<Planted> = []
        var victims = images[first...].enumerated().filter { ($0.offset + first) % 10 != 9 && $0.element.format == "raw" }.map(\.element)
            .makeIterator()
        func victim() -> MadeImage { victims.next()! }
        func found(_ kind: String, _ image: MadeImage) { planted.insert(Planted(kind, image.id, url(of: image.id))) }

        // Files without images, one under the name of an upload that had to take one of its own.
        for name in [newID(), "\(newID()).0123456789abcdef"] {
            try write(someData(100), to: path(of: name))
            planted.insert(Planted("orphan_file", String(name.prefix { $0 != "." }), path(of: name)))
        }

        let missing = victim()
        unlink(path(of: missing.id))
        found("missing_file", missing)

        let (shorter, longer) = (victim(), victim())
        try write(Array(shorter.data.dropLast()), to: path(of: shorter.id))
        try write(longer.data + [0], to: path(of: longer.id))
        found("size_mismatch", shorter)
        found("size_mismatch", longer)

        let wrongChecksum = victim()
        try glance.execute("UPDATE images SET checksum = '\(digest("md5", of: [0]))' WHERE id = '\(wrongChecksum.id)'")
        found("checksum_mismatch", wrongChecksum)
        let wrongHash = victim()
        try glance.execute("UPDATE images SET os_hash_value = '\(digest("sha512", of: [0]))' WHERE id = '\(wrongHash.id)'")
        found("hash_mismatch", wrongHash)

        let unfinished = newID()
        try write(someData(100), to: path(of: ".incoming/\(unfinished).89abcdef01234567"))
        planted.insert(Planted("unfinished_file", unfinished, path(of: ".incoming/\(unfinished).89abcdef01234567")))
        let staged = newID()
        try write(someData(100), to: path(of: staged, in: "staging"))
        planted.insert(Planted("staged_leftover", staged, path(of: staged, in: "staging")))

        let unreadable = victim()
        chmod(path(of: unreadable.id), 0o200)
        found("wrong_permissions", unreadable)
        if geteuid() == 0 {
            let foreign = victim()
            chmod(path(of: foreign.id), 0o600)
            chown(path(of: foreign.id), 12_345, 12_345)
            found("wrong_permissions", foreign)
        }

        // Two images on one file: the second one's data is as recorded.
        let shared = victim()
        let second = MadeImage(id: newID(), shared.data)
        try insert([(second, nil)])
        try locate([(second.id, url(of: shared.id), "fast")])
        planted.insert(Planted("shared_file", "", url(of: shared.id)))

        let elsewhere = MadeImage(someData(100))
        try insert([(elsewhere, nil)])
        try locate([(elsewhere.id, "file:///srv/no/store/\(elsewhere.id)", "fast")])
        planted.insert(Planted("unknown_folder", elsewhere.id, "file:///srv/no/store/\(elsewhere.id)"))

        let nowhere = MadeImage(someData(100))
        try insert([(nowhere, nil)])
        planted.insert(Planted("no_location", nowhere.id))

        let cached = newID()
        try write(someData(100), to: "\(cacheFolder)/\(cached)")
        planted.insert(Planted("cache_orphan", cached, "\(cacheFolder)/\(cached)"))

        let pretender = victim()
        try glance.execute("UPDATE images SET disk_format = 'qcow2' WHERE id = '\(pretender.id)'")
        found("wrong_format", pretender)
        return planted
    }

    /// Makes what looks like damage and is none.
    ///
    /// - Returns: what a verification finds of it: data in a store that is not enabled cannot be verified.
    @discardableResult
    func plantHarmless() throws -> Set<Planted> {
        // Deleted images whose data is still to be removed, by the scrubber or by an owed removal.
        let (pending, owed) = (MadeImage(someData(100)), MadeImage(someData(100)))
        try insert([(pending, "fast"), (owed, "fast")])
        for image in [pending, owed] { try write(image.data, to: path(of: image.id)) }
        try glance.execute(
            "UPDATE images SET status = 'pending_delete', deleted = 1, deleted_at = UTC_TIMESTAMP() WHERE id = '\(pending.id)'")
        try glance.execute(
            "UPDATE image_locations SET status = 'pending_delete', deleted = 1, deleted_at = UTC_TIMESTAMP() WHERE image_id = '\(pending.id)'"
        )
        try glance.execute("UPDATE images SET status = 'deleted', deleted = 1, deleted_at = UTC_TIMESTAMP() WHERE id = '\(owed.id)'")
        try glance.execute(
            "UPDATE image_locations SET status = 'deleted', deleted = 1, deleted_at = UTC_TIMESTAMP() WHERE image_id = '\(owed.id)'")
        try glance.execute(
            """
            INSERT INTO vitrine_removals (image_id, url, owed_since, next_try)
            VALUES ('\(owed.id)', '\(url(of: owed.id))', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 DAY)
            """)
        // An upload under way whose file has both of its names, a staged one, and an import that writes to a store.
        let (uploading, staging, importing) = (MadeImage(someData(100)), MadeImage(someData(100)), MadeImage(someData(100)))
        for (image, status) in [(uploading, "saving"), (staging, "uploading"), (importing, "importing")] {
            try insert([(image, nil)], status: status)
            try glance.execute("UPDATE images SET size = NULL, checksum = NULL, os_hash_value = NULL WHERE id = '\(image.id)'")
        }
        let (token, job) = ("0123456789abcdef", "fedcba9876543210")
        try write(uploading.data, to: path(of: ".incoming/\(uploading.id).\(token)"))
        try write(uploading.data, to: path(of: uploading.id))
        try glance.execute(
            """
            INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
            VALUES ('\(uploading.id)', '\(token)', '\(url(of: ".incoming/\(uploading.id).\(token)"))', 'test',
                    UTC_TIMESTAMP(6) + INTERVAL 1 DAY)
            """)
        try write(staging.data, to: path(of: staging.id, in: "staging"))
        try write(importing.data, to: path(of: importing.id, in: "staging"))
        try write(importing.data, to: path(of: ".incoming/\(importing.id).\(job)"))
        try glance.execute(
            """
            INSERT INTO vitrine_jobs (task_id, image_id, details, token, pending, worker, lease_until)
            VALUES ('\(newID())', '\(importing.id)', '{}', '\(job)', '\(url(of: ".incoming/\(importing.id).\(job)"))', 'test',
                    UTC_TIMESTAMP(6) + INTERVAL 1 DAY)
            """)
        // A file under the name of its upload, an image without data, one on the web, one in a store that is not enabled, a cached one.
        let (named, queued, remote, ceph) = (
            MadeImage(someData(100)), MadeImage(someData(100)), MadeImage(someData(100)), MadeImage(someData(100))
        )
        try insert([(named, nil), (remote, nil), (ceph, nil)])
        try insert([(queued, nil)], status: "queued")
        try write(named.data, to: path(of: "\(named.id).\(token)"))
        try locate([
            (named.id, url(of: "\(named.id).\(token)"), "fast"), (remote.id, "http://192.0.2.1/\(remote.id)", "web"),
            (ceph.id, "rbd://a/b/\(ceph.id)/snap", "ceph"),
        ])
        try write(images[0].data, to: "\(cacheFolder)/\(images[0].id)")
        // Folders and files of the service and of operators.
        try FileManager.default.createDirectory(atPath: path(of: ".quarantine/2026-11-01"), withIntermediateDirectories: true)
        try write([1], to: path(of: ".quarantine/2026-11-01/\(newID())"))
        try FileManager.default.createDirectory(atPath: path(of: "lost+found"), withIntermediateDirectories: true)
        return [Planted("not_verified", ceph.id, "rbd://a/b/\(ceph.id)/snap")]
    }

    /// The findings of the last verification.
    func found(run: Int64? = nil, open: Bool = false) throws -> [Planted] {
        let number = run.map(String.init) ?? "(SELECT MAX(id) FROM vitrine_verifications)"
        return try glance.rows(
            """
            SELECT kind, IF(kind = 'shared_file', '', COALESCE(image_id, '')), object
              FROM vitrine_verification_findings
             WHERE run = \(number)\(open ? " AND repaired_at IS NULL" : "")
            """, columns: 3
        ).map { Planted($0[0] ?? "", $0[1] ?? "", $0[2] ?? "") }
    }

    /// The rows of `vitrine_verifications`.
    func runs(where condition: String = "TRUE") throws -> Int {
        Int(try glance.rows("SELECT COUNT(*) FROM vitrine_verifications WHERE \(condition)")[0][0] ?? "") ?? -1
    }
}
