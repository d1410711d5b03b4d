import Foundation
import TestSupport
import Testing

/// Lists with large elements: complete, in bounded memory. There is one worker and one registry, so the serving process is known.
@Suite(.serialized, .sharesServices) struct `A list that holds much` {
    private static let shared = Shared { try TestGlance(workers: 1, runsTasks: false, runsRegistry: true) }
    private let glance: TestGlance

    init() throws { glance = try Self.shared.get() }

    /// Bytes that a process may use in addition, during the answer and afterwards.
    private static let room = 16 << 20

    /// Images with 7 MB of properties each.
    private func hasLargeImages(_ count: Int, _ name: String) throws -> Set<String> {
        var ids: Set<String> = []
        for place in 0..<count {
            let created = "'2026-01-01' + INTERVAL \(place) MINUTE"
            ids.insert(try glance.shelve(name, ["owner": "'large'", "visibility": "'public'", "created_at": created]))
        }
        try glance.execute(
            """
            INSERT INTO image_properties (image_id, name, value, created_at, deleted)
            SELECT i.id, CONCAT('p', s.seq), REPEAT('x', 60000), NOW(), 0 FROM images i JOIN seq_1_to_120 s
             WHERE i.name = '\(name)' AND i.owner = 'large'
            """)
        return ids
    }

    /// The body of an answer as it arrives: nginx sends no chunks to clients of HTTP/1.0.
    private func body(_ path: String, port: Int? = nil, _ headers: [String: String] = ["X-Auth-Token": "admin"]) throws -> Data {
        let connection = try HTTPConnection(port: port ?? glance.port)
        let fields = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        try connection.send("GET \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\n\(fields)\r\n")
        let head = try connection.receiveHead()
        guard head.status == 200 else { throw Unexpected("\(path): \(head.status)") }
        return Data(connection.receiveRest())
    }

    /// All texts between two texts. `Data.range(of:in:)` would copy the rest of the data for each.
    private func texts(in data: Data, after start: String, upTo end: String = "\"") -> [String] {
        String(decoding: data, as: UTF8.self).components(separatedBy: start).dropFirst().compactMap { rest in
            rest.range(of: end).map { String(rest[..<$0.lowerBound]) }
        }
    }

    private func next(in data: Data) -> String? { texts(in: data.suffix(2000), after: "\"next\": \"").first }

    /// Calls `body`, and expects that each process needed little memory for it and freed it.
    private func inLittleMemory(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) throws {
        // The first call initialises what is made once.
        _ = try self.body("/v2/images?limit=1&name=none")
        _ = try self.body("/v1/images/detail?limit=1&name=none")
        let processes = glance.site.workerIDs + glance.site.registryIDs
        let before = try processes.map { process in
            try forgetMostMemory(of: process)
            return try kilobytes("VmRSS", of: process)
        }
        try body()
        for (process, before) in zip(processes, before) {
            let most = try kilobytes("VmHWM", of: process) - before
            let after = try kilobytes("VmRSS", of: process) - before
            #expect(most * 1024 <= Self.room, "process \(process) took \(most) KiB", sourceLocation: sourceLocation)
            #expect(after * 1024 <= Self.room, "process \(process) keeps \(after) KiB", sourceLocation: sourceLocation)
        }
    }

    @Test func `of V2 ends its pages early, and all of them hold each image once`() throws {
        let ids = try hasLargeImages(6, "pages")
        var seen: [String] = []
        var pages = 0
        try inLittleMemory {
            var path: String? = "/v2/images?limit=1000&name=pages"
            while let asked = path {
                let page = try body(asked)
                seen += texts(in: page, after: "\"file\": \"/v2/images/", upTo: "/file")
                path = next(in: page)
                pages += 1
            }
        }
        #expect(seen.count == 6 && Set(seen) == ids)
        #expect(pages > 1)
    }

    @Test func `goes on behind small images and large ones alike`() throws {
        for year in [2025, 2027] {
            for place in 1...30 { try glance.shelve("mixed", ["created_at": "'\(year)-01-01' + INTERVAL \(place) MINUTE"]) }
        }
        _ = try hasLargeImages(2, "mixed")
        let order = try glance.rows("SELECT id FROM images WHERE name = 'mixed' ORDER BY created_at DESC, id DESC").map { $0[0] ?? "" }
        #expect(order.count == 62)
        for limit in [7, 1000] {
            var seen: [String] = []
            var path: String? = "/v2/images?limit=\(limit)&name=mixed"
            while let asked = path {
                let page = try body(asked)
                seen += texts(in: page, after: "\"file\": \"/v2/images/", upTo: "/file")
                path = next(in: page)
            }
            #expect(seen == order, "limit=\(limit)")
        }
        #expect(texts(in: try body("/v1/images/detail?limit=1000&name=mixed&is_public=None"), after: "{\"id\": \"") == order)
    }

    @Test func `of V1 comes whole, through the registry`() throws {
        let ids = try hasLargeImages(5, "classic")
        let identityHeaders = ["X-Vitrine-Secret": TestGlance.secret, "X-Identity-Status": "Confirmed", "X-Roles": "admin"]
        var bodies: [Data] = []
        try inLittleMemory {
            bodies.append(try body("/v1/images/detail?limit=1000&name=classic"))
            bodies.append(try body("/images/detail?limit=1000&name=classic", port: glance.registryPort, identityHeaders))
        }
        for data in bodies {
            let seen = texts(in: data, after: "{\"id\": \"")
            #expect(seen.count == 5 && Set(seen) == ids)
            #expect(data.suffix(3) == Data("}]}".utf8))
        }
    }

    @Test func `of V1 that breaks off does not look whole`() throws {
        _ = try hasLargeImages(12, "broken")
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("GET", "/v1/images/detail?limit=1000&name=broken", .admin))
        #expect(try connection.receiveHead().status == 200)
        for registry in glance.site.registryIDs { kill(registry, SIGKILL) }
        let rest = connection.receiveRest()
        #expect(!rest.isEmpty)
        #expect(!rest.suffix(5).elementsEqual("0\r\n\r\n".utf8), "nginx says that it is whole")
        #expect(try glance.workerLog().contains("the answer broke off"))
        try glance.site.revive()
        #expect(try eventually { try glance.send("GET", "/v1/images?limit=1").status == 200 })
    }

    @Test func `of members is read piece by piece`() throws {
        let id = try glance.hasImage(#"{"visibility": "shared"}"#)
        try glance.execute(
            """
            INSERT INTO image_members (image_id, member, can_share, created_at, updated_at, deleted, status)
            SELECT '\(id)', CONCAT('project-', LPAD(seq, 200, '0')), 0, NOW(), NOW(), 0, 'pending' FROM seq_1_to_25000
            """)
        var bodies: [Data] = []
        try inLittleMemory {
            bodies.append(try body("/v2/images/\(id)/members"))
            bodies.append(try body("/v1/images/\(id)/members"))
        }
        for data in bodies {
            let names = texts(in: data, after: "\"member_id\": \"")
            #expect(names.count == 25000 && Set(names).count == 25000)
        }
    }

    @Test func `of what is shared with a project is read piece by piece`() throws {
        try glance.execute(
            """
            INSERT INTO images (id, name, owner, visibility, status, min_disk, min_ram, protected, os_hidden, deleted, created_at)
            SELECT CONCAT('00000000-0000-4000-8000-', LPAD(seq, 12, '0')), 'given', 'giver', 'shared', 'queued', 0, 0, 0, 0, 0, NOW()
              FROM seq_1_to_25000
            """)
        try glance.execute(
            """
            INSERT INTO image_members (image_id, member, can_share, created_at, updated_at, deleted, status)
            SELECT id, 'taker', 0, NOW(), NOW(), 0, 'pending' FROM images WHERE owner = 'giver'
            """)
        var ids: [String] = []
        try inLittleMemory { ids = texts(in: try body("/v1/shared-images/taker"), after: "\"image_id\": \"") }
        #expect(ids.count == 25000 && Set(ids).count == 25000)
        try glance.execute("DELETE FROM image_members WHERE member = 'taker'")
        try glance.execute("DELETE FROM images WHERE owner = 'giver'")
    }

    @Test func `of a namespace's contents is read piece by piece`() throws {
        let reply = try glance.send(
            "POST", "/v2/metadefs/namespaces", as: .admin, json: #"{"namespace": "much", "visibility": "public", "owner": "acme"}"#)
        #expect(reply.status == 201)
        let schema = #"'{"type": "string", "title": "', REPEAT('x', 59000), '"}'"#
        for (table, columns, values) in [
            ("objects", "json_schema, description", #"CONCAT('{"p": ', \#(schema), '}'), REPEAT('y', 60000)"#),
            ("properties", "json_schema", "CONCAT(\(schema))"),
        ] {
            try glance.execute(
                """
                INSERT INTO metadef_\(table) (namespace_id, name, \(columns), created_at, updated_at)
                SELECT n.id, CONCAT('item', seq), \(values), NOW(), NOW() FROM metadef_namespaces n JOIN seq_1_to_150
                 WHERE n.namespace = 'much'
                """)
        }
        var shown: [Data] = []
        try inLittleMemory {
            for rest in ["", "/objects", "/properties"] { shown.append(try body("/v2/metadefs/namespaces/much\(rest)")) }
        }
        let wanted = Set((1...150).map { "item\($0)" })
        #expect(Set(texts(in: shown[0], after: "{\"name\": \"item").map { "item\($0)" }) == wanted)
        #expect(Set(texts(in: shown[1], after: "{\"name\": \"item").map { "item\($0)" }) == wanted)
        for data in [shown[0], shown[2]] {
            let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(Set((document["properties"] as? [String: Any] ?? [:]).keys) == wanted)
        }
        let few = try glance.send("GET", "/v2/metadefs/namespaces/much/objects?limit=2&marker=item11")
        #expect(few.json["objects"]?.array?.count == 2)
    }

    @Test func `of namespaces ends its pages early`() throws {
        try glance.execute(
            """
            INSERT INTO metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_at, updated_at)
            SELECT CONCAT('long', seq), 'n', REPEAT('x', 60000), 'public', 0, 'much', NOW() + INTERVAL seq SECOND, NOW() FROM seq_1_to_300
            """)
        var seen: [String] = []
        var pages = 0
        try inLittleMemory {
            var path: String? = "/v2/metadefs/namespaces?limit=1000"
            while let asked = path {
                let page = try body(asked)
                seen += texts(in: page, after: "{\"namespace\": \"long")
                path = next(in: page)
                pages += 1
            }
        }
        #expect(seen.count == 300 && Set(seen).count == 300)
        #expect(pages > 1)
        try glance.execute("DELETE FROM metadef_namespaces WHERE owner = 'much'")
    }

    @Test func `of tasks is read piece by piece`() throws {
        let id = try glance.hasImage()
        try glance.execute(
            """
            INSERT INTO tasks (id, type, status, owner, created_at, updated_at, deleted, image_id)
            SELECT CONCAT('00000000-0000-4000-9000-', LPAD(seq, 12, '0')), 'import', 'success', 'acme',
                   '2026-01-01' + INTERVAL (seq DIV 7) SECOND, NOW(), 0, '\(id)' FROM seq_1_to_400
            """)
        try glance.execute(
            """
            INSERT INTO task_info (task_id, input, result, message)
            SELECT id, CONCAT('{"a": "', REPEAT('x', 60000), '"}'), NULL, REPEAT('y', 10000) FROM tasks WHERE image_id = '\(id)'
            """)
        var lists: [Data] = []
        try inLittleMemory {
            lists.append(try body("/v2/images/\(id)/tasks"))
            lists.append(try body("/v2/tasks?limit=1000"))
        }
        let order = try glance.rows("SELECT id FROM tasks WHERE image_id = '\(id)' ORDER BY created_at DESC, id DESC").map { $0[0] ?? "" }
        for list in lists { #expect(texts(in: list, after: "{\"id\": \"") == order) }
    }
}
