import Foundation
import TestSupport
import Testing

/// Texts that the database's collation, or Unicode, treats as equal are told apart by their bytes.
@Suite(.sharesServices) struct `Texts that are nearly the same` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    /// `é` as one letter, and as `e` with a combining accent.
    private static let (whole, parted) = ("caf\u{E9}", "cafe\u{301}")

    private func properties(_ id: String) throws -> [[String?]] {
        try glance.rows(
            "SELECT HEX(name), value FROM image_properties WHERE image_id = '\(id)' AND deleted = 0 ORDER BY HEX(name)", columns: 2)
    }

    private func hex(_ text: String) -> String {
        text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined().uppercased()
    }

    @Test func `name two properties`() throws {
        let id = try glance.hasImage(#"{"\#(Self.whole)": "one", "\#(Self.parted)": "two"}"#)
        #expect(try properties(id) == [[hex(Self.parted), "two"], [hex(Self.whole), "one"]])
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/\#(Self.parted)", "value": "three"}]"#).status == 200)
        #expect(try properties(id) == [[hex(Self.parted), "three"], [hex(Self.whole), "one"]])
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/\#(Self.whole)"}]"#).status == 200)
        #expect(try properties(id) == [[hex(Self.parted), "three"]])
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/\#(Self.whole)"}]"#).status == 409)
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/\#(Self.whole)", "value": "four"}]"#).status == 200)
        #expect(try properties(id) == [[hex(Self.parted), "three"], [hex(Self.whole), "four"]])
    }

    @Test func `are two values and two names`() throws {
        let id = try glance.hasImage(#"{"name": "\#(Self.whole)", "a": "\#(Self.whole)"}"#)
        let changes = ["name", "a"].map { #"{"op": "replace", "path": "/\#($0)", "value": "\#(Self.parted)"}"# }
        #expect(try glance.patch(id, "[\(changes.joined(separator: ", "))]").status == 200)
        #expect(try glance.rows("SELECT HEX(name) FROM images WHERE id = '\(id)'") == [[hex(Self.parted)]])
        #expect(try glance.rows("SELECT HEX(value) FROM image_properties WHERE image_id = '\(id)'") == [[hex(Self.parted)]])
    }

    @Test func `are two tags`() throws {
        func tags(_ id: String) throws -> [String?] {
            try glance.rows("SELECT HEX(value) FROM image_tags WHERE image_id = '\(id)' AND deleted = 0 ORDER BY 1").map { $0[0] }
        }
        let id = try glance.hasImage(#"{"tags": ["\#(Self.whole)", "\#(Self.parted)"]}"#)
        #expect(try tags(id) == [Self.parted, Self.whole].map(hex))
        #expect(try glance.send("DELETE", "/v2/images/\(id)/tags/caf%C3%A9").status == 204)
        #expect(try tags(id) == [hex(Self.parted)])
        #expect(try glance.send("DELETE", "/v2/images/\(id)/tags/caf%C3%A9").status == 404)
        #expect(try glance.send("PUT", "/v2/images/\(id)/tags/caf%C3%A9").status == 204)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/tags", "value": ["\#(Self.whole)"]}]"#).status == 200)
        #expect(try tags(id) == [hex(Self.whole)])
    }

    // MARK: members

    private func members(_ id: String) throws -> [[String?]] {
        try glance.rows(
            "SELECT member, status, can_share FROM image_members WHERE image_id = '\(id)' AND deleted = 0 ORDER BY BINARY member",
            columns: 3)
    }

    private func add(_ member: String, to id: String) throws -> Int {
        try glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": "\#(member)"}"#).status
    }

    /// The rows that a race between two workers of Glance leaves.
    private func hasImage(sharedWith names: [String]) throws -> String {
        let id = try glance.hasActiveImage()
        for name in names {
            try glance.execute(
                """
                INSERT INTO image_members (image_id, member, can_share, status, created_at, updated_at, deleted)
                VALUES ('\(id)', '\(name)', 0, 'pending', '2026-01-01', '2026-01-01', 0)
                """)
        }
        return id
    }

    @Test func `are two members`() throws {
        let id = try hasImage(sharedWith: ["BOLT", "bolt"])
        #expect(try glance.send("PUT", "/v2/images/\(id)/members/bolt", as: .bob, json: #"{"status": "accepted"}"#).status == 200)
        #expect(try members(id) == [["BOLT", "pending", "0"], ["bolt", "accepted", "0"]])
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/Bolt").status == 404)
        #expect(try members(id).count == 2)
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/bolt").status == 204)
        #expect(try members(id) == [["BOLT", "pending", "0"]])
    }

    /// The table's unique key does not allow two such rows that are removed in the same second, either.
    @Test func `are not shared with side by side, but one after the other`() throws {
        let id = try glance.hasActiveImage()
        #expect(try add("BOLT", to: id) == 200)
        #expect(try add("bolt", to: id) == 409)
        #expect(try members(id) == [["BOLT", "pending", "0"]])
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/BOLT").status == 204)
        #expect(try add("bolt", to: id) == 200)
        #expect(try members(id) == [["bolt", "pending", "0"]])
    }

    @Test func `let nobody in who is another`() throws {
        let id = try hasImage(sharedWith: ["BOLT"])
        #expect(try glance.send("GET", "/v2/images/\(id)", as: .bob).status == 404)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .bob).status == 404)
        let list = try glance.send("GET", "/v2/images?member_status=all&limit=1000", as: .bob)
        #expect(list.status == 200 && !list.text.contains(id))
        // Nor what belongs to the other name.
        let own = try glance.hasActiveImage(visibility: "private")
        try glance.execute("UPDATE images SET owner = 'BOLT' WHERE id = '\(own)'")
        #expect(try glance.send("GET", "/v2/images/\(own)", as: .bob).status == 404)
        #expect(try !glance.send("GET", "/v2/images?limit=1000", as: .bob).text.contains(own))
        #expect(try !glance.send("GET", "/v2/images?limit=1000&visibility=private", as: .bob).text.contains(own))
    }

    @Test func `are two members for the registry, and are not both there by it`() throws {
        let headers = [
            "X-Vitrine-Secret": TestGlance.secret, "X-Identity-Status": "Confirmed", "X-Roles": "admin", "Content-Type": "application/json",
        ]
        func ask(_ method: String, _ path: String, _ json: String) throws -> Int {
            let connection = try HTTPConnection(port: glance.registryPort)
            try connection.send(glance.head(method, path, nil, headers, length: json.utf8.count) + Array(json.utf8))
            return try connection.receive().status
        }
        let id = try hasImage(sharedWith: ["BOLT", "bolt"])
        #expect(try ask("PUT", "/images/\(id)/members/bolt", #"{"member": {"can_share": true}}"#) == 204)
        #expect(try members(id) == [["BOLT", "pending", "0"], ["bolt", "pending", "1"]])
        #expect(try ask("PUT", "/images/\(id)/members", #"{"memberships": [{"member_id": "BOLT"}]}"#) == 204)
        #expect(try members(id) == [["BOLT", "pending", "0"]])
        #expect(try ask("PUT", "/images/\(id)/members/bolt", "{}") == 409)
        #expect(try ask("PUT", "/images/\(id)/members", #"{"memberships": [{"member_id": "bolt"}]}"#) == 204)
        #expect(try members(id) == [["bolt", "pending", "0"]])
    }

    // MARK: indexes

    /// An index finds the rows, which are then compared byte by byte.
    @Test func `are found by an index`() throws {
        let statements = [
            "SELECT 1 FROM image_properties WHERE image_id = 'x' AND name = 'a' AND BINARY name = 'a' AND deleted = 0",
            "SELECT 1 FROM image_tags WHERE image_id = 'x' AND value = 'a' AND BINARY value = 'a' AND deleted = 0",
            "SELECT 1 FROM image_members WHERE image_id = 'x' AND member = 'a' AND BINARY member = 'a' AND deleted = 0",
            "SELECT 1 FROM image_locations WHERE image_id = 'x' AND BINARY value = 'a' AND BINARY COALESCE(meta_data, '{}') = 'a' AND deleted = 0",
            "SELECT 1 FROM vitrine_copies WHERE image_id = 'x' AND BINARY url = 'a'",
        ]
        for statement in statements {
            let plan = try glance.rows("EXPLAIN FORMAT=JSON \(statement)")[0][0] ?? ""
            #expect(plan.contains(#""key":"#) || plan.contains("Impossible WHERE"), "\(plan)")
            #expect(!plan.contains(#""access_type": "ALL""#), "\(plan)")
        }
    }
}
