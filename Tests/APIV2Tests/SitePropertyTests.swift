import Foundation
import TestSupport
import Testing

/// Spec v2 §21: what a site says of custom properties in its `schema-image.json`.
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

    @Test func `may be written without a frame`() throws {
        let glance = try glance(#"{"tier": {"type": "string"}}"#)
        let schema = try glance.send("GET", "/v2/schemas/images").json
        #expect(schema["properties"]?["images"]?["items"]?["properties"]?["tier"]?["is_base"]?.bool == false)
        #expect(try glance.create("{}").status == 201)
    }
}
