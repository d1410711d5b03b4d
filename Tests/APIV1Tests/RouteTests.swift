import TestSupport
import Testing

@Suite(.sharesServices) struct `Paths and methods of V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    @Test(arguments: ["GET", "POST", "PUT", "DELETE"])
    func `the root is the brief list for any method`(_ method: String) throws {
        let id = try glance.hasV1Image(["name": "at the root"])
        let reply = try glance.askV1(method, "/?limit=1&sort_key=created_at&name=at+the+root")
        #expect(reply.status == 200)
        let images = try #require(reply.json["images"]?.array)
        #expect(images.count == 1)
        #expect(images.first?.has("owner") == false)
        #expect(try glance.count("images", where: "id = '\(id)' AND deleted = 0") == 1)
    }

    static let notAllowed: [(String, String, Set<String>)] = [
        ("PUT", "/images", ["GET", "POST"]), ("DELETE", "/images", ["GET", "POST"]), ("PATCH", "/images", ["GET", "POST"]),
        ("POST", "/images/detail", ["GET"]), ("PUT", "/images/detail", ["GET"]), ("DELETE", "/images/detail", ["GET"]),
        ("POST", "/images/{image}", ["GET", "PUT", "DELETE"]), ("PATCH", "/images/{image}", ["GET", "PUT", "DELETE"]),
        ("POST", "/images/{image}/members", ["GET", "PUT"]), ("DELETE", "/images/{image}/members", ["GET", "PUT"]),
        // Unlike Glance, whose answers here have no `Allow`.
        ("GET", "/images/{image}/members/bolt", ["PUT", "DELETE"]), ("POST", "/images/{image}/members/bolt", ["PUT", "DELETE"]),
    ]

    @Test(arguments: notAllowed)
    func `a method that a path has not is 405 and says which it has`(_ method: String, _ path: String, _ allowed: Set<String>) throws {
        let id = try glance.hasV1Image(["name": "here"])
        let reply = try glance.askV1(method, path.replacing("{image}", with: id))
        #expect(reply.status == 405)
        let methods = (reply["Allow"] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(Set(methods) == (allowed.contains("GET") ? allowed.union(["HEAD"]) : allowed))
        #expect(Set(methods).count == methods.count, "each once")
        #expect(try glance.head(of: id).meta("name") == "here")
    }

    @Test(arguments: [
        "/nothing", "/image", "/images/{image}/file", "/images/{image}/members/bolt/x", "/images/{image}/tags/x", "/shared-images",
        "/shared-images/acme/x", "/members", "/tasks", "/schemas/image", "/images/{image}/actions/deactivate",
        // The flavor does not contain cache management.
        "/cached_images", "/cached_images/{image}", "/queued_images", "/queued_images/{image}",
    ])
    func `other paths are 404`(_ path: String) throws {
        let id = try glance.hasV1Image(data: "hello")
        for method in ["GET", "POST", "PUT", "DELETE"] {
            #expect(try glance.askV1(method, path.replacing("{image}", with: id)).status == 404, "\(method)")
        }
        #expect(try glance.get(id).text == "hello")
    }

    @Test(arguments: [
        ("GET", "/"), ("GET", "/images"), ("POST", "/images"), ("GET", "/images/detail"), ("HEAD", "/images/{image}"),
        ("GET", "/images/{image}"), ("PUT", "/images/{image}"), ("DELETE", "/images/{image}"), ("GET", "/images/{image}/members"),
        ("PUT", "/images/{image}/members"), ("PUT", "/images/{image}/members/bolt"), ("DELETE", "/images/{image}/members/bolt"),
        ("GET", "/shared-images/acme"),
    ])
    func `nothing is done for nobody`(_ method: String, _ path: String) throws {
        let id = try glance.hasV1Image(["name": "whole"])
        #expect(try glance.share(id, with: "bolt").status == 204)
        let mark = "by nobody \(newID())"
        let path = path.replacing("{image}", with: id)
        #expect(try glance.askV1(method, path, as: nil, ["name": mark]).status == 401)
        #expect(try glance.askV1(method, path, as: nil, ["name": mark], headers: ["X-Auth-Token": "mallory"]).status == 401)
        #expect(try glance.head(of: id).meta("name") == "whole")
        #expect(try glance.members(of: id) == ["bolt"])
        #expect(try glance.count("images", where: "name = '\(mark)'") == 0)
    }
}
