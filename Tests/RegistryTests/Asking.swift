import Foundation
import TestSupport

/// The callers that requests to the registry name.
enum Who: String, CaseIterable {
    /// glance-api in its own name.
    case service
    /// Administrator of the cloud, of project `cloud`.
    case admin
    /// Of projects `acme`, `bolt` and none.
    case alice, bob, nobody

    var headers: [String: String] {
        switch self {
        case .service: ["X-Vitrine-Standing": "service"]
        case .admin: ["X-User-Id": "admin", "X-Project-Id": "cloud", "X-Roles": "admin"]
        case .alice: ["X-User-Id": "alice", "X-Project-Id": "acme", "X-Roles": "member"]
        case .bob: ["X-User-Id": "bob", "X-Project-Id": "bolt", "X-Roles": "member"]
        case .nobody: ["X-User-Id": "nobody", "X-Roles": "member"]
        }
    }
}

/// The service that most suites of this target share.
enum Registry {
    static func open() throws -> TestGlance {
        try .of(Registry.self, ["DEFAULT": "image_member_quota = 4"], runsRegistry: true)
    }
}

/// The secret that glance-api sends with every request.
let identityHeaders = ["X-Vitrine-Secret": TestGlance.secret, "X-Identity-Status": "Confirmed"]

extension TestGlance {
    /// Sends a request as glance-api does.
    func ask(
        _ method: String, _ path: String, as who: Who = .alice, _ headers: [String: String] = [:], json: String? = nil
    ) throws -> Reply {
        try askWith(identityHeaders.merging(who.headers) { $1 }.merging(headers) { $1 }, method, path, json: json)
    }

    /// Sends a request with these headers only.
    func askWith(_ headers: [String: String], _ method: String, _ path: String, json: String? = nil) throws -> Reply {
        var fields = ["Accept": "application/json"]
        if json != nil { fields["Content-Type"] = "application/json" }
        fields.merge(headers) { $1 }
        let body = json.map { Array($0.utf8) }
        let connection = try HTTPConnection(port: registryPort)
        try connection.send(head(method, path, nil, fields, length: body?.count))
        if let body { try connection.send(body) }
        return try connection.receive(isHead: method == "HEAD")
    }

    func create(_ image: String, as who: Who = .alice) throws -> Reply {
        try ask("POST", "/images", as: who, json: #"{"image": \#(image)}"#)
    }

    func update(_ id: String, _ image: String, as who: Who = .alice, _ headers: [String: String] = [:]) throws -> Reply {
        try ask("PUT", "/images/\(id)", as: who, headers, json: #"{"image": \#(image)}"#)
    }

    /// Creates a record and returns its id.
    func hasRecord(_ image: String = "{}", as who: Who = .alice) throws -> String {
        let reply = try create(image, as: who)
        guard reply.status == 200, let id = reply.image["id"]?.string else { throw Unexpected(reply) }
        return id
    }

    /// A record as the service itself sees it.
    func record(_ id: String) throws -> JSONValue {
        let reply = try ask("GET", "/images/\(id)", as: .service)
        guard reply.status == 200 else { throw Unexpected(reply) }
        return reply.image
    }

    /// Shares an image with a project.
    func shares(_ id: String, with project: String, mayShare: Bool = false) throws {
        let reply = try ask("PUT", "/images/\(id)/members/\(project)", as: .service, json: #"{"member": {"can_share": \#(mayShare)}}"#)
        guard reply.status == 204 else { throw Unexpected(reply) }
    }

    /// The only value of a statement's result, as text.
    func value(_ sql: String) throws -> String? { try rows(sql).first?[0] }

    func count(_ table: String, where condition: String) throws -> Int {
        Int(try value("SELECT CAST(COUNT(*) AS CHAR) FROM \(table) WHERE \(condition)") ?? "") ?? -1
    }
}

/// An id that no image has yet.
func newID() -> String { UUID().uuidString.lowercased() }

/// A text of a given number of characters.
func text(of length: Int) -> String { String(repeating: "a", count: length) }

extension JSONValue {
    /// Names of an object's members, sorted.
    var names: [String] { object?.keys.sorted() ?? [] }
}

extension Reply {
    /// The one image of the answer.
    var image: JSONValue { json["image"] ?? .null }

    /// The images of the answer.
    var images: [JSONValue] { json["images"]?.array ?? [] }

    /// The reason of a refusal.
    var says: String { json["message"]?.string ?? text }
}
