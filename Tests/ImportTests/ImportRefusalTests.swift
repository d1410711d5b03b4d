import Foundation
import TestSupport
import Testing

/// The errors of `POST /v2/images/{image}/import`, and their order.
@Suite(.serialized, .sharesServices) struct `An import that is refused` {
    let glance: TestGlance
    /// No `glance-tasks` runs, so that an image stays in its state.
    init() throws { glance = try .of(Self.self, Self.options, stores: ["near", "far"]) }

    private static let options = Source.allowed.merging(["DEFAULT": "enabled_import_methods = glance-direct,web-download,copy-image"]) {
        $1
    }
    private static let direct = #"{"method": {"name": "glance-direct"}}"#
    private static let web = #"{"method": {"name": "web-download", "uri": "http://127.0.0.1:1/"}}"#
    private static let copy = #"{"method": {"name": "copy-image"}, "stores": ["far"]}"#

    /// The state that a refusal must not change.
    private func traces(of id: String) throws -> [[String?]] {
        try glance.rows(
            """
            SELECT i.status, CAST(i.size AS CHAR),
                   (SELECT GROUP_CONCAT(name, '=', value ORDER BY name) FROM image_properties WHERE image_id = i.id AND deleted = 0),
                   CAST((SELECT COUNT(*) FROM vitrine_jobs WHERE image_id = i.id) AS CHAR),
                   CAST((SELECT COUNT(*) FROM tasks WHERE image_id = i.id) AS CHAR),
                   CAST((SELECT COUNT(*) FROM image_locations WHERE image_id = i.id AND deleted = 0) AS CHAR)
              FROM images i WHERE i.id = '\(id)'
            """, columns: 6)
    }

    private func expectRefusal(
        _ body: String, on id: String, _ status: Int, as person: TestGlance.Person? = .alice, store: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = try traces(of: id)
        let staged = try glance.stagedFiles().sorted()
        let reply = try glance.order(body, on: id, as: person, store: store)
        #expect(reply.status == status, "\(body): \(reply.text)", sourceLocation: sourceLocation)
        #expect(try traces(of: id) == before, "\(body)", sourceLocation: sourceLocation)
        #expect(try glance.stagedFiles().sorted() == staged, "\(body)", sourceLocation: sourceLocation)
    }

    // MARK: bodies

    static let bodies = [
        "", "{", "[]", "null", #""method""#, "{}", #"{"method": {}}"#, #"{"method": null}"#, #"{"method": []}"#,
        #"{"method": "web-download"}"#, #"{"method": {"name": null}}"#, #"{"method": {"name": 5}}"#, #"{"method": {"name": ""}}"#,
        #"{"method": {"name": "no-such-method"}}"#, #"{"method": {"name": "GLANCE-DIRECT"}}"#,
        // Known, and not enabled here.
        #"{"method": {"name": "glance-download", "glance_region": "R", "glance_image_id": "a"}}"#,
        #"{"method": {"name": "glance-direct"}, "all_stores": "yes"}"#, #"{"method": {"name": "glance-direct"}, "all_stores": 1}"#,
        #"{"method": {"name": "glance-direct"}, "all_stores": null}"#,
        #"{"method": {"name": "glance-direct"}, "all_stores_must_succeed": "no"}"#,
        #"{"method": {"name": "glance-direct"}, "stores": "near"}"#, #"{"method": {"name": "glance-direct"}, "stores": {"near": 1}}"#,
        #"{"method": {"name": "glance-direct"}, "stores": [1]}"#, #"{"method": {"name": "glance-direct"}, "stores": [null]}"#,
        #"{"method": {"name": "glance-direct"}, "stores": []}"#,
    ]

    @Test(arguments: bodies) func `for its body changes nothing`(_ body: String) throws {
        try expectRefusal(body, on: try glance.hasStagedImage([1, 2, 3]), 400)
    }

    static let uris = [
        "null", #""""#, "5", "[]", #""/etc/passwd""#, #""file:///etc/passwd""#, #""FILE:///etc/passwd""#, #""http://""#, #""http:///x""#,
        #""ftp://127.0.0.1/""#, #""gopher://127.0.0.1/""#, #""http://127.0.0.1:99999/""#, #""http://example.org/""#,
        #""http://127.0.0.1/\r\nX: y""#, #""http://127.0.0.1@example.org/""#,
    ]

    @Test(arguments: uris) func `for its address changes nothing`(_ uri: String) throws {
        try expectRefusal(#"{"method": {"name": "web-download", "uri": \#(uri)}}"#, on: try glance.hasImage(), 400)
    }

    @Test func `for an address that is not there changes nothing`() throws {
        try expectRefusal(#"{"method": {"name": "web-download"}}"#, on: try glance.hasImage(), 400)
    }

    static let validations = [
        "null", "5", "{}", #"{"os_hash_algo": "sha256"}"#, #"{"os_hash_value": "00"}"#,
        #"{"os_hash_algo": "sha256", "os_hash_value": "00"}"#, #"{"os_hash_algo": "crc32", "os_hash_value": "00000000"}"#,
        #"{"os_hash_algo": "md5", "os_hash_value": "gggggggggggggggggggggggggggggggg"}"#,
        #"{"os_hash_algo": "md5", "os_hash_value": "5d41402abc4b2a76b9719d911017c592", "more": 1}"#,
    ]

    @Test(arguments: validations) func `for the digest that it expects changes nothing`(_ data: String) throws {
        let body = #"{"method": {"name": "web-download", "uri": "http://127.0.0.1:1/"}, "validation_data": \#(data)}"#
        try expectRefusal(body, on: try glance.hasImage(), 400)
    }

    // MARK: images

    @Test func `is so in every status that the method does not go with`() throws {
        let (queued, staged) = (try glance.hasImage(), try glance.hasStagedImage([1]))
        let active = try glance.hasActiveImage()
        let deactivated = try glance.hasActiveImage()
        #expect(try glance.send("POST", "/v2/images/\(deactivated)/actions/deactivate").status == 204)
        let importing = try glance.hasImage()
        try glance.orders(Self.web, on: importing)
        #expect(try glance.status(of: importing) == "importing")
        let cases: [(String, [String])] = [
            (Self.direct, [queued, active, deactivated, importing]), (Self.web, [staged, active, deactivated, importing]),
            (Self.copy, [queued, staged, deactivated, importing]),
        ]
        for (body, images) in cases {
            for image in images { try expectRefusal(body, on: image, 409, as: .admin) }
        }
    }

    @Test func `is so for an image that nobody sees`() throws {
        let id = try glance.hasImage()
        for (person, image, status) in [
            (TestGlance.Person.bob, id, 404), (.alice, UUID().uuidString.lowercased(), 404), (.alice, "nothing", 404),
        ] {
            #expect(try glance.order(Self.web, on: image, as: person).status == status, "\(person): \(image)")
        }
        #expect(try glance.order(Self.web, on: id, as: nil).status == 401)
        let deleted = try glance.hasImage()
        #expect(try glance.send("DELETE", "/v2/images/\(deleted)").status == 204)
        #expect(try glance.order(Self.web, on: deleted).status == 404)
        try glance.expectNothing(of: id, in: ["near", "far"])
    }

    @Test func `is so for an image without formats`() throws {
        for json in ["{}", #"{"disk_format": "raw"}"#, #"{"container_format": "bare"}"#] {
            try expectRefusal(Self.web, on: try glance.hasImage(json), 409)
        }
    }

    @Test func `is so for whoever may only look`() throws {
        let id = try glance.hasImage(
            as: .admin, #"{"disk_format": "raw", "container_format": "bare", "visibility": "public", "owner": "acme"}"#)
        for person in [TestGlance.Person.bob, .reader] { try expectRefusal(Self.web, on: id, 403, as: person) }
        // Copies are for administrators, whoever owns the image.
        let active = try glance.hasActiveImage()
        try expectRefusal(Self.copy, on: active, 403)
        try expectRefusal(#"{"method": {"name": "copy-image"}, "all_stores": true}"#, on: active, 403)
    }

    @Test func `is so while another task has the image`() throws {
        let id = try glance.hasActiveImage()
        try glance.orders(Self.copy, on: id, as: .admin)
        try expectRefusal(#"{"method": {"name": "copy-image"}, "all_stores": true}"#, on: id, 409, as: .admin)
        try expectRefusal(Self.copy, on: id, 409, as: .admin)
    }

    @Test func `of two at once is one`() async throws {
        let glance = glance
        let id = try glance.hasImage()
        let statuses = try await atOnce(8) { _ in try glance.order(Self.web, on: id).status }
        #expect(statuses.count { $0 == 202 } == 1, "\(statuses)")
        #expect(statuses.allSatisfy { $0 == 202 || $0 == 409 }, "\(statuses)")
        #expect(try glance.count("tasks", where: "image_id = '\(id)'") == 1)
        #expect(try glance.count("vitrine_jobs", where: "image_id = '\(id)'") == 1)
    }

    // MARK: stores

    @Test func `is so for stores that are not there, or named twice over`() throws {
        func body(_ rest: String) -> String { #"{"method": {"name": "glance-direct"}, \#(rest)}"# }
        let id = try glance.hasStagedImage([1, 2, 3])
        try expectRefusal(body(#""stores": ["nowhere"]"#), on: id, 409)
        try expectRefusal(body(#""stores": ["near", "nowhere"]"#), on: id, 409)
        try expectRefusal(body(#""stores": ["os_glance_staging_store"]"#), on: id, 409)
        try expectRefusal(Self.direct, on: id, 409, store: "nowhere")
        try expectRefusal(body(#""stores": ["near"], "all_stores": true"#), on: id, 400)
        try expectRefusal(body(#""stores": [], "all_stores": true"#), on: id, 400)
        try expectRefusal(body(#""all_stores": true"#), on: id, 400, store: "near")
        try expectRefusal(body(#""stores": ["near"]"#), on: id, 400, store: "far")
        try expectRefusal(body(#""stores": ["near", "far"]"#), on: id, 400, store: "near")
    }

    @Test func `is so for a copy to where the image lies`() throws {
        let id = try glance.hasActiveImage()
        try expectRefusal(#"{"method": {"name": "copy-image"}, "stores": ["near"]}"#, on: id, 400, as: .admin)
        try expectRefusal(#"{"method": {"name": "copy-image"}, "stores": ["far", "near"]}"#, on: id, 400, as: .admin)
        try expectRefusal(#"{"method": {"name": "copy-image"}}"#, on: id, 400, as: .admin)
        try expectRefusal(#"{"method": {"name": "copy-image"}}"#, on: id, 400, as: .admin, store: "near")
    }

    @Test func `for one store may not do without it`() throws {
        let glance = try TestGlance(workers: 1)
        let id = try glance.hasStagedImage([1])
        let body = #"{"method": {"name": "glance-direct"}, "all_stores_must_succeed": false}"#
        #expect(try glance.order(body, on: id).status == 400)
        #expect(try glance.status(of: id) == "uploading")
        #expect(try glance.count("tasks", where: "image_id = '\(id)'") == 0)
        #expect(try glance.image(id)["os_glance_import_task"] == nil)
    }

    // MARK: order

    /// Each request has two errors; the answer names the one that comes first in the list.
    @Test func `is so for the first reason of several`() throws {
        let active = try glance.hasActiveImage()
        let bare = try glance.hasImage("{}")
        let staged = try glance.hasStagedImage([1])
        let shown = try glance.hasImage(
            as: .admin, #"{"disk_format": "raw", "container_format": "bare", "visibility": "public", "owner": "acme"}"#)
        // The method comes before the image; the image's status before its formats, and both before permission.
        #expect(try glance.order(#"{"method": {"name": "none"}}"#, on: UUID().uuidString.lowercased()).status == 400)
        try expectRefusal(#"{"method": {"name": "web-download"}, "all_stores": 1}"#, on: active, 400)
        try expectRefusal(#"{"method": {"name": "web-download"}}"#, on: active, 409)
        try expectRefusal(#"{"method": {"name": "web-download"}}"#, on: bare, 409)
        try expectRefusal(Self.direct, on: shown, 409, as: .bob)
        try expectRefusal(#"{"method": {"name": "web-download"}}"#, on: shown, 403, as: .bob)
        // Permission comes before the stores, and these before the URL.
        try expectRefusal(#"{"method": {"name": "copy-image"}, "stores": ["nowhere"]}"#, on: active, 403)
        try expectRefusal(#"{"method": {"name": "web-download"}, "stores": ["nowhere"]}"#, on: try glance.hasImage(), 409)
        try expectRefusal(#"{"method": {"name": "glance-direct"}, "stores": ["nowhere"], "all_stores": true}"#, on: staged, 400)
    }

    @Test func `is one whose method is not enabled`() throws {
        let glance = try TestGlance(["DEFAULT": "enabled_import_methods = copy-image"], workers: 1)
        let id = try glance.hasImage()
        for body in [Self.direct, Self.web] { #expect(try glance.order(body, on: id).status == 400) }
        #expect(try glance.send("GET", "/v2/info/import").json["import-methods"]?["value"] == ["copy-image"])
        #expect(try glance.status(of: id) == "queued")
    }
}
