import TestSupport
import Testing

/// The registry's routes for glance-api that Glance does not have: leases of uploads, and copies.
@Suite(.sharesServices(Registry.self)) struct `Uploads in the registry` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    private func begin(_ id: String, _ token: String, worker: String = "worker") throws -> Int {
        try glance.ask("POST", "/uploads", as: .service, json: #"{"upload": \#(upload(id, token)), "worker": "\#(worker)"}"#).status
    }

    private func upload(_ id: String, _ token: String) -> String {
        #"{"image_id": "\#(id)", "token": "\#(token)", "pending_url": "file:///store/.incoming/\#(token)"}"#
    }

    private func finish(_ id: String, _ token: String) throws -> Int { try finished(id, token).status }

    /// - Parameter besides: further members of the message.
    private func finished(_ id: String, _ token: String, besides: String = "") throws -> Reply {
        let measured = #"{"size": 5, "checksum": "5d41402abc4b2a76b9719d911017c592", "os_hash_algo": "sha512", "os_hash_value": "ab"}"#
        let json =
            #"{"upload": \#(upload(id, token)), "location": {"url": "file:///store/\#(id)", "metadata": "{}"}, "measured": \#(measured)\#(besides)}"#
        return try glance.ask("POST", "/uploads/\(token)/finish", as: .service, json: json)
    }

    private func abort(_ id: String, _ token: String, as status: String) throws -> Int {
        try glance.ask(
            "POST", "/uploads/\(token)/give-back", as: .service, json: #"{"upload": \#(upload(id, token)), "status": "\#(status)"}"#
        ).status
    }

    private func newToken() -> String { newID() }

    @Test func `begin with a lease, which is the only one`() throws {
        let (id, token) = (try glance.hasRecord(#"{"status": "queued"}"#), newToken())
        #expect(try begin(id, token) == 204)
        #expect(try glance.record(id)["status"]?.string == "saving")
        #expect(
            try glance.rows("SELECT image_id, worker, pending_url FROM vitrine_uploads WHERE token = '\(token)'", columns: 3)
                == [[id, "worker", "file:///store/.incoming/\(token)"]])
        #expect(
            try glance.count("vitrine_uploads", where: "token = '\(token)' AND lease_until > UTC_TIMESTAMP(6) + INTERVAL 20 SECOND") == 1)
        #expect(try begin(id, newToken()) == 409)
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 1)
    }

    @Test(arguments: ["active", "saving", "killed", "deactivated"])
    func `begin with a queued image alone`(_ status: String) throws {
        let id = try glance.hasRecord(#"{"status": "\#(status)"}"#)
        #expect(try begin(id, newToken()) == 409)
        #expect(try begin(newID(), newToken()) == 409)
        #expect(try glance.record(id)["status"]?.string == status)
    }

    @Test func `are renewed together, and told when one is lost`() throws {
        let worker = "worker-\(newID())"
        let (one, two) = (try glance.hasRecord(#"{"status": "queued"}"#), try glance.hasRecord(#"{"status": "queued"}"#))
        let tokens = [newToken(), newToken()]
        #expect(try begin(one, tokens[0], worker: worker) == 204)
        #expect(try begin(two, tokens[1], worker: worker) == 204)
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) WHERE worker = '\(worker)'")
        func renewed() throws -> [String] {
            let reply = try glance.ask("PUT", "/uploads", as: .service, json: #"{"worker": "\#(worker)"}"#)
            #expect(reply.status == 200)
            return (reply.json["tokens"]?.array?.compactMap(\.string) ?? []).sorted()
        }
        #expect(try renewed() == tokens.sorted())
        // Those that the worker names; an older release names none, and means all with its name.
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) WHERE token = '\(tokens[0])'")
        let body = #"{"worker": "\#(worker)", "tokens": ["\#(tokens[1])", "\#(newToken())"]}"#
        #expect(try glance.ask("PUT", "/uploads", as: .service, json: body).json["tokens"]?.array?.compactMap(\.string) == [tokens[1]])
        let isOver = "token = '\(tokens[0])' AND lease_until <= UTC_TIMESTAMP(6)"
        #expect(try glance.count("vitrine_uploads", where: isOver) == 1)
        #expect(try renewed() == tokens.sorted())
        #expect(
            try glance.count("vitrine_uploads", where: "worker = '\(worker)' AND lease_until > UTC_TIMESTAMP(6) + INTERVAL 20 SECOND") == 2)
        #expect(try glance.ask("DELETE", "/images/\(one)").status == 200)
        #expect(try renewed() == [tokens[1]])
    }

    @Test func `finish with all that was measured, however often it is said`() throws {
        let (id, token) = (try glance.hasRecord(#"{"status": "queued"}"#), newToken())
        #expect(try begin(id, token) == 204)
        #expect(try finish(id, token) == 204)
        let image = try glance.record(id)
        #expect(image["status"]?.string == "active")
        #expect(image["size"]?.int == 5)
        #expect(image["checksum"]?.string == "5d41402abc4b2a76b9719d911017c592")
        #expect(image["location"]?.string == "file:///store/\(id)")
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
        #expect(try finish(id, token) == 204)
        #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 1)
        #expect(try abort(id, token, as: "queued") == 204)
        #expect(try glance.record(id)["status"]?.string == "active")
    }

    @Test(arguments: ["queued", "killed"])
    func `that fail are given back, and finish no more`(_ status: String) throws {
        let (id, token) = (try glance.hasRecord(#"{"status": "queued"}"#), newToken())
        #expect(try begin(id, token) == 204)
        #expect(try abort(id, token, as: status) == 204)
        #expect(try glance.record(id)["status"]?.string == status)
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
        #expect(try finish(id, token) == 409)
        #expect(try glance.record(id)["status"]?.string == status)
    }

    @Test(arguments: ["active", "deleted", "saving", "importing", "nonsense", ""])
    func `are not given back as anything else`(_ status: String) throws {
        let (id, token) = (try glance.hasRecord(#"{"status": "queued"}"#), newToken())
        #expect(try begin(id, token) == 204)
        #expect(try abort(id, token, as: status) == 400)
        #expect(try glance.record(id)["status"]?.string == "saving")
    }

    @Test func `of an image that was deleted are gone`() throws {
        let (id, token) = (try glance.hasRecord(#"{"status": "queued"}"#), newToken())
        #expect(try begin(id, token) == 204)
        #expect(try glance.ask("DELETE", "/images/\(id)").status == 200)
        #expect(try finish(id, token) == 410)
    }

    @Test func `end with the image as it is then, if the API asks for it`() throws {
        let (id, token) = (try glance.hasRecord(#"{"status": "queued", "name": "shown", "properties": {"p": "v"}}"#), newToken())
        #expect(try begin(id, token) == 204)
        let reply = try finished(id, token, besides: #", "is_shown": true"#)
        #expect(reply.status == 200)
        #expect(reply.image == (try glance.record(id)) && reply.image["status"]?.string == "active")
        // The upload had ended already, so the answer has no image; the API requests it separately.
        #expect(try finished(id, token, besides: #", "is_shown": true"#).status == 204)
    }

    @Test(arguments: [
        ("POST", "/uploads"), ("PUT", "/uploads"), ("POST", "/uploads/token/finish"), ("POST", "/uploads/token/give-back"),
        ("POST", "/copies"),
    ])
    func `and copies are for the service alone, and need what they are about`(_ method: String, _ path: String) throws {
        let id = try glance.hasRecord(#"{"status": "queued"}"#)
        let body = #"{"upload": \#(upload(id, "token")), "worker": "w", "image_id": "\#(id)", "url": "http://x/", "status": "queued"}"#
        for who in [Who.alice, .admin, .bob, .nobody] {
            #expect(try glance.ask(method, path, as: who, json: body).status == 403, "\(who)")
        }
        for body in ["{}", "[]", "xx", "", #"{"upload": {}, "worker": 5, "image_id": 5, "url": 5}"#] {
            #expect(try glance.ask(method, path, as: .service, json: body).status == 400, "\(body)")
        }
        #expect(try glance.record(id)["status"]?.string == "queued")
        #expect(try glance.count("vitrine_copies", where: "image_id = '\(id)'") == 0)
    }

    @Test func `may be copies that are ordered, of which the later counts`() throws {
        let id = try glance.hasRecord(#"{"status": "queued"}"#)
        func order(_ url: String) throws -> Int {
            try glance.ask("POST", "/copies", as: .service, json: #"{"image_id": "\#(id)", "url": "\#(url)"}"#).status
        }
        #expect(try order("http://one/") == 204)
        #expect(try order("http://two/") == 204)
        #expect(try glance.rows("SELECT url FROM vitrine_copies WHERE image_id = '\(id)'") == [["http://two/"]])
        for url in ["http://x/🖼", "http://x/" + text(of: 70_000)] { #expect(try order(url) == 400) }
        #expect(try glance.rows("SELECT url FROM vitrine_copies WHERE image_id = '\(id)'") == [["http://two/"]])
    }
}
