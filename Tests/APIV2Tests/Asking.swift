import Foundation
import TestSupport
import Testing

/// Requests for the suites of V2.
extension TestGlance {
    func create(_ json: String, as person: Person? = .alice) throws -> Reply { try send("POST", "/v2/images", as: person, json: json) }

    func show(_ id: String, as person: Person? = .alice) throws -> Reply { try send("GET", "/v2/images/\(id)", as: person) }

    func delete(_ id: String, as person: Person? = .alice) throws -> Reply { try send("DELETE", "/v2/images/\(id)", as: person) }

    func share(_ id: String, with project: String, as person: Person = .alice) throws {
        let reply = try send("POST", "/v2/images/\(id)/members", as: person, json: #"{"member": "\#(project)"}"#)
        guard reply.status == 200 else { throw Unexpected(reply) }
    }

    func deactivate(_ id: String, as person: Person? = .alice) throws -> Reply {
        try send("POST", "/v2/images/\(id)/actions/deactivate", as: person)
    }

    func reactivate(_ id: String, as person: Person? = .alice) throws -> Reply {
        try send("POST", "/v2/images/\(id)/actions/reactivate", as: person)
    }

    func tag(_ id: String, _ tag: String, as person: Person? = .alice) throws -> Reply {
        try send("PUT", "/v2/images/\(id)/tags/\(tag)", as: person)
    }

    func untag(_ id: String, _ tag: String, as person: Person? = .alice) throws -> Reply {
        try send("DELETE", "/v2/images/\(id)/tags/\(tag)", as: person)
    }

    /// Sends bytes as they are, and reads one answer.
    func raw(_ bytes: [UInt8]) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        try connection.send(bytes)
        return try connection.receive()
    }

    func raw(_ text: String) throws -> Reply { try raw(Array(text.utf8)) }

    /// The only value of a statement's result.
    func value(_ sql: String) throws -> String? { try rows(sql).first?[0] }

    /// The number of rows.
    func count(_ table: String, where condition: String) throws -> Int {
        Int(try value("SELECT CAST(COUNT(*) AS CHAR) FROM \(table) WHERE \(condition)") ?? "") ?? -1
    }
}

/// An id that no image has yet.
func newID() -> String { UUID().uuidString.lowercased() }

/// A text of a given number of characters.
func text(of length: Int, _ character: String = "a") -> String { String(repeating: character, count: length) }

extension JSONValue {
    /// Names of an object's members, in order.
    var keys: [String] { object?.keys ?? [] }

    func has(_ key: String) -> Bool { keys.contains(key) }

    /// An object's members in any order, with sorted tags: the order of custom properties and tags is not defined.
    var members: [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        object?.forEach { members[$0] = $0 == "tags" ? .array($1.texts.sorted().map { .string($0) }) : $1 }
        return members
    }

    /// The texts of an array; other values are shown as they are.
    var texts: [String] { array?.map { $0.string ?? "\($0)" } ?? [] }
}

extension Reply {
    /// The reason in an error document of any format.
    var says: String { json["message"]?.string ?? text }
}

/// MD5 and SHA-512 of `hello`, by `md5sum` and `sha512sum`.
enum Hello {
    static let md5 = "5d41402abc4b2a76b9719d911017c592"
    static let sha512 =
        "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
}
