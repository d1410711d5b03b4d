import TestSupport
import Testing

/// The answers of a real Glance 33 to the same requests, with the same policy files. A denial may come from the route's own rule, from the
/// image's visibility or from the rule `get_image`; which comes first differs from route to route.
@Suite(.sharesServices) struct `A rule that is closed` {
    /// A request, and the answers to four people, with `get_image` allowed and denied.
    struct Row: CustomTestStringConvertible, Sendable {
        let method: String
        let path: String
        var json: String?
        let visibility: String
        /// For admin, alice (the owner's member), its reader, and bob (of another project that the image is shared with).
        let open, closed: [Int]

        init(_ method: String, _ path: String, _ json: String? = nil, on visibility: String, _ open: [Int], closed: [Int]) {
            (self.method, self.path, self.json, self.visibility) = (method, path, json, visibility)
            (self.open, self.closed) = (open, closed)
        }

        var testDescription: String { "\(method) \(path) \(json ?? "") on \(visibility)" }
    }

    private static let nobody = [404, 404, 404, 404]
    private static let forbidden = [403, 403, 403, 403]
    private static let toPublic = #"{"op": "replace", "path": "/visibility", "value": "public"}"#
    private static let toName = #"{"op": "replace", "path": "/name", "value": "n"}"#

    /// With the default rules.
    static let rows: [Row] = [
        Row("GET", "/members", on: "shared", [200, 200, 200, 200], closed: nobody),
        Row("GET", "/members", on: "public", forbidden, closed: forbidden),
        Row("POST", "/members", #"{"member": "zork"}"#, on: "shared", [200, 200, 403, 403], closed: nobody),
        Row("POST", "/members", #"{"member": "zork"}"#, on: "public", forbidden, closed: forbidden),
        Row("GET", "/members/bolt", on: "shared", [200, 200, 200, 200], closed: nobody),
        Row("GET", "/members/bolt", on: "public", nobody, closed: nobody),
        Row("PUT", "/members/bolt", #"{"status": "accepted"}"#, on: "public", forbidden, closed: forbidden),
        Row("PUT", "/members/nobody", #"{"status": "accepted"}"#, on: "shared", nobody, closed: nobody),
        Row("DELETE", "/members/nobody", on: "shared", nobody, closed: nobody),
        Row("DELETE", "/members/bolt", on: "public", forbidden, closed: forbidden),
        Row("PATCH", "", "[\(toPublic)]", on: "public", [200, 403, 403, 403], closed: [200, 403, 403, 403]),
        Row("PATCH", "", "[\(toPublic), \(toName)]", on: "shared", [200, 403, 403, 403], closed: [200, 403, 403, 403]),
        Row("PATCH", "", "[\(toName), \(toPublic)]", on: "shared", [200, 403, 403, 403], closed: [200, 403, 404, 404]),
        Row("PATCH", "", "[\(toName)]", on: "public", [200, 200, 403, 403], closed: [200, 200, 404, 404]),
        Row("POST", "/locations", #"{"url": "http://127.0.0.1:1/x"}"#, on: "active", [409, 409, 409, 409], closed: [409, 409, 409, 409]),
        Row("PUT", "/cache/{image}", on: "active", [202, 403, 403, 403], closed: [202, 403, 403, 403]),
        Row("DELETE", "/cache/{image}", on: "public", [204, 403, 403, 403], closed: [204, 403, 403, 403]),
    ]

    /// With the rules about members denied to everybody.
    static let rowsOfMembers: [Row] = [
        Row("GET", "/members/bolt", on: "shared", nobody, closed: nobody),
        Row("PUT", "/members/bolt", #"{"status": "accepted"}"#, on: "shared", forbidden, closed: nobody),
        Row("PUT", "/members/nobody", #"{"status": "accepted"}"#, on: "shared", forbidden, closed: nobody),
        Row("DELETE", "/members/bolt", on: "shared", forbidden, closed: nobody),
        Row("DELETE", "/members/nobody", on: "shared", forbidden, closed: nobody),
        Row("POST", "/members", #"{"member": "bolt"}"#, on: "shared", [409, 409, 403, 403], closed: nobody),
    ]

    private enum Open {}
    private enum Closed {}
    private enum OpenMembers {}
    private enum ClosedMembers {}

    private func glance(_ suite: Any.Type, _ policy: String) throws -> TestGlance {
        let file = "\(TestFolder.root)/closed-\(suite).yaml"
        try policy.write(toFile: file, atomically: true, encoding: .utf8)
        return try .of(
            suite, ["oslo_policy": "policy_file = \(file)", "DEFAULT": "image_cache_dir = \(TestFolder.root)/closed-\(suite)"])
    }

    @Test(arguments: rows) func `gives way to what Glance asks first`(_ row: Row) throws {
        try expect(row.open, row, try glance(Open.self, "{}\n"))
        try expect(row.closed, row, try glance(Closed.self, "get_image: '!'\n"))
    }

    @Test(arguments: rowsOfMembers) func `about members gives way to what Glance asks first`(_ row: Row) throws {
        try expect(row.open, row, try glance(OpenMembers.self, "get_member: '!'\n"))
        try expect(row.closed, row, try glance(ClosedMembers.self, "get_member: '!'\nget_image: '!'\n"))
    }

    private func expect(_ statuses: [Int], _ row: Row, _ glance: TestGlance) throws {
        for (person, status) in zip([TestGlance.Person.admin, .alice, .reader, .bob], statuses) {
            let id = row.visibility == "active" ? try glance.hasActiveImage(visibility: "public") : try image(row.visibility, glance)
            let path = row.path.hasPrefix("/cache") ? "/v2\(row.path.replacing("{image}", with: id))" : "/v2/images/\(id)\(row.path)"
            let type = row.method == "PATCH" ? "application/openstack-images-v2.1-json-patch" : "application/json"
            let reply = try glance.send(row.method, path, as: person, ["Content-Type": type], body: row.json.map { Array($0.utf8) })
            #expect(reply.status == status, "\(person): \(reply.text)")
        }
    }

    private func image(_ visibility: String, _ glance: TestGlance) throws -> String {
        let id = try glance.hasImage(as: .admin, #"{"visibility": "\#(visibility)", "owner": "acme"}"#)
        if visibility == "shared" {
            // Directly in the database, because the rules may deny it to everybody.
            try glance.execute(
                """
                INSERT INTO image_members (image_id, member, can_share, status, created_at, updated_at, deleted)
                VALUES ('\(id)', 'bolt', 0, 'pending', NOW(), NOW(), 0)
                """)
        }
        return id
    }
}
