import Foundation
import TestSupport
import Testing

/// What most suites of this door ask for.
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

    /// The value of a statement that gives one.
    func value(_ sql: String) throws -> String? { try rows(sql).first?[0] }

    /// How many rows there are.
    func count(_ table: String, where condition: String) throws -> Int {
        Int(try value("SELECT CAST(COUNT(*) AS CHAR) FROM \(table) WHERE \(condition)") ?? "") ?? -1
    }
}

/// An id that no image has yet.
func newID() -> String { UUID().uuidString.lowercased() }

/// A text of so many characters.
func text(of length: Int, _ character: String = "a") -> String { String(repeating: character, count: length) }

extension JSONValue {
    /// Names of an object's members, in order.
    var keys: [String] { object?.keys ?? [] }

    func has(_ key: String) -> Bool { keys.contains(key) }

    /// An object's members whatever their order, its tags sorted: neither custom properties nor tags promise any.
    var members: [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        object?.forEach { members[$0] = $0 == "tags" ? .array($1.texts.sorted().map { .string($0) }) : $1 }
        return members
    }

    /// Texts of an array; what is none shows as what it is.
    var texts: [String] { array?.map { $0.string ?? "\($0)" } ?? [] }
}

extension Reply {
    /// The reason that an error document gives, whatever its format.
    var says: String { json["message"]?.string ?? text }
}

/// MD5 and SHA-512 of `hello`, by `md5sum` and `sha512sum`.
enum Hello {
    static let md5 = "5d41402abc4b2a76b9719d911017c592"
    static let sha512 =
        "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
}
