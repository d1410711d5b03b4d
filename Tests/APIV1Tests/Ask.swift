import Domain
import Foundation
import TestSupport
import Testing

/// A request of either API, the policy rules that it checks, and what it needs to exist.
struct Ask: Sendable, CustomTestStringConvertible {
    /// What `{image}` or `{namespace}` in the path stands for.
    enum Need: Sendable {
        case nothing, queued, tagged, staged, active, deactivated, inTwoStores
        case namespace
    }

    let method, path: String
    let what: String
    let need: Need
    /// The status if every rule allows the request.
    let done: Int
    /// The rules that it checks, and the status if one of them denies it.
    let rules: [PolicyRule: Int]
    /// Whether it changes the image.
    let isChange: Bool
    let headers: [String: String]
    let body: String?

    var testDescription: String { "\(method) \(path) \(what)" }

    private init(
        _ method: String, _ path: String, _ what: String, _ need: Need, _ done: Int, _ rules: [PolicyRule: Int], isChange: Bool,
        _ headers: [String: String], _ body: String?
    ) {
        (self.method, self.path, self.what, self.need, self.done, self.rules) = (method, path, what, need, done, rules)
        (self.isChange, self.headers, self.body) = (isChange, headers, body)
    }

    /// - Parameter hiding: rules whose denial makes the answer 404.
    static func reads(
        _ method: String, _ path: String, _ need: Need, _ done: Int, _ rules: [PolicyRule], hiding: [PolicyRule] = [],
        _ headers: [String: String] = [:], json: String? = nil
    ) -> Ask {
        ask(method, path, "", need, done, rules, hiding, isChange: false, headers, json: json, data: nil)
    }

    static func reads(_ method: String, _ path: String, _ rules: [PolicyRule] = [], json: String? = nil) -> Ask {
        reads(method, path, .nothing, 200, rules, json: json)
    }

    static func reads(
        _ method: String, _ path: String, _ need: Need, _ rules: [PolicyRule], hiding: [PolicyRule] = [], json: String? = nil
    ) -> Ask {
        reads(method, path, need, 200, rules, hiding: hiding, json: json)
    }

    static func changes(
        _ method: String, _ path: String, _ need: Need, _ done: Int, _ rules: [PolicyRule], hiding: [PolicyRule] = [],
        json: String? = nil, data: String? = nil
    ) -> Ask {
        changes(method, path, "", need, done, rules, hiding: hiding, json: json, data: data)
    }

    static func changes(
        _ method: String, _ path: String, _ what: String, _ need: Need, _ done: Int, _ rules: [PolicyRule], hiding: [PolicyRule] = [],
        _ headers: [String: String] = [:], json: String? = nil, data: String? = nil
    ) -> Ask {
        ask(method, path, what, need, done, rules, hiding, isChange: true, headers, json: json, data: data)
    }

    private static func ask(
        _ method: String, _ path: String, _ what: String, _ need: Need, _ done: Int, _ rules: [PolicyRule], _ hiding: [PolicyRule],
        isChange: Bool, _ headers: [String: String], json: String?, data: String?
    ) -> Ask {
        var statuses = Dictionary(uniqueKeysWithValues: rules.map { ($0, 403) })
        for rule in hiding { statuses[rule] = 404 }
        var headers = headers
        if json != nil, headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
        if data != nil { headers["Content-Type"] = "application/octet-stream" }
        return Ask(method, path, what, need, done, statuses, isChange: isChange, headers, json ?? data)
    }

    static func patches(_ what: String, _ need: Need, _ rules: [PolicyRule], _ change: String) -> Ask {
        changes(
            "PATCH", "/v2/images/{image}", what, need, 200, rules,
            ["Content-Type": "application/openstack-images-v2.1-json-patch"], json: "[\(change)]")
    }
}

/// A site for these requests: two file stores and the web, a cache, locations that are shown; with the test's tokens and policy.
final class AskedSite: Sendable {
    let glance: TestGlance
    let source: RawServer

    /// - Parameters:
    ///   - policy: rules by name.
    ///   - tokens: roles and project by token, besides `alice` and `bob`, who are members of acme and bolt, and `admin`.
    init(policy: [String: String], tokens: [(token: String, project: String, roles: [String])]) throws {
        let base = "\(TestFolder.root)/asked-\(UInt64.random(in: 0 ... .max))"
        try policy.map { "\"\($0)\": \"\($1)\"\n" }.sorted().joined().write(
            toFile: "\(base).yaml", atomically: true, encoding: .utf8)
        let usual = [("alice", "acme", ["member"]), ("bob", "bolt", ["member"]), ("admin", "cloud", ["admin"])]
        let lines = (usual + tokens.map { ($0.token, $0.project, $0.roles) }).map {
            "  \"\($0)\": { user: u, project: \($1), roles: [\($2.map { "\"\($0)\"" }.joined(separator: ", "))] }\n"
        }
        try "tokens:\n\(lines.joined())".write(toFile: "\(base).tokens", atomically: true, encoding: .utf8)
        glance = try TestGlance(
            [
                "DEFAULT": """
                enabled_backends = a:file,b:file,web:http
                show_multiple_locations = true
                enabled_import_methods = [glance-direct,web-download,copy-image]
                """,
                "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =", "oslo_policy": "policy_file = \(base).yaml",
                "paste_deploy": "flavor = cachemanagement", "vitrine": "token_file = \(base).tokens",
            ], stores: ["a", "b"], cacheFolder: "\(base).cache", runsRegistry: true)
        source = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
            if head.hasPrefix("GET") { connection.send("hello") }
        }
    }

    /// Creates what a request needs, as alice, and returns its id. An image is shared with bolt and cord.
    func prepared(_ need: Ask.Need) throws -> String {
        if need == .namespace { return try namespace() }
        let tags = need == .tagged ? #", "tags": ["t"]"# : ""
        let id = try glance.hasImage(#"{"name": "n", "disk_format": "raw", "container_format": "bare"\#(tags)}"#)
        for member in ["bolt", "cord"] {
            try glance.execute(
                """
                INSERT INTO image_members (image_id, member, can_share, status, created_at, deleted)
                VALUES ('\(id)', '\(member)', 0, 'pending', UTC_TIMESTAMP(), 0)
                """)
        }
        switch need {
        case .nothing, .queued, .tagged, .namespace: break
        case .staged:
            let reply = try glance.send(
                "PUT", "/v2/images/\(id)/stage", ["Content-Type": "application/octet-stream"], body: Array("hello".utf8))
            guard reply.status == 204 else { throw Unexpected(reply) }
        case .active, .deactivated, .inTwoStores:
            let reply = try glance.upload(Array("hello".utf8), to: id)
            guard reply.status == 204 else { throw Unexpected(reply) }
            if need == .deactivated { try glance.execute("UPDATE images SET status = 'deactivated' WHERE id = '\(id)'") }
            guard need == .inTwoStores else { break }
            try glance.execute(
                """
                INSERT INTO image_locations (image_id, value, meta_data, status, created_at, deleted)
                VALUES ('\(id)', 'file://\(glance.folder)/b/\(id)', '{"store": "b"}', 'active', UTC_TIMESTAMP(), 0)
                """)
        }
        return id
    }

    private func namespace() throws -> String {
        let name = "ns\(UInt64.random(in: 0 ... .max))"
        let json = #"""
            {"namespace": "\#(name)", "visibility": "public", "owner": "acme", "tags": [{"name": "one"}],
             "resource_type_associations": [{"name": "Asked", "prefix": "t:"}], "properties": {"size": {"title": "Size", "type": "integer"}},
             "objects": [{"name": "Limits", "properties": {}}]}
            """#
        let reply = try glance.send("POST", "/v2/metadefs/namespaces", as: .admin, json: json)
        guard reply.status == 201 else { throw Unexpected(reply) }
        return name
    }

    func answer(_ ask: Ask, _ token: String, _ id: String) throws -> Reply {
        func filled(_ text: String) -> String {
            text.replacing("{image}", with: id).replacing("{namespace}", with: id).replacing("{source}", with: source.url("/\(id)"))
                .replacing("{new}", with: "new\(UInt64.random(in: 0 ... .max))")
        }
        let headers = ask.headers.mapValues(filled).merging(["X-Auth-Token": token]) { $1 }
        return try glance.send(ask.method, filled(ask.path), as: nil, headers, body: ask.body.map { Array(filled($0).utf8) })
    }

    /// Everything that is stored of an image, as one text.
    func state(of id: String) throws -> [String?] {
        try [
            """
            SELECT CONCAT_WS('|', name, status, visibility, COALESCE(owner, '-'), deleted, COALESCE(size, '-'), COALESCE(disk_format, '-'),
                             updated_at) FROM images
            """, "SELECT GROUP_CONCAT(member, can_share, status, deleted ORDER BY member) FROM image_members",
            "SELECT GROUP_CONCAT(value, deleted ORDER BY id) FROM image_locations",
            "SELECT GROUP_CONCAT(value, deleted ORDER BY id) FROM image_tags",
            "SELECT GROUP_CONCAT(name, value, deleted ORDER BY id) FROM image_properties",
            "SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_uploads", "SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_jobs",
            "SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_copies",
        ].map { sql in try glance.rows("\(sql) WHERE \(sql.contains("FROM images") ? "id" : "image_id") = '\(id)'").first?[0] }
    }
}
