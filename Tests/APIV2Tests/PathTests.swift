import TestSupport
import Testing

@Suite(.sharesServices) struct `Paths` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test(arguments: [
        ("nothing below the version", "/v2/"), ("an unknown name", "/v2/nothing"), ("a trailing slash", "/v2/images/"),
        ("a trailing slash after an image", "/v2/images/{image}/"), ("an unknown name below an image", "/v2/images/{image}/nothing"),
        ("another case", "/v2/Images"), ("a segment too many", "/v2/images/{image}/file/more"),
        ("an action that there is not", "/v2/images/{image}/actions/explode"), ("actions alone", "/v2/images/{image}/actions"),
        ("no tag", "/v2/images/{image}/tags/"), ("tags alone", "/v2/images/{image}/tags"),
        ("an encoded slash", "/v2/images%2F{image}"), ("an encoded slash below an image", "/v2/images/{image}%2Ffile"),
        ("an encoded slash in lower case", "/v2/images/{image}%2ffile"), ("an encoded slash in an id", "/v2/images/..%2F..%2Fetc%2Fpasswd"),
        ("dots", "/v2/images/.."), ("dots in the middle", "/v2/images/../images/{image}"), ("dots encoded", "/v2/images/%2e%2e"),
        ("dots encoded twice", "/v2/images/%252e%252e"), ("a path of nginx's own", "/v2/_blobs/file/{image}"),
    ])
    func `that lead nowhere are 404`(_ row: String, _ path: String) throws {
        let image = try glance.hasActiveImage()
        #expect(try glance.send("GET", path.replacing("{image}", with: image)).status == 404, "\(row)")
    }

    @Test(arguments: [
        ("NUL", "/v2/images/%00"), ("NUL after an id", "/v2/images/{image}%00"), ("NUL in a tag", "/v2/images/{image}/tags/a%00b"),
        ("a byte that is no UTF-8", "/v2/images/%FF"), ("UTF-8 cut short", "/v2/images/{image}/tags/%C3"),
        ("UTF-8 longer than it must be", "/v2/images/%C0%AF"), ("half a surrogate pair", "/v2/images/%ED%A0%80"),
        ("no digits", "/v2/images/%zz"), ("half an escape", "/v2/images/%4"), ("above the root", "/../../etc/passwd"),
        ("a query that is no UTF-8", "/v2/images?name=%FF"), ("NUL in a query", "/v2/images?name=a%00"),
    ])
    func `that do not decode are 400`(_ row: String, _ path: String) throws {
        let image = try glance.hasImage()
        for method in ["GET", "PUT", "DELETE"] where method == "GET" || path.contains("tags") {
            #expect(try glance.send(method, path.replacing("{image}", with: image)).status == 400, "\(row)")
        }
        #expect(try glance.image(image)["tags"]?.texts == [])
    }

    @Test(arguments: ["//v2/images/{image}", "///v2/images/{image}", "/v2/images/{image}?", "/v2/images/{image}?any=thing&any=thing"])
    func `that mean an image find it`(_ path: String) throws {
        let image = try glance.hasImage(#"{"name": "found"}"#)
        #expect(try glance.send("GET", path.replacing("{image}", with: image)).json["name"]?.string == "found")
    }

    @Test func `are decoded once`() throws {
        let image = try glance.hasImage()
        #expect(try glance.tag(image, "%2541").status == 204)
        #expect(try glance.image(image)["tags"]?.texts == ["%41"])
    }

    /// The database's columns cannot hold such characters; a comparison with them is an error.
    @Test(arguments: [
        ("GET", "/v2/images/{emoji}"), ("DELETE", "/v2/images/{emoji}"), ("GET", "/v2/images/{emoji}/file"),
        ("POST", "/v2/images/{emoji}/actions/deactivate"), ("PUT", "/v2/images/{emoji}/tags/blue"),
        ("DELETE", "/v2/images/{image}/tags/{emoji}"),
        ("GET", "/v2/images/{emoji}/members"), ("GET", "/v2/images/{image}/members/{emoji}"),
        ("DELETE", "/v2/images/{image}/members/{emoji}"),
    ])
    func `with letters of four bytes lead nowhere`(_ method: String, _ path: String) throws {
        let image = try glance.hasImage()
        let path = path.replacing("{image}", with: image).replacing("{emoji}", with: "%F0%9F%98%80")
        for person in [TestGlance.Person.alice, .admin] {
            #expect([400, 404].contains(try glance.send(method, path, as: person).status))
        }
    }

    @Test(arguments: [8000, 40_000])
    func `that are endless are refused`(_ length: Int) throws {
        #expect(400..<500 ~= (try glance.send("GET", "/v2/images/" + text(of: length)).status))
        #expect(400..<500 ~= (try glance.send("GET", "/v2/images?limit=1&" + text(of: length) + "=x&limit=x").status))
    }

    @Test(arguments: ["/_blobs/file/{image}", "/_blobs/file/", "/_blobs", "//_blobs/file/{image}", "/v2/../_blobs/file/{image}"])
    func `of the store's files are nobody's`(_ path: String) throws {
        let image = try glance.hasActiveImage("the very bytes")
        let reply = try glance.send("GET", path.replacing("{image}", with: image), as: .admin)
        #expect([300, 400, 404].contains(reply.status))
        #expect(!reply.text.contains("the very bytes"))
    }
}
