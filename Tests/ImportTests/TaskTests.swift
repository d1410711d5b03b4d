import Foundation
import TestSupport
import Testing

/// `/v2/tasks` and the tasks of an image.
@Suite(.serialized, .sharesServices) struct `Tasks` {
    let glance: TestGlance
    /// No `glance-tasks` runs.
    init() throws { glance = try .of(Self.self, Source.allowed.merging(["DEFAULT": "limit_param_default = 20"]) { $1 }) }

    private static let input = #"{"import_from": "http://127.0.0.1:1/", "import_from_format": "raw", "image_properties": {"name": "old"}}"#

    private func create(_ body: String, as person: TestGlance.Person = .admin) throws -> Reply {
        try glance.send("POST", "/v2/tasks", as: person, json: body)
    }

    private func get(_ path: String, as person: TestGlance.Person? = .admin) throws -> Reply { try glance.send("GET", path, as: person) }

    private func has(_ count: Int) throws -> [String] {
        try (0..<count).map { _ in
            let id = try glance.hasImage()
            try glance.downloads("http://127.0.0.1:1/", to: id)
            return try #require(try glance.task(on: id)["id"]?.string)
        }
    }

    private func clear() throws {
        for table in ["vitrine_jobs", "task_info", "tasks"] { try glance.execute("DELETE FROM \(table)") }
    }

    // MARK: one

    @Test func `are ordered, and shown in full`() throws {
        let reply = try create(#"{"type": "import", "input": \#(Self.input)}"#)
        #expect(reply.status == 201)
        let id = try #require(reply.json["id"]?.string)
        #expect(reply["Location"] == "\(glance.address)/v2/tasks/\(id)")
        let shown = try get("/v2/tasks/\(id)")
        #expect(shown.status == 200)
        #expect(shown.json.object?.keys == reply.json.object?.keys)
        #expect(
            shown.json.object?.keys == [
                "id", "input", "type", "status", "owner", "message", "result", "created_at", "updated_at", "self", "schema", "image_id",
                "request_id", "user_id",
            ])
        let task = shown.json
        #expect(task["type"]?.string == "import" && task["status"]?.string == "pending" && task["owner"]?.string == "cloud")
        #expect(task["input"]?["import_from"]?.string == "http://127.0.0.1:1/")
        #expect(task["message"]?.string == "" && task["result"] == .null)
        #expect(task["self"]?.string == "/v2/tasks/\(id)" && task["schema"]?.string == "/v2/schemas/task")
        #expect(task["request_id"]?.string == reply["x-openstack-request-id"])
        let image = try glance.image(try #require(task["image_id"]?.string))
        #expect(image["name"]?.string == "old" && image["status"]?.string == "importing")
        #expect(image["disk_format"]?.string == "raw" && image["container_format"]?.string == "bare")
    }

    static let refused = [
        "", "{", "[]", "{}", #"{"type": "import"}"#, #"{"input": {}}"#, #"{"type": null, "input": {}}"#, #"{"type": "import", "input": 5}"#,
        #"{"type": "import", "input": null}"#, #"{"type": "import", "input": {}}"#, #"{"type": "import", "input": {"import_from": 5}}"#,
        #"{"type": "nothing", "input": {"import_from": "http://127.0.0.1:1/"}}"#,
        #"{"type": "api_image_import", "input": {"import_from": "http://127.0.0.1:1/"}}"#,
        #"{"type": "location_import", "input": {"import_from": "http://127.0.0.1:1/"}}"#,
        #"{"type": "import", "input": {"import_from": ""}}"#, #"{"type": "import", "input": {"import_from": "file:///etc/passwd"}}"#,
        #"{"type": "import", "input": {"import_from": "http://10.0.0.1/"}}"#,
        #"{"type": "import", "input": {"import_from": "http://127.0.0.1:1/", "import_from_format": "nothing"}}"#,
        #"{"type": "import", "input": {"import_from": "http://127.0.0.1:1/", "import_from_format": 5}}"#,
        #"{"type": "import", "input": {"import_from": "http://127.0.0.1:1/", "image_properties": {"min_disk": "x"}}}"#,
        #"{"type": "import", "input": {"import_from": "http://127.0.0.1:1/", "image_properties": {"visibility": "nobody"}}}"#,
    ]

    @Test(arguments: refused) func `that are none are not ordered, and no image is made`(_ body: String) throws {
        func counts() throws -> [Int] { [try glance.count("tasks", where: "1 = 1"), try glance.count("images", where: "deleted = 0")] }
        let before = try counts()
        let reply = try create(body)
        #expect(reply.status == 400, "\(body): \(reply.text)")
        #expect(try counts() == before, "\(body)")
    }

    @Test func `are for administrators`() throws {
        let id = try #require(try has(1).first)
        for person in [TestGlance.Person.alice, .bob, .reader] {
            #expect(try get("/v2/tasks", as: person).status == 403)
            #expect(try get("/v2/tasks/\(id)", as: person).status == 403)
            #expect(try create(#"{"type": "import", "input": \#(Self.input)}"#, as: person).status == 403)
            // A caller without permission is not told what is wrong with it.
            #expect(try create("{}", as: person).status == 403)
            #expect(try glance.send("DELETE", "/v2/tasks/\(id)", as: person).status == 403)
        }
        #expect(try get("/v2/tasks", as: nil).status == 401)
        #expect(try get("/v2/tasks/\(id)").status == 200)
    }

    @Test func `that are not there are not found`() throws {
        for id in [UUID().uuidString.lowercased(), "nothing", "%F0%9F%98%80", String(repeating: "a", count: 3000), "'"] {
            #expect(try get("/v2/tasks/\(id)").status == 404, "\(id.prefix(40))")
        }
    }

    @Test func `are not deleted by anybody`() throws {
        let id = try #require(try has(1).first)
        let reply = try glance.send("DELETE", "/v2/tasks/\(id)", as: .admin)
        #expect(reply.status == 405 && reply["Allow"] == "GET, HEAD")
        #expect(try get("/v2/tasks/\(id)").status == 200)
    }

    // MARK: lists

    @Test func `are listed page by page, whatever they are sorted by`() throws {
        try clear()
        let all = Set(try has(7))
        // Some have ended, and others have no such time.
        for id in all.sorted().prefix(3) {
            try glance.execute("UPDATE tasks SET status = 'success', expires_at = UTC_TIMESTAMP() + INTERVAL 1 DAY WHERE id = '\(id)'")
        }
        for key in [
            "id", "type", "status", "owner", "expires_at", "created_at", "updated_at", "deleted_at", "image_id", "request_id", "user_id",
        ] {
            for direction in ["asc", "desc"] {
                var path: String? = "/v2/tasks?limit=2&sort_key=\(key)&sort_dir=\(direction)"
                var seen: [String] = []
                var pages = 0
                while let next = path, pages < 8 {
                    let reply = try get(next)
                    guard reply.status == 200 else { throw Unexpected(reply) }
                    let tasks = reply.json["tasks"]?.array ?? []
                    #expect(tasks.count <= 2)
                    seen += tasks.compactMap { $0["id"]?.string }
                    #expect(reply.json["first"]?.string == "/v2/tasks?limit=2&sort_key=\(key)&sort_dir=\(direction)")
                    #expect(reply.json["schema"]?.string == "/v2/schemas/tasks")
                    path = reply.json["next"]?.string
                    pages += 1
                }
                #expect(seen.count == 7 && Set(seen) == all, "\(key) \(direction): \(seen)")
                if key == "id" { #expect(seen == (direction == "asc" ? all.sorted() : all.sorted().reversed())) }
            }
        }
    }

    @Test func `are listed without what is long`() throws {
        try clear()
        let ids = try has(2)
        let reply = try get("/v2/tasks")
        #expect(reply.json.object?.keys == ["tasks", "first", "schema"])
        let task = try #require(reply.json["tasks"]?.array?.first)
        #expect(task.object?.keys == ["id", "type", "status", "owner", "created_at", "updated_at", "self", "schema"])
        #expect(Set(reply.json["tasks"]?.array?.compactMap { $0["id"]?.string } ?? []) == Set(ids))
        #expect(try get("/v2/tasks?limit=0").json["tasks"]?.array?.isEmpty == true)
    }

    @Test func `are listed by what they are`() throws {
        try clear()
        let ids = try has(2)
        let legacy = try create(#"{"type": "import", "input": \#(Self.input)}"#).json["id"]?.string
        try glance.execute("UPDATE tasks SET status = 'failure' WHERE id = '\(ids[0])'")
        func found(_ query: String) throws -> Set<String> {
            Set(try get("/v2/tasks?\(query)").json["tasks"]?.array?.compactMap { $0["id"]?.string } ?? [])
        }
        #expect(try found("status=failure") == [ids[0]])
        #expect(try found("type=import") == [legacy])
        #expect(try found("owner=acme") == Set(ids))
        #expect(try found("owner=acme&status=pending") == [ids[1]])
        #expect(try found("owner=nobody") == [])
    }

    static let questions = [
        "limit=-1", "limit=x", "marker=nothing", "marker=\(UUID().uuidString.lowercased())", "sort_key=nothing", "sort_key=input",
        "sort_key=id;", "sort_dir=up", "status=nothing", "type=nothing", "owner=%F0%9F%98%80",
    ]

    @Test(arguments: questions) func `are not listed for a question that is none`(_ query: String) throws {
        let reply = try get("/v2/tasks?\(query)")
        #expect(reply.status == 400, "\(query): \(reply.text)")
    }

    // MARK: of an image

    @Test func `of an image are told to those who see it, as far as they are theirs`() throws {
        let id = try glance.hasImage(
            as: .admin, #"{"disk_format": "raw", "container_format": "bare", "visibility": "public", "owner": "acme"}"#)
        try glance.orders(#"{"method": {"name": "web-download", "uri": "http://127.0.0.1:1/"}}"#, on: id, as: .admin)
        let all = try get("/v2/images/\(id)/tasks")
        #expect(all.status == 200 && all.json.object?.keys == ["tasks"])
        let task = try #require(all.json["tasks"]?.array?.first)
        #expect(
            task.object?.keys == [
                "id", "type", "status", "owner", "expires_at", "created_at", "updated_at", "deleted_at", "deleted", "image_id",
                "request_id", "user_id", "input", "result", "message",
            ])
        #expect(task["image_id"]?.string == id && task["deleted"] == .bool(false) && task["owner"]?.string == "cloud")
        for person in [TestGlance.Person.alice, .bob] {
            let reply = try get("/v2/images/\(id)/tasks", as: person)
            #expect(reply.status == 200 && reply.json["tasks"]?.array?.isEmpty == true, "\(person)")
        }
        let own = try glance.hasImage()
        try glance.downloads("http://127.0.0.1:1/", to: own)
        #expect(try get("/v2/images/\(own)/tasks", as: .anna).json["tasks"]?.array?.count == 1)
        #expect(try get("/v2/images/\(own)/tasks", as: .bob).status == 404)
        #expect(try get("/v2/images/\(UUID().uuidString.lowercased())/tasks").status == 404)
        #expect(try get("/v2/images/\(own)/tasks", as: nil).status == 401)
    }

    // MARK: their end

    @Test func `whose time is over are told of no more`() throws {
        try clear()
        let ids = try has(2)
        try glance.execute("UPDATE tasks SET status = 'success', expires_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE id = '\(ids[0])'")
        try glance.execute("UPDATE tasks SET status = 'success', expires_at = UTC_TIMESTAMP() + INTERVAL 1 HOUR WHERE id = '\(ids[1])'")
        #expect(try get("/v2/tasks/\(ids[0])").status == 404)
        #expect(try get("/v2/tasks/\(ids[1])").json["expires_at"]?.string?.hasSuffix("Z") == true)
        #expect(try get("/v2/tasks").json["tasks"]?.array?.compactMap { $0["id"]?.string } == [ids[1]])
        #expect(try get("/v2/tasks?marker=\(ids[0])").status == 400)
        let image = try #require(try glance.rows("SELECT image_id FROM tasks WHERE id = '\(ids[0])'")[0][0])
        #expect(try get("/v2/images/\(image)/tasks").json["tasks"]?.array?.isEmpty == true)
    }

    @Test func `have as long as the site gives them`() throws {
        let glance = try TestGlance(Source.allowed.merging(["task": "task_time_to_live = 2"]) { $1 }, workers: 1, runsTasks: true)
        let source = try Source(Array("hello".utf8))
        let id = try glance.hasImage()
        try glance.downloads(source.url, to: id)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        let hours = try glance.rows(
            "SELECT CAST(TIMESTAMPDIFF(MINUTE, updated_at, expires_at) AS CHAR) FROM tasks WHERE image_id = '\(id)'")
        #expect(hours == [["120"]])
        // Tasks that are over are removed, soon after the start and then at intervals.
        try glance.execute("UPDATE tasks SET expires_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND")
        kill(try #require(glance.site.tasksID), SIGTERM)
        #expect(
            try eventually {
                try glance.site.revive()
                return try glance.count("tasks", where: "deleted = 1") == 1
            })
    }

    // MARK: schemas

    @Test func `have schemas that tell of all that they show`() throws {
        let id = try #require(try has(1).first)
        let schema = try get("/v2/schemas/task", as: .alice)
        #expect(schema.status == 200 && schema.json["name"]?.string == "task")
        let known = Set(schema.json["properties"]?.object?.keys ?? [])
        for key in try get("/v2/tasks/\(id)").json.object?.keys ?? [] { #expect(known.contains(key), "\(key)") }
        let list = try get("/v2/schemas/tasks", as: .alice).json
        #expect(list["name"]?.string == "tasks")
        let brief = Set(list["properties"]?["tasks"]?["items"]?["properties"]?.object?.keys ?? [])
        for name in ["input", "result", "message"] { #expect(!brief.contains(name)) }
        #expect(list["links"]?.array?.compactMap { $0["rel"]?.string } == ["first", "next", "describedby"])
    }
}
