import TestSupport
import Testing

@Suite(.sharesServices(Registry.self)) struct `Routes of the registry` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    static let allowed: [(path: String, methods: Set<String>)] = [
        ("/", ["GET", "POST", "PUT", "DELETE"]),
        ("/images", ["GET", "POST"]),
        ("/images/detail", ["GET"]),
        ("/images/{image}", ["GET", "PUT", "DELETE"]),
        ("/images/{image}/members", ["GET", "PUT"]),
        ("/images/{image}/members/bolt", ["PUT", "DELETE"]),
        ("/shared-images/acme", ["GET", "POST", "PUT", "DELETE"]),
        ("/uploads", ["POST", "PUT"]),
        ("/uploads/token/finish", ["POST"]),
        ("/uploads/token/give-back", ["POST"]),
        ("/copies", ["POST"]),
        ("/removals/1", ["DELETE"]),
    ]

    /// Unlike Glance, which answers 404 except for members.
    @Test(arguments: allowed)
    func `are 405 for another method, with those there are`(_ path: String, _ methods: Set<String>) throws {
        let id = try glance.hasRecord()
        for method in Set(["GET", "POST", "PUT", "PATCH", "DELETE"]).subtracting(methods) {
            let reply = try glance.ask(method, path.replacing("{image}", with: id), as: .service)
            #expect(reply.status == 405, "\(method)")
            let named = Set((reply["Allow"] ?? "").split(separator: ",").map { String($0.drop { $0 == " " }) })
            #expect(named.isSuperset(of: methods), "\(method): \(reply["Allow"] ?? "no Allow")")
            #expect(!named.contains(method))
        }
        #expect(try glance.record(id)["deleted"]?.bool == false)
    }

    @Test(arguments: ["GET", "POST"])
    func `of one member tell what a member has`(_ method: String) throws {
        let id = try glance.hasRecord()
        let reply = try glance.ask(method, method == "GET" ? "/images/\(id)/members/bolt" : "/images/\(id)/members", json: nil)
        #expect(reply.status == 405)
        #expect(reply["Allow"]?.contains("PUT") == true)
    }

    @Test(arguments: [
        "/nothing", "/v1/images", "/v1", "/v2/images", "/images/", "/images/x/nothing", "/images/detail/more", "/shared-images",
        "/shared-images/", "/uploads/", "/rpc", "/versions",
    ])
    func `that there are not are 404`(_ path: String) throws {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            #expect(try glance.ask(method, path, as: .service, json: method == "GET" ? nil : "{}").status == 404, "\(method)")
        }
    }

    @Test(arguments: ["GET", "POST", "PUT", "DELETE", "HEAD"])
    func `at the root give the brief list, by any method`(_ method: String) throws {
        let name = "root-\(newID())"
        let id = try glance.hasRecord(#"{"name": "\#(name)"}"#)
        let reply = try glance.ask(method, "/?name=\(name)")
        #expect(reply.status == 200)
        #expect(reply.images.compactMap { $0["id"]?.string } == (method == "HEAD" ? [] : [id]))
    }

    @Test(arguments: ["GET", "POST", "PUT", "DELETE"])
    func `of what is shared with a project take any method`(_ method: String) throws {
        let id = try glance.hasRecord()
        let project = "project-\(newID())"
        try glance.shares(id, with: project, mayShare: true)
        let reply = try glance.ask(method, "/shared-images/\(project)", as: .service)
        #expect(reply.status == 200)
        let shared = reply.json["shared_images"]?.array ?? []
        #expect(shared.count == 1)
        #expect(shared.first?["image_id"]?.string == id)
        #expect(shared.first?["can_share"]?.bool == true)
    }

    @Test(arguments: [("HEAD", 200), ("GET", 200)])
    func `of an image answer HEAD too`(_ method: String, _ status: Int) throws {
        let id = try glance.hasRecord()
        #expect(try glance.ask(method, "/images/\(id)").status == status)
        #expect(try glance.ask(method, "/images/\(newID())").status == 404)
    }

    @Test(arguments: ["req-asked-1", "asked-2"])
    func `answer with the request's id`(_ given: String) throws {
        let reply = try glance.ask("GET", "/images", ["X-Openstack-Request-Id": given])
        #expect(reply["x-openstack-request-id"] == (given.hasPrefix("req-") ? given : "req-" + given))
    }

    @Test(arguments: [("application/json", "application/json"), ("text/html", "text/html; charset=UTF-8")])
    func `refuse in what was asked for`(_ accept: String, _ type: String) throws {
        let reply = try glance.ask("GET", "/images/\(newID())", ["Accept": accept])
        #expect(reply.status == 404)
        #expect(reply["Content-Type"] == type)
    }
}
