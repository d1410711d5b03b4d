package import Domain

/// The revisions of Glance's own migrations, and what the tables of older releases lack.
///
/// Source: Glance 33, `glance/db/sqlalchemy/alembic_migrations/versions`.
package enum GlanceRevisions {
    /// Whether and how a database can be upgraded.
    package enum Age {
        /// The database has no tables.
        case empty
        /// The tables can be completed by additions.
        case older
        case ours
    }

    /// Releases whose tables, after a complete upgrade, lack only what `additions` adds. Each has one expanding and one contracting
    /// revision, Rocky has two. Before them images had another column in place of the visibility.
    private static let releases = [
        "ocata", "pike", "queens", "rocky", "train", "ussuri", "wallaby", "xena", "yoga", "zed", "2023_1", "2024_1",
    ]
    private static let tooOld = ["liberty", "mitaka01", "mitaka02", "ocata_expand01"]

    /// Every revision that Glance has a name for, in the order of its releases.
    package static let revisions =
        tooOld + ["ocata_contract01"]
        + releases.dropFirst().flatMap { release in
            (release == "rocky" ? ["01", "02"] : ["01"]).flatMap { ["\(release)_expand\($0)", "\(release)_contract\($0)"] }
        }

    /// Whether a revision ends an upgrade.
    package static func isContraction(_ revision: String) -> Bool { revision.contains("_contract") }

    /// Whether a database at these revisions contains everything that a given revision added.
    package static func reach(_ revision: String, from noted: [String]) -> Bool {
        guard let place = revisions.firstIndex(of: revision) else { return false }
        return noted.contains { revisions.firstIndex(of: $0).map { $0 >= place } ?? false }
    }

    /// - Throws: `.conflict` for revisions that this release cannot upgrade.
    package static func age(of noted: [String]) throws(Fault) -> Age {
        if noted.isEmpty { return .empty }
        if noted.contains(Schema.alembicRevision) || noted.contains(Schema.expandedRevision) { return .ours }
        let names = noted.joined(separator: ", ")
        guard noted.allSatisfy(revisions.contains) else {
            throw Fault(
                .conflict, "The database is at revision \(names), which this release does not know; a newer Glance may have made it.")
        }
        guard noted.contains(where: isContraction) else {
            throw Fault(
                .conflict,
                "The database is at revision \(names) of a Glance before Ocata; run `glance-manage db sync` of Glance 2024.1 or later first."
            )
        }
        return .older
    }

    /// The columns that images and tasks have had since Rocky and Wallaby. Later tables are in `sql/`.
    static let additions = [
        """
        ALTER TABLE images
          ADD COLUMN IF NOT EXISTS os_hidden tinyint(1) NOT NULL DEFAULT 0,
          ADD COLUMN IF NOT EXISTS os_hash_algo varchar(64) NULL,
          ADD COLUMN IF NOT EXISTS os_hash_value varchar(128) NULL,
          ADD INDEX IF NOT EXISTS os_hidden_image_idx (os_hidden),
          ADD INDEX IF NOT EXISTS os_hash_value_image_idx (os_hash_value)
        """,
        """
        ALTER TABLE tasks
          ADD COLUMN IF NOT EXISTS image_id varchar(36) NULL,
          ADD COLUMN IF NOT EXISTS request_id varchar(64) NULL,
          ADD COLUMN IF NOT EXISTS user_id varchar(64) NULL,
          ADD INDEX IF NOT EXISTS ix_tasks_image_id (image_id)
        """,
    ]
}
