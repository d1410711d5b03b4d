import Foundation
import TestSupport
import Testing

/// A site's rules for custom properties in `schema-image.json`.
@Suite struct `Properties that a site describes` {
    private func glance(_ schema: String) throws -> TestGlance {
        let glance = try TestGlance(workers: 1)
        try schema.write(toFile: "\(glance.folder)/schema-image.json", atomically: true, encoding: .utf8)
        glance.site.stop()
        try glance.site.start()
        try glance.site.waitUntilReady()
        return glance
    }

    @Test func `are shown, asked for, and checked`() throws {
        let glance = try glance(
            #"""
            {"properties": {"tier": {"type": "string", "enum": ["gold", "tin"], "description": "What it costs"},
                            "cores": {"type": "integer"}}, "required": ["tier"]}
            """#)
        let schema = try glance.send("GET", "/v2/schemas/image").json
        #expect(schema["properties"]?["tier"]?["is_base"]?.bool == false)
        #expect(schema["properties"]?["tier"]?["enum"]?.array?.count == 2)
        #expect(schema["required"]?.array?.map(\.string) == ["tier"])
        #expect(try glance.create("{}").status == 400)
        #expect(try glance.create(#"{"tier": "lead"}"#).status == 400)
        #expect(try glance.create(#"{"tier": "tin", "cores": "many"}"#).status == 400)
        let made = try glance.create(#"{"tier": "tin", "cores": 4}"#)
        #expect(made.status == 201 && made.json["cores"]?.string == "4")
        let id = try #require(made.json["id"]?.string)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/tier", "value": "lead"}]"#).status == 400)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/name", "value": "n"}]"#).status == 200)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/tier", "value": "gold"}]"#).status == 200)
    }

    /// The kinds of values in the file that Glance ships: some may be null, some have a pattern.
    private static let likeGlance = #"""
        {"kernel_id": {"type": ["null", "string"], "pattern": "^[0-9a-f-]{36}$", "description": "An image that boots"},
         "ramdisk_id": {"type": ["null", "string"], "pattern": "^[0-9a-f-]{36}$"},
         "os_distro": {"type": "string"}, "secure": {"type": "boolean"}}
        """#

    /// The answers are those of a real Glance 33.
    @Test func `that may be null are null in every answer`() throws {
        let glance = try glance(Self.likeGlance)
        let made = try glance.create(#"{"name": "n", "kernel_id": null, "secure": true, "disk_format": "raw", "container_format": "bare"}"#)
        #expect(made.status == 201 && made.json["kernel_id"] == .null)
        let id = try #require(made.json["id"]?.string)
        func kept(_ name: String) throws -> [[String?]] {
            try glance.rows("SELECT value FROM image_properties WHERE image_id = '\(id)' AND name = '\(name)' AND deleted = 0")
        }
        #expect(try kept("kernel_id") == [[nil]] && kept("secure") == [["1"]])
        func changed(_ op: String, _ name: String, _ value: String) throws -> Reply {
            try glance.patch(id, #"[{"op": "\#(op)", "path": "/\#(name)", "value": \#(value)}]"#)
        }
        #expect(try changed("replace", "name", #""m""#).json["kernel_id"] == .null)
        #expect(try changed("replace", "ramdisk_id", "null").status == 409)
        #expect(try changed("add", "ramdisk_id", "null").json["ramdisk_id"] == .null)
        #expect(try changed("replace", "ramdisk_id", "\"\(id)\"").json["ramdisk_id"]?.string == id)
        #expect(try changed("replace", "ramdisk_id", "null").json["ramdisk_id"] == .null)
        #expect(try kept("ramdisk_id") == [[nil]])
        for (name, value) in [("kernel_id", #""none""#), ("os_distro", "null"), ("other", "null"), ("secure", "null")] {
            #expect(try changed("add", name, value).status == 400, "\(name)")
        }
        #expect(try glance.create(#"{"other": null}"#).status == 400)

        // A row without a value, of a property that is not described: an empty text, which the schema allows.
        try glance.execute(
            "INSERT INTO image_properties (image_id, name, value, created_at, deleted) VALUES ('\(id)', 'old', NULL, NOW(), 0)")
        let shown = try glance.image(id, as: .alice)
        let listed = try glance.send("GET", "/v2/images?name=m").json["images"]?.array?.first
        for image in [shown, try #require(listed)] {
            #expect(image["kernel_id"] == .null && image["ramdisk_id"] == .null && image["old"]?.string == "")
        }
        for filter in ["kernel_id=", "kernel_id=None", "kernel_id=null", "old="] {
            #expect(try glance.names("?\(filter)") == [], "\(filter)")
        }
        #expect(try changed("replace", "name", #""o""#).status == 200)
        #expect(try kept("old") == [[nil]] && kept("kernel_id") == [[nil]])

        // Glance shows booleans as texts too, which its own client rejects.
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/secure"}]"#).status == 200)
        // The client validates the image before it changes anything.
        let update = try Clients.run(
            "glance", ["--os-auth-token", "alice", "--os-image-url", glance.address, "image-update", "--name", "by client", id])
        #expect(update.status == 0, "\(update.errors)")
        let after = try glance.image(id, as: .alice)
        #expect(after["name"]?.string == "by client" && after["kernel_id"] == .null && after["old"]?.string == "")
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/ramdisk_id"}]"#).json["ramdisk_id"] == nil)
    }

    @Test func `may be written without a frame`() throws {
        let glance = try glance(#"{"tier": {"type": "string"}}"#)
        let schema = try glance.send("GET", "/v2/schemas/images").json
        #expect(schema["properties"]?["images"]?["items"]?["properties"]?["tier"]?["is_base"]?.bool == false)
        #expect(try glance.create("{}").status == 201)
    }
}
