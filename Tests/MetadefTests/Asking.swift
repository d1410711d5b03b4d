import TestSupport

extension TestGlance {
    func metadef(_ method: String, _ path: String, as person: Person? = .admin, _ headers: [String: String] = [:]) throws -> Reply {
        try send(method, "/v2/metadefs/\(path)", as: person, headers)
    }

    func metadef(_ method: String, _ path: String, as person: Person? = .admin, json: String, _ headers: [String: String] = [:]) throws
        -> Reply
    {
        try send(
            method, "/v2/metadefs/\(path)", as: person, ["Content-Type": "application/json"].merging(headers) { $1 }, body: Array(json.utf8)
        )
    }

    /// Creates a namespace with a unique name and further fields.
    func hasNamespace(_ more: String = "", visibility: String = "public", owner: String = "acme") throws -> String {
        let name = "ns\(UInt64.random(in: 0 ... .max))"
        let rest = more.isEmpty ? "" : ", \(more)"
        let json = #"{"namespace": "\#(name)", "visibility": "\#(visibility)", "owner": "\#(owner)"\#(rest)}"#
        let reply = try metadef("POST", "namespaces", json: json)
        guard reply.status == 201 else { throw Unexpected(reply) }
        return name
    }

    func shown(_ path: String, as person: Person = .admin) throws -> JSONValue {
        let reply = try metadef("GET", path, as: person)
        guard reply.status == 200 else { throw Unexpected(reply) }
        return reply.json
    }

    /// Names in a list, in order.
    func names(of list: String, at path: String, as person: Person = .admin) throws -> [String] {
        try shown(path, as: person)[list]?.array?.map { ($0["name"] ?? $0["namespace"])?.string ?? "" } ?? []
    }

    /// The number of rows of all kinds.
    func metadefRows() throws -> [String?] {
        let tables = ["namespaces", "objects", "properties", "tags", "resource_types", "namespace_resource_types"]
        return try tables.map { try rows("SELECT CAST(COUNT(*) AS CHAR) FROM metadef_\($0)")[0][0] }
    }
}

extension JSONValue {
    var keys: [String] { object?.keys ?? [] }
    var texts: [String] { array?.map { $0.string ?? "\($0)" } ?? [] }
}

/// A text of a given number of characters.
func text(of length: Int) -> String { String(repeating: "a", count: length) }

/// A namespace with content of each kind.
let everything = #"""
    "display_name": "Shown", "description": "For the tests",
    "resource_type_associations": [{"name": "Tests::Flavor", "prefix": "t:", "properties_target": "image"}, {"name": "Tests::Image"}],
    "properties": {"size": {"title": "Size", "type": "integer", "minimum": 1, "default": 3}, "kind": {"type": "string", "title": "Kind"}},
    "objects": [{"name": "Limits", "required": ["shares"], "properties": {"shares": {"type": "integer", "title": "Shares"}}}],
    "tags": [{"name": "one"}, {"name": "two"}]
    """#
