import Foundation
import TestSupport
import Testing

/// Requests and checks for the suites of several stores.
extension TestGlance {
    /// A third store beside the two, on the web, and all options that show locations.
    static let webAndShows = [
        "DEFAULT": "enabled_backends = fast:file,cheap:file,web:http\nshow_image_direct_url = true\nshow_multiple_locations = true",
        "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =", "fast": "store_description = the dear one",
    ]

    func create(_ json: String = #"{"disk_format": "raw", "container_format": "bare"}"#, as person: Person? = .alice) throws -> Reply {
        try send("POST", "/v2/images", as: person, json: json)
    }

    func show(_ id: String, as person: Person? = .alice) throws -> Reply { try send("GET", "/v2/images/\(id)", as: person) }

    func download(_ id: String, as person: Person? = .alice, _ query: String = "", _ headers: [String: String] = [:]) throws -> Reply {
        try send("GET", "/v2/images/\(id)/file\(query)", as: person, headers)
    }

    /// An active image whose data are in a store; nil for the default one.
    func hasImage(in store: String?, _ data: String = "hello", visibility: String = "shared", as person: Person = .alice) throws -> String {
        let id = try hasImage(
            as: visibility == "public" ? .admin : person,
            #"{"disk_format": "raw", "container_format": "bare", "visibility": "\#(visibility)", "owner": "\#(person.project)"}"#)
        let reply = try upload(Array(data.utf8), to: id, as: person, store.map { ["X-Image-Meta-Store": $0] } ?? [:])
        guard reply.status == 204 else { throw Unexpected(reply) }
        return id
    }

    /// The same in both stores, with different bytes in each, so that a reader knows the source.
    func hasImage(inBoth data: (fast: String, cheap: String), visibility: String = "shared") throws -> String {
        // An upload marks the folder as the store's; otherwise a folder without any of its images is not trusted.
        let other = try hasImage(in: "cheap")
        guard try send("DELETE", "/v2/images/\(other)").status == 204 else { throw Unexpected("image \(other) cannot be deleted") }
        let id = try hasImage(in: "fast", data.fast, visibility: visibility)
        try data.cheap.write(toFile: path(of: id, in: "cheap"), atomically: true, encoding: .utf8)
        try place(id, at: "file://\(path(of: id, in: "cheap"))", #"{"store": "cheap"}"#)
        return id
    }

    /// Adds a location by SQL.
    func place(_ id: String, at url: String, _ metadata: String?) throws {
        try execute(
            """
            INSERT INTO image_locations (image_id, value, meta_data, created_at, updated_at, deleted, status)
            VALUES ('\(id)', '\(url)', \(metadata.map { "'\($0)'" } ?? "NULL"), '2026-01-01 00:00:00', '2026-01-01 00:00:00', 0, 'active')
            """)
    }

    func path(of id: String, in store: String) -> String { "\(folder)/\(store)/\(id)" }

    func contents(of id: String, in store: String) -> String? {
        FileManager.default.contents(atPath: path(of: id, in: store)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// URL and metadata of an image's locations in the database.
    func recordedLocations(of id: String) throws -> [[String?]] {
        try rows("SELECT value, meta_data FROM image_locations WHERE image_id = '\(id)' AND deleted = 0 ORDER BY id", columns: 2)
    }

    func recordedMetadata(of id: String) throws -> [String?] { try recordedLocations(of: id).map { $0[1] } }

    /// The log of glance-tasks.
    var tasksLog: String {
        get throws { try String(contentsOfFile: "\(folder)/log/glance-tasks.log", encoding: .utf8) }
    }

    func count(_ table: String, where condition: String) throws -> Int {
        Int(try rows("SELECT CAST(COUNT(*) AS CHAR) FROM \(table) WHERE \(condition)").first?[0] ?? "") ?? -1
    }

    /// Expects that the image accepts data as if none had been sent.
    func expectNothingLeft(of id: String, in stores: [String], _ about: String = "", sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let about = Comment(rawValue: about)
        let image = try image(id)
        #expect(image["status"]?.string == "queued", about, sourceLocation: sourceLocation)
        #expect(image["size"] == .null && image["virtual_size"] == .null, about, sourceLocation: sourceLocation)
        #expect(image["checksum"] == .null && image["os_hash_value"] == .null, about, sourceLocation: sourceLocation)
        for table in ["image_locations", "vitrine_uploads", "vitrine_removals"] {
            #expect(try count(table, where: "image_id = '\(id)'") == 0, about, sourceLocation: sourceLocation)
        }
        for store in stores {
            for folder in ["\(folder)/\(store)", "\(folder)/\(store)/.incoming"] {
                let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                #expect(!names.contains { $0.hasPrefix(id) }, about, sourceLocation: sourceLocation)
            }
        }
    }
}

/// Requests and checks for the suites of formats.
extension TestGlance {
    func hasImage(called format: String, in container: String = "bare") throws -> String {
        try hasImage(#"{"disk_format": "\#(format)", "container_format": "\#(container)"}"#)
    }

    /// Sends bytes under the name of a format, and expects that no image results.
    func expectRefused(
        _ bytes: [UInt8], as format: String, saying words: [String], _ about: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let id = try hasImage(called: format)
        let reply = try upload(bytes, to: id)
        #expect(reply.status == 415, "\(about) as \(format): \(reply.says)", sourceLocation: sourceLocation)
        for word in words { #expect(reply.says.contains(word), "\(about) as \(format): \(reply.says)", sourceLocation: sourceLocation) }
        try expectNothingLeft(of: id, in: ["images"], "\(about) as \(format)", sourceLocation: sourceLocation)
        #expect(try download(id).status == 204, sourceLocation: sourceLocation)
    }
}

/// An id that no image has yet.
func newID() -> String { UUID().uuidString.lowercased() }

extension Reply {
    /// The reason in an error document of any format.
    var says: String { json["message"]?.string ?? text }
}

extension JSONValue {
    /// Names of an object's members, in order.
    var keys: [String] { object?.keys ?? [] }

    /// The URLs of an image's locations, as it shows them.
    var shownURLs: [String] { self["locations"]?.array?.map { $0["url"]?.string ?? "" } ?? [] }
    var shownMetadata: [JSONValue] { self["locations"]?.array?.map { $0["metadata"] ?? .null } ?? [] }
}
