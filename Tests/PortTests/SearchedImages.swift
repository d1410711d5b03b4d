import MariaDB
import Schema
import Stack
import TestSupport

@testable import Persistence

/// A database of images on which the plan of a list shows: every filter has few, many or no images that pass it.
enum SearchedImages {
    /// The number of images that are not deleted; there are half as many deleted ones.
    static let count = 12000

    static func connection() throws -> Connection { try Connection(to: try address.get(), timeouts: Connection.Timeouts()) }

    private static let address: Result<Address, any Error> = Result {
        let server = try SharedMariaDB.running()
        try server.createDatabase("lists")
        let address = try Address(url: server.url(of: "lists"))
        try Migrations(Database(Pool(address))).apply { _ in }
        let connection = try Connection(to: address, timeouts: Connection.Timeouts(answer: 60))
        for statement in made { try connection.execute(statement) }
        return address
    }

    private static let made = [
        """
        INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, deleted_at, disk_format, container_format, checksum, owner,
                            min_disk, min_ram, protected, virtual_size, visibility, os_hidden, os_hash_algo, os_hash_value)
        SELECT CONCAT(IF(gone, 'd-', 'i-'), n), IF(n % 9 = 0, NULL, CONCAT('name-', n % 2000)), n * 10,
               IF(gone, 'deleted', ELT(1 + (n % 25 = 0) + (n % 100 = 0) * 2, 'active', 'queued', 'saving', 'deactivated')),
               FROM_UNIXTIME(1750000000 + n * 3600), FROM_UNIXTIME(1750000000 + n * 3600 + 600 * (n % 7)), gone, IF(gone, UTC_TIMESTAMP(), NULL),
               ELT(1 + n % 13 DIV 6, 'raw', 'qcow2', 'iso'), 'bare', CONCAT('c-', n), CONCAT('project', IF(n % 5 = 0, 0, n % 100)), n % 40,
               n % 200, n % 300 = 7, n * 5, ELT(1 + (n % 7 > 3) + (n % 28 = 6) + (n % 56 = 34), 'private', 'shared', 'public', 'community'), 0,
               'sha512', CONCAT('h-', n)
          FROM (SELECT IF(seq > \(count), seq - \(count), seq) AS n, seq > \(count) AS gone FROM seq_1_to_\(count * 3 / 2)) AS numbers
        """,
        """
        INSERT INTO image_tags (image_id, value, created_at, deleted)
        SELECT CONCAT('i-', seq), 'often', UTC_TIMESTAMP(), 0 FROM seq_1_to_\(count) WHERE seq % 5 = 1
        UNION ALL SELECT CONCAT('i-', seq), 'rare', UTC_TIMESTAMP(), 0 FROM seq_1_to_\(count) WHERE seq % 97 = 5
        UNION ALL SELECT CONCAT('i-', seq), 'twice', UTC_TIMESTAMP(), 0 FROM seq_1_to_\(count) WHERE seq % 101 < 4
        UNION ALL SELECT CONCAT('i-', seq), 'Twice', UTC_TIMESTAMP(), 0 FROM seq_1_to_\(count) WHERE seq % 202 < 3
        """,
        """
        INSERT INTO image_properties (image_id, name, value, created_at, deleted)
        SELECT CONCAT('i-', seq), 'os', ELT(1 + seq % 4, 'a', 'b', 'c', 'd'), UTC_TIMESTAMP(), 0 FROM seq_1_to_\(count)
        UNION ALL SELECT CONCAT('i-', seq), 'version', seq % 31, UTC_TIMESTAMP(), 0 FROM seq_1_to_\(count) WHERE seq % 3
        UNION ALL SELECT CONCAT('i-', seq), 'build', CONCAT('b-', seq), UTC_TIMESTAMP(), 0 FROM seq_1_to_\(count) WHERE seq % 10 = 0
        """,
        """
        INSERT INTO image_members (image_id, member, can_share, status, created_at, deleted)
        SELECT CONCAT('i-', seq), IF(seq % 3, 'project3', 'project5'), 0, ELT(1 + seq % 2, 'accepted', 'pending'), UTC_TIMESTAMP(), 0
          FROM seq_1_to_\(count) WHERE seq % 7 IN (4, 5) AND seq % 2 = 0
        """,
        "ANALYZE TABLE images, image_tags, image_properties, image_members",
    ]
}
