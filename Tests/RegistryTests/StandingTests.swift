import Foundation
import TestSupport
import Testing

/// The secret makes the registry trust glance-api; the operator's policy is about people.
@Suite(.sharesServices(Registry.self)) struct `What glance-api is to its registry` {
    /// No caller is an administrator by the default policy's role.
    private static func open(identity: String) throws -> TestGlance {
        let file = "\(TestFolder.root)/standing-\(UInt64.random(in: 0 ... .max)).yaml"
        try "\"context_is_admin\": \"role:cloud_admin\"\n".write(toFile: file, atomically: true, encoding: .utf8)
        return try TestGlance(["oslo_policy": "policy_file = \(file)"], identity: identity, workers: 1, runsRegistry: true)
    }

    private let data = [
        "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare", "Content-Type": "application/octet-stream",
    ]

    @Test func `does not hang on the rule of who is an administrator`() throws {
        let glance = try Self.open(identity: "tokens")
        let made = try glance.send("POST", "/v1/images", data, body: Array("hello".utf8))
        #expect(made.status == 201, "\(made.text)")
        #expect(made.image["owner"]?.string == "acme" && made.image["status"]?.string == "active")
        let id = made.image["id"]?.string ?? ""
        #expect(try glance.send("GET", "/v1/images/\(id)").text == "hello")
        let queued = try glance.send("POST", "/v1/images", data.filter { $0.key != "Content-Type" })
        #expect(queued.image["owner"]?.string == "acme")
        let second = queued.image["id"]?.string ?? ""
        #expect(try glance.send("PUT", "/v1/images/\(second)", data, body: Array("hello".utf8)).status == 200)
        #expect(try glance.send("PUT", "/v1/images/\(second)", ["x-image-meta-name": "new"]).image["owner"]?.string == "acme")
        #expect(try glance.send("PUT", "/v1/images/\(second)/members/bolt").status == 204)
        #expect(try glance.send("DELETE", "/v1/images/\(second)/members/bolt").status == 204)
        for image in [id, second] { #expect(try glance.send("DELETE", "/v1/images/\(image)").status == 200) }
        #expect(try glance.rows("SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_removals") == [["0"]])
        // A caller with the role and without the permission is an ordinary one.
        #expect(try glance.send("GET", "/v1/images/\(glance.hasRecord(#"{"visibility": "private"}"#))", as: .admin).status == 404)
    }

    @Test func `tells that a caller is an administrator, if no rule was checked`() throws {
        let glance = try Self.open(identity: "none")
        let id = try glance.hasRecord(#"{"visibility": "private", "name": "n"}"#)
        #expect(try glance.send("HEAD", "/v1/images/\(id)", as: nil).status == 200)
        #expect(
            try glance.send("PUT", "/v1/images/\(id)", as: nil, ["x-image-meta-name": "m", "x-image-meta-owner": "bolt"]).status == 200)
        #expect(try glance.record(id)["owner"]?.string == "bolt")
    }

    @Test(arguments: [
        ["X-Roles": "admin"], ["X-Roles": "admin", "X-Vitrine-Standing": "project"], ["X-Roles": "admin", "X-Vitrine-Standing": "Service"],
        ["X-Roles": "admin", "X-Vitrine-Standing": ""], ["X-Roles": "admin", "X-Vitrine-Standing": "admin"],
    ])
    func `is said by the one word for it alone`(_ headers: [String: String]) throws {
        let glance = try Registry.open()
        let id = try glance.hasRecord()
        let body = #"{"upload": {"image_id": "\#(id)", "token": "t", "pending_url": "u"}, "worker": "w"}"#
        #expect(try glance.askWith(identityHeaders.merging(headers) { $1 }, "POST", "/uploads", json: body).status == 403)
        #expect(try glance.record(id)["status"]?.string == "active")
    }

    /// A glance-api of any release sends people's standing, and none for itself.
    @Test(arguments: [("admin", "member", 200), ("project", "admin", 404), ("nonsense", "admin", 404)])
    func `tells what people are, whatever their roles`(_ standing: String, _ roles: String, _ status: Int) throws {
        let glance = try Registry.open()
        let id = try glance.hasRecord(#"{"visibility": "private"}"#)
        let headers = ["X-Project-Id": "elsewhere", "X-Roles": roles, "X-Vitrine-Standing": standing]
        #expect(try glance.askWith(identityHeaders.merging(headers) { $1 }, "GET", "/images/\(id)").status == status)
    }
}
