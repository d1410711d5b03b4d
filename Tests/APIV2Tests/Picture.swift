import Foundation
import TestSupport

/// An image as rows of the database: with any age, size and status, also those that no client can create.
struct Picture: Sendable {
    var name: String?
    var id = newID()
    var owner: String? = "acme"
    var visibility = "private"
    var status = "active"
    var size: Int64?
    var virtualSize: Int64?
    var diskFormat: String?
    var containerFormat: String?
    var minDisk: Int64 = 0
    var minRAM: Int64 = 0
    var isProtected = false
    var isHidden = false
    var isDeleted = false
    var checksum: String?
    var hashAlgorithm: String?
    var hashValue: String?
    /// As records show it.
    var createdAt = "2026-01-01T00:00:00Z"
    var updatedAt = "2026-01-01T00:00:00Z"
    var tags: [String] = []
    var properties: [String: String] = [:]
    /// The member statuses of the projects that it is shared with.
    var members: [String: String] = [:]

    init(_ name: String?, _ change: (inout Picture) -> Void = { _ in }) {
        self.name = name
        change(&self)
    }

    fileprivate var row: [String] {
        [
            text(id), text(name), text(owner), text(visibility), text(status), number(size), number(virtualSize), text(diskFormat),
            text(containerFormat), "\(minDisk)", "\(minRAM)", "\(isProtected)", "\(isHidden)", "\(isDeleted)", text(checksum),
            text(hashAlgorithm), text(hashValue), time(createdAt), time(updatedAt),
        ]
    }

    fileprivate func text(_ value: String?) -> String {
        guard let value else { return "NULL" }
        return "'\(value.replacing("\\", with: "\\\\").replacing("'", with: "''"))'"
    }

    private func number(_ value: Int64?) -> String { value.map { "\($0)" } ?? "NULL" }

    private func time(_ value: String) -> String { text(value.replacing("T", with: " ").replacing("Z", with: "")) }
}

extension TestGlance {
    /// Inserts images into the database without the service.
    func insert(_ pictures: [Picture]) throws {
        for start in stride(from: 0, to: pictures.count, by: 500) {
            let some = pictures[start..<min(start + 500, pictures.count)]
            try insert(
                "images",
                "id, name, owner, visibility, status, size, virtual_size, disk_format, container_format, min_disk, min_ram, protected, "
                    + "os_hidden, deleted, checksum, os_hash_algo, os_hash_value, created_at, updated_at", some.map(\.row))
            let now = ["UTC_TIMESTAMP()", "0"]
            try insert(
                "image_tags", "image_id, value, created_at, deleted",
                some.flatMap { one in one.tags.map { [one.text(one.id), one.text($0)] + now } })
            try insert(
                "image_properties", "image_id, name, value, created_at, deleted",
                some.flatMap { one in one.properties.map { [one.text(one.id), one.text($0.key), one.text($0.value)] + now } })
            try insert(
                "image_members", "image_id, member, status, can_share, created_at, deleted",
                some.flatMap { one in one.members.map { [one.text(one.id), one.text($0.key), one.text($0.value), "0"] + now } })
        }
    }

    private func insert(_ table: String, _ columns: String, _ rows: [[String]]) throws {
        guard !rows.isEmpty else { return }
        try execute("INSERT INTO \(table) (\(columns)) VALUES \(rows.map { "(\($0.joined(separator: ", ")))" }.joined(separator: ", "))")
    }

    /// Ids of the images in a list.
    func ids(_ query: String = "", as person: Person? = .alice) throws -> [String] { try page("/v2/images\(query)", as: person).ids }

    /// One page of a list.
    func page(_ path: String, as person: Person? = .alice) throws -> Page {
        let reply = try send("GET", path, as: person)
        guard reply.status == 200, let images = reply.json["images"]?.array else { throw Unexpected(reply) }
        return Page(
            ids: images.map { $0["id"]?.string ?? "" }, first: reply.json["first"]?.string, next: reply.json["next"]?.string, images: images
        )
    }

    /// All pages from one on, following their `next` links.
    func pages(from path: String, as person: Person = .alice) throws -> [Page] {
        var pages = [try page(path, as: person)]
        while let next = pages.last?.next {
            guard pages.count < 1000 else { throw Unexpected("The pages of \(path) do not end.") }
            pages.append(try page(next, as: person))
        }
        return pages
    }
}

struct Page {
    let ids: [String]
    let first: String?
    let next: String?
    let images: [JSONValue]
}

/// Images that all tests of lists use and none changes. Each has a letter, which is the end of its id.
enum Gallery {
    static func open() throws -> TestGlance { try opened.get() }

    private static let opened = Shared(among: Gallery.self) {
        let glance = try TestGlance()
        try glance.insert(pictures)
        return glance
    }

    static func id(_ letter: Character) -> String { "00000000-0000-4000-8000-0000000000\(String(letter.asciiValue!, radix: 16))" }

    /// The letters of ids, one after another.
    static func letters(_ ids: [String]) -> String {
        ids.map { id in
            pictures.first { $0.id == id }.map { picture in String(UnicodeScalar(UInt8(picture.id.suffix(2), radix: 16)!)) } ?? "?"
        }
        .joined()
    }

    private static func picture(_ letter: Character, _ name: String?, _ createdAt: String, _ change: (inout Picture) -> Void) -> Picture {
        Picture(name) {
            ($0.id, $0.createdAt, $0.updatedAt) = (id(letter), createdAt, createdAt)
            change(&$0)
        }
    }

    static let pictures: [Picture] = [
        picture("a", nil, "2026-01-01T00:00:00Z") { $0.status = "queued" },
        picture("b", "bee", "2026-01-02T10:00:00Z") {
            ($0.size, $0.virtualSize, $0.diskFormat, $0.containerFormat) = (100, 1000, "raw", "bare")
            ($0.minDisk, $0.minRAM, $0.isProtected) = (1, 64, true)
            ($0.checksum, $0.hashAlgorithm, $0.hashValue) = (Hello.md5, "sha512", Hello.sha512)
            $0.updatedAt = "2026-03-01T00:00:00Z"
            $0.tags = ["web"]
            $0.properties = ["os_distro": "debian", "arch": "x86_64"]
        },
        picture("c", "cat", "2026-01-03T10:00:00Z") {
            ($0.size, $0.virtualSize, $0.diskFormat, $0.containerFormat) = (200, 2000, "qcow2", "bare")
            ($0.minDisk, $0.minRAM) = (2, 128)
            ($0.checksum, $0.hashAlgorithm, $0.hashValue) = (text(of: 32), "sha256", text(of: 64))
            $0.updatedAt = "2026-02-03T10:00:00Z"
            $0.tags = ["web", "db"]
            $0.properties = ["os_distro": "debian", "arch": "arm"]
        },
        picture("d", "dog, brown", "2026-01-03T10:00:00Z") {
            ($0.size, $0.diskFormat, $0.containerFormat) = (300, "qcow2", "ovf")
            $0.updatedAt = "2026-02-03T10:00:00Z"
            $0.tags = ["db", "größe"]
            $0.properties = ["os_distro": "a b&c=d+e%", "hw:page/größe": "large", "empty": ""]
        },
        picture("e", "elk", "2026-01-04T10:00:00Z") {
            ($0.status, $0.visibility) = ("deactivated", "community")
            ($0.size, $0.diskFormat, $0.containerFormat) = (200, "iso", "bare")
        },
        picture("f", #"say "fox""#, "2026-01-05T10:00:00Z") {
            ($0.status, $0.diskFormat, $0.containerFormat) = ("saving", "ami", "ami")
        },
        picture("h", "hen", "2026-01-06T10:00:00Z") {
            ($0.owner, $0.visibility, $0.size, $0.diskFormat, $0.containerFormat) = ("bolt", "public", 50, "raw", "bare")
        },
        picture("l", "lab:old", "2026-01-07T10:00:00Z") { $0.size = 0 },
        // None of these is in a list, except the hidden one if it is asked for.
        picture("g", "gnu", "2026-01-08T10:00:00Z") { $0.isHidden = true },
        picture("i", "bee", "2026-01-09T10:00:00Z") { ($0.status, $0.isDeleted) = ("deleted", true) },
        picture("j", "bee", "2026-01-10T10:00:00Z") { $0.status = "killed" },
        picture("k", "bee", "2026-01-11T10:00:00Z") { ($0.status, $0.isDeleted) = ("pending_delete", true) },
        picture("p", "bee", "2026-01-12T10:00:00Z") { $0.owner = "bolt" },
    ]
}
