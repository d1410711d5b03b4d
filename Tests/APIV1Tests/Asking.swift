import Foundation
import TestSupport
import Testing

/// Requests for the suites of V1. Fields of images are named without `x-image-meta-`.
extension TestGlance {
    /// Sends a request of V1; a body is `application/octet-stream` unless the headers say otherwise.
    func askV1(
        _ method: String, _ path: String, as person: Person? = .alice, _ fields: [String: String] = [:],
        headers: [String: String] = [:], body: [UInt8]? = nil
    ) throws -> Reply {
        var all = Self.named(fields).merging(headers) { $1 }
        if body != nil, all["Content-Type"] == nil { all["Content-Type"] = "application/octet-stream" }
        return try send(method, "/v1\(path)", as: person, all, body: body)
    }

    static func named(_ fields: [String: String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: fields.map { ("x-image-meta-\($0)", $1) })
    }

    func create(
        _ fields: [String: String] = [:], as person: Person? = .alice, headers: [String: String] = [:], data: String? = nil
    ) throws -> Reply {
        try askV1("POST", "/images", as: person, fields, headers: headers, body: data.map { Array($0.utf8) })
    }

    /// Creates an image by V1 and returns its id.
    func hasV1Image(_ fields: [String: String] = [:], as person: Person = .alice, data: String? = nil) throws -> String {
        let reply = try create(data == nil ? fields : formats.merging(fields) { $1 }, as: person, data: data)
        guard reply.status == 201, let id = reply.json["image"]?["id"]?.string else { throw Unexpected(reply) }
        return id
    }

    func update(
        _ id: String, _ fields: [String: String] = [:], as person: Person? = .alice, headers: [String: String] = [:], data: String? = nil
    ) throws -> Reply {
        try askV1("PUT", "/images/\(id)", as: person, fields, headers: headers, body: data.map { Array($0.utf8) })
    }

    func head(of id: String, as person: Person? = .alice) throws -> Reply { try askV1("HEAD", "/images/\(id)", as: person) }
    func get(_ id: String, as person: Person? = .alice) throws -> Reply { try askV1("GET", "/images/\(id)", as: person) }
    func delete(_ id: String, as person: Person? = .alice) throws -> Reply { try askV1("DELETE", "/images/\(id)", as: person) }

    /// Creates or updates with a chunked body, which ends early if the server refuses it.
    func sendChunked(_ method: String, _ path: String, _ fields: [String: String], _ data: [UInt8]) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        var headers = Self.named(fields)
        headers["Content-Type"] = "application/octet-stream"
        headers["Transfer-Encoding"] = "chunked"
        try connection.send(head(method, "/v1\(path)", .alice, headers))
        if !data.isEmpty {
            try? connection.send(Array("\(String(data.count, radix: 16))\r\n".utf8) + data + Array("\r\n".utf8))
        }
        try? connection.send("0\r\n\r\n")
        return try connection.receive()
    }

    /// Creates or updates with a chunked body that arrives in one packet with its head, or some time after it.
    func sendChunks(
        _ method: String, _ path: String, _ fields: [String: String], _ data: [UInt8], type: String = "application/octet-stream",
        inOnePacket: Bool
    ) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        let headers = Self.named(fields).merging(["Content-Type": type, "Transfer-Encoding": "chunked"]) { $1 }
        let head = head(method, "/v1\(path)", .alice, headers)
        let chunk = data.isEmpty ? [] : Array("\(String(data.count, radix: 16))\r\n".utf8) + data + [13, 10]
        if inOnePacket {
            try connection.send(head + chunk + Array("0\r\n\r\n".utf8))
        } else {
            try connection.send(head)
            // nginx does not wait for bytes that it has already.
            usleep(100_000)
            for half in [chunk.prefix(chunk.count / 2), chunk.suffix(chunk.count - chunk.count / 2)] where !half.isEmpty {
                try? connection.send(Array(half))
                usleep(20_000)
            }
            try? connection.send("0\r\n\r\n")
        }
        return try connection.receive()
    }

    /// The same in two pieces, the second after the image is saving: nginx tells the length of a short body that it has read as a whole,
    /// however the body was sent.
    func sendHalves(_ method: String, _ path: String, _ fields: [String: String], to id: String, _ data: [UInt8]) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        let headers = Self.named(fields).merging(["Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"]) { $1 }
        try connection.send(head(method, "/v1\(path)", .alice, headers))
        func chunk(_ piece: ArraySlice<UInt8>) -> [UInt8] { Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10] }
        try connection.send(chunk(data.prefix(2)))
        guard try eventually({ try recordedStatus(id) == "saving" }) else { throw Unexpected("\(id) is not saved") }
        try? connection.send(chunk(data.dropFirst(2)))
        try? connection.send("0\r\n\r\n")
        return try connection.receive()
    }

    /// The images of a list.
    func listed(_ query: String = "", as person: Person? = .alice, in list: String = "/images/detail") throws -> [JSONValue] {
        let reply = try askV1("GET", list + query, as: person)
        guard reply.status == 200, let images = reply.json["images"]?.array else { throw Unexpected(reply) }
        return images
    }

    /// The names of the images in a list.
    func listedNames(_ query: String = "", as person: Person? = .alice) throws -> [String] {
        try listed(query, as: person).map { $0["name"]?.string ?? "" }
    }

    /// The only value of a statement's result.
    func value(_ sql: String) throws -> String? { try rows(sql).first?[0] }

    func count(_ table: String, where condition: String) throws -> Int {
        Int(try value("SELECT CAST(COUNT(*) AS CHAR) FROM \(table) WHERE \(condition)") ?? "") ?? -1
    }

    /// An image's status in its row.
    func recordedStatus(_ id: String) throws -> String? { try value("SELECT status FROM images WHERE id = '\(id)'") }

    /// Expects that no trace of the image exists.
    func expectNoTrace(of id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try count("images", where: "id = '\(id)'") == 0, sourceLocation: sourceLocation)
        try expectNoBytes(of: id, sourceLocation: sourceLocation)
    }

    func expectNoBytes(of id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try count("image_locations", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
        #expect(try count("vitrine_uploads", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
        #expect(try !storedFiles().contains(id), sourceLocation: sourceLocation)
        #expect(try !incomingFiles().contains { $0.hasPrefix(id) }, sourceLocation: sourceLocation)
    }

    /// Inserts an image into the database without the service. Values are SQL.
    @discardableResult
    func shelve(_ name: String, _ columns: [String: String] = [:]) throws -> String {
        let id = newID()
        var all = [
            "id": "'\(id)'", "name": "'\(name)'", "owner": "'acme'", "visibility": "'shared'", "status": "'active'", "min_disk": "0",
            "min_ram": "0", "protected": "0", "os_hidden": "0", "deleted": "0", "created_at": "'2026-01-01 00:00:00'",
            "updated_at": "'2026-01-01 00:00:00'",
        ]
        all.merge(columns) { $1 }
        let pairs = Array(all)
        try execute(
            "INSERT INTO images (\(pairs.map(\.key).joined(separator: ", "))) VALUES (\(pairs.map(\.value).joined(separator: ", ")))")
        return id
    }

    /// Adds a member by V1.
    func share(_ id: String, with project: String, as person: Person? = .alice, canShare: Bool? = nil) throws -> Reply {
        guard let canShare else { return try askV1("PUT", "/images/\(id)/members/\(project)", as: person) }
        return try send("PUT", "/v1/images/\(id)/members/\(project)", as: person, json: #"{"member": {"can_share": \#(canShare)}}"#)
    }

    /// The members of an image by V1, as `project` or, where it may share, `project+`.
    func members(of id: String, as person: Person? = .alice) throws -> [String] {
        let reply = try askV1("GET", "/images/\(id)/members", as: person)
        guard reply.status == 200, let members = reply.json["members"]?.array else { throw Unexpected(reply) }
        return members.map { ($0["member_id"]?.string ?? "?") + ($0["can_share"]?.bool == true ? "+" : "") }
    }

    /// Sends bytes as they are, and reads one answer.
    func raw(_ bytes: [UInt8]) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        try connection.send(bytes)
        return try connection.receive()
    }

    /// Expects that both workers live, and V1 answers.
    func expectAlive(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(site.workerIDs.count == 2, sourceLocation: sourceLocation)
        #expect(try send("GET", "/v1/images?limit=1").status == 200, sourceLocation: sourceLocation)
    }
}

/// The headers that data need.
let formats = ["disk_format": "raw", "container_format": "bare"]

/// An id that no image has yet.
func newID() -> String { UUID().uuidString.lowercased() }

/// A text of a given number of characters.
func text(of length: Int, _ character: String = "a") -> String { String(repeating: character, count: length) }

extension JSONValue {
    /// Names of an object's members, in order.
    var keys: [String] { object?.keys ?? [] }
    func has(_ key: String) -> Bool { keys.contains(key) }
}

extension Reply {
    /// The reason in an error document of any format.
    var says: String { json["message"]?.string ?? text }
    var image: JSONValue { json["image"] ?? .null }
    /// A field of an image in the headers.
    func meta(_ field: String) -> String? { self["x-image-meta-\(field)"] }
    /// All fields of an image in the headers.
    var meta: [String: String] {
        var fields: [String: String] = [:]
        for header in headers where header.name.lowercased().hasPrefix("x-image-meta-") {
            fields[String(header.name.lowercased().dropFirst("x-image-meta-".count))] = header.value
        }
        return fields
    }
}

/// MD5 of `hello`, by `md5sum`.
let helloMD5 = "5d41402abc4b2a76b9719d911017c592"
