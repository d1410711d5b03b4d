import Foundation
import TestSupport
import Testing

/// Characters of four bytes in UTF-8, which Glance's columns cannot hold and MariaDB cannot compare with them.
@Suite(.sharesServices) struct `Letters of four bytes` {
    private static let wide = "%F0%9F%98%80"
    private let glance: TestGlance

    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    private static let paths = [
        "/v2/images/{image}", "/v2/images/{image}/file", "/v2/images/{image}/stage", "/v2/images/{image}/import",
        "/v2/images/{image}/members", "/v2/images/{image}/members/{member}", "/v2/images/{image}/tags/{tag}",
        "/v2/images/{image}/actions/deactivate", "/v2/images/{image}/actions/reactivate", "/v2/images/{image}/tasks",
        "/v2/images/{image}/locations", "/v2/stores/{store}/{image}", "/v2/tasks/{task}", "/v2/cache/{image}",
        "/v2/metadefs/namespaces/{namespace}", "/v2/metadefs/namespaces/{namespace}/objects",
        "/v2/metadefs/namespaces/{namespace}/objects/{object}", "/v2/metadefs/namespaces/{namespace}/properties",
        "/v2/metadefs/namespaces/{namespace}/properties/{property}", "/v2/metadefs/namespaces/{namespace}/tags",
        "/v2/metadefs/namespaces/{namespace}/tags/{tag}", "/v2/metadefs/namespaces/{namespace}/resource_types",
        "/v2/metadefs/namespaces/{namespace}/resource_types/{type}", "/v2/schemas/{schema}",
        "/v1/images/{image}", "/v1/images/{image}/members", "/v1/images/{image}/members/{member}", "/v1/shared-images/{member}",
    ]
    private static let registryPaths = [
        "/images/{image}", "/images/{image}/members", "/images/{image}/members/{member}", "/shared-images/{member}", "/removals/{number}",
        "/uploads/{token}/finish", "/uploads/{token}/give-back",
    ]
    private static let methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]
    private static let bodies: [String?] = [
        nil, "{}", #"{"name": "😀", "status": "😀", "member": "😀", "url": "😀", "tags": [{"name": "😀"}]}"#,
    ]

    /// One `{…}` of a pattern contains such a character, the others existing values.
    private func filled(_ pattern: String, _ image: String) -> [String] {
        let known = ["image": image, "namespace": "wide", "member": "bolt", "task": newID()]
        let parts = pattern.split(separator: "/").map(String.init)
        let places = parts.indices.filter { parts[$0].hasPrefix("{") }
        return places.map { wide in
            let filled = parts.indices.map { place -> String in
                guard places.contains(place) else { return parts[place] }
                return place == wide ? "x" + Self.wide : known[String(parts[place].dropFirst().dropLast())] ?? "x"
            }
            return "/" + filled.joined(separator: "/")
        }
    }

    @Test(arguments: paths) func `in a path are no image's, nor anything else's`(_ pattern: String) throws {
        let image = try glance.hasImage(#"{"visibility": "shared"}"#)
        _ = try glance.send("POST", "/v2/metadefs/namespaces", as: .admin, json: #"{"namespace": "wide", "visibility": "public"}"#)
        for path in filled(pattern, image) {
            for method in Self.methods {
                for body in Self.bodies where body == nil || !["GET", "HEAD", "DELETE"].contains(method) {
                    let type = method == "PATCH" ? "application/openstack-images-v2.1-json-patch" : "application/json"
                    let reply =
                        try body.map { try glance.send(method, path, as: .admin, json: $0, type: type) }
                        ?? glance.send(method, path, as: .admin)
                    #expect((400..<500).contains(reply.status), "\(method) \(path) \(body ?? ""): \(reply.status)")
                }
            }
            #expect([404, 405].contains(try glance.send("GET", path, as: .admin).status), "\(path)")
        }
    }

    @Test(arguments: registryPaths) func `in a path of the registry are nobody's`(_ pattern: String) throws {
        let image = try glance.hasImage(#"{"visibility": "shared"}"#)
        for path in filled(pattern, image) {
            for method in Self.methods {
                for body in Self.bodies where body == nil || method != "GET" {
                    let status = try registry(method, path, body)
                    #expect((400..<500).contains(status), "\(method) \(path) \(body ?? ""): \(status)")
                }
            }
        }
        #expect(try registry("GET", "/shared-images/\(Self.wide)", nil) == 404)
    }

    @Test(arguments: [
        "/v2/images", "/v2/tasks", "/v2/metadefs/namespaces", "/v2/metadefs/namespaces/wide/objects", "/v2/metadefs/namespaces/wide/tags",
        "/v2/metadefs/namespaces/wide", "/v2/metadefs/namespaces/wide/properties/p", "/v1/images", "/v1/images/detail", "/images",
        "/images/detail", "/shared-images/acme", "/v2/images/{image}/file",
    ])
    func `in a query are refused, or found nowhere`(_ path: String) throws {
        let image = try glance.hasImage()
        for name in [
            "limit", "marker", "sort", "sort_key", "sort_dir", "name", "id", "status", "owner", "checksum", "visibility", "tag",
            "member_status", "os_hidden", "protected", "disk_format", "container_format", "os_hash_algo", "os_hash_value", "size_min",
            "min_ram", "created_at", "property-x", "changes-since", "is_public", "deleted", "type", "image_id", "request_id", "user_id",
            "resource_types", "resource_type", "prefer", "after", "x", Self.wide,
        ] {
            for text in ["\(name)=\(Self.wide)", "limit=5&\(name)=a\(Self.wide)"] {
                let asked = "\(path.replacing("{image}", with: image))?\(text)"
                let isForRegistry = !path.hasPrefix("/v")
                let status = try isForRegistry ? registry("GET", asked, nil) : glance.send("GET", asked, as: .admin).status
                #expect(status < 500, "\(asked): \(status)")
            }
        }
    }

    @Test func `of a member's name are 400 where it would be given`() throws {
        let image = try glance.hasImage(#"{"visibility": "shared"}"#)
        #expect(try glance.askV1("PUT", "/images/\(image)/members/\(Self.wide)").status == 400)
        #expect(try glance.send("PUT", "/v2/images/\(image)/tags/\(Self.wide)").status == 400)
        #expect(try glance.send("POST", "/v2/images/\(image)/members", json: #"{"member": "😀"}"#).status == 400)
        #expect(try glance.askV1("GET", "/shared-images/\(Self.wide)", as: .admin).status == 404)
    }

    private func registry(_ method: String, _ path: String, _ body: String?) throws -> Int {
        let connection = try HTTPConnection(port: glance.registryPort)
        var headers = ["X-Vitrine-Secret": TestGlance.secret, "X-Identity-Status": "Confirmed", "X-Roles": "admin"]
        if body != nil { headers["Content-Type"] = "application/json" }
        try connection.send(glance.head(method, path, nil, headers, length: body?.utf8.count))
        if let body { try connection.send(body) }
        return try connection.receive(isHead: method == "HEAD").status
    }
}
