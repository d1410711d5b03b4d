import TestSupport
import Testing

@Suite(.sharesServices) struct `Error documents` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    enum Format { case text, page, json }

    static let formats: [(String?, Format)] = [
        (nil, .text), ("text/plain", .text), ("application/xml", .text), ("image/png, audio/*", .text),
        ("application/json;q=0", .text),
        ("text/html", .page), ("*/*", .page), ("text/*", .page), ("text/html, application/json", .page),
        ("application/json, text/html", .page), ("application/json;q=0.5, text/html", .page), ("application/json, */*", .page),
        ("application/xml, */*;q=0.1", .page), ("application/json", .json), ("application/*", .json), ("APPLICATION/JSON", .json),
        ("text/html;q=0.5, application/json", .json), ("text/plain, application/json", .json), ("text/html;q=0, application/json", .json),
        ("", .json),
    ]

    @Test(arguments: formats)
    func `have the format that Accept asks for`(_ accept: String?, _ format: Format) throws {
        let id = newID()
        let reply = try glance.send("GET", "/v2/images/\(id)", accept.map { ["Accept": $0] } ?? [:])
        #expect(reply.status == 404)
        switch format {
        case .text:
            #expect(reply["Content-Type"] == "text/plain; charset=UTF-8")
            #expect(reply.text.hasPrefix("404 Not Found\n\n"))
        case .page:
            #expect(reply["Content-Type"] == "text/html; charset=UTF-8")
            #expect(reply.text.contains("<title>404 Not Found</title>"))
            #expect(reply.text.contains("<h1>404 Not Found</h1>"))
            #expect(reply.text.contains("<br /><br />"))
        case .json:
            #expect(reply["Content-Type"] == "application/json")
            #expect(reply.json["code"]?.string == "404 Not Found")
            #expect(reply.json["title"]?.string == "Not Found")
            #expect(Set(reply.json.keys) == ["message", "code", "title"])
            #expect(reply.json["message"]?.string?.contains("<br") == false)
        }
        #expect(reply.text.contains(id), "the reason names the image")
    }

    struct Mistake: CustomTestStringConvertible {
        let status: Int
        let title: String
        let method: String
        let path: String
        var person: TestGlance.Person? = .alice
        var type = "application/json"
        var body: String?

        var testDescription: String { "\(status) by \(method) \(path)" }
    }

    static let mistakes: [Mistake] = [
        Mistake(status: 400, title: "Bad Request", method: "POST", path: "/v2/images", body: "no JSON"),
        Mistake(status: 401, title: "Unauthorized", method: "GET", path: "/v2/images", person: nil),
        Mistake(status: 403, title: "Forbidden", method: "POST", path: "/v2/images", body: #"{"visibility": "public"}"#),
        Mistake(status: 404, title: "Not Found", method: "GET", path: "/v2/images/nothing"),
        Mistake(status: 405, title: "Method Not Allowed", method: "PUT", path: "/v2/images"),
        Mistake(status: 409, title: "Conflict", method: "POST", path: "/v2/images", body: #"{"id": "{image}"}"#),
        Mistake(
            status: 413, title: "Request Entity Too Large", method: "POST", path: "/v2/images",
            body: "{\"tags\": [" + (0...128).map { "\"t\($0)\"" }.joined(separator: ",") + "]}"),
        Mistake(status: 415, title: "Unsupported Media Type", method: "PATCH", path: "/v2/images/{image}", body: "[]"),
        Mistake(status: 501, title: "Not Implemented", method: "FOO", path: "/v2/nothing"),
    ]

    @Test(arguments: mistakes)
    func `name the status and a reason in every format`(_ mistake: Mistake) throws {
        let image = try glance.hasImage()
        for (accept, type) in [
            ("text/plain", "text/plain; charset=UTF-8"), ("text/html", "text/html; charset=UTF-8"),
            ("application/json", "application/json"),
        ] {
            let reply = try glance.send(
                mistake.method, mistake.path.replacing("{image}", with: image), as: mistake.person,
                ["Accept": accept, "Content-Type": mistake.type],
                body: (mistake.body?.replacing("{image}", with: image).utf8).map(Array.init))
            #expect(reply.status == mistake.status)
            #expect(reply["Content-Type"] == type)
            #expect(reply["Content-Length"] == String(reply.body.count))
            #expect(reply.text.contains("\(mistake.status) \(mistake.title)"))
            #expect(reply.says.count > 10 && reply.says != mistake.title)
        }
    }

    @Test func `say which schema, value and rule did not agree`() throws {
        let reply = try glance.send("POST", "/v2/images", ["Accept": "application/json"], body: Array(#"{"min_disk": "plenty"}"#.utf8))
        #expect(reply.status == 400)
        for part in ["'image'", "plenty", "integer"] { #expect(reply.says.contains(part), "\(part)") }
        let formats = try glance.send("POST", "/v2/images", ["Accept": "application/json"], body: Array(#"{"disk_format": "floppy"}"#.utf8))
        for part in ["'image'", "floppy", "qcow2"] { #expect(formats.says.contains(part), "\(part)") }
    }

    static let markup: [(String, String, String, String?)] = [
        ("a field", "POST", "/v2/images", #"{"id": "<script>alert('\"&')</script>"}"#),
        ("a key", "POST", "/v2/images", #"{"os_glance<script>alert('&')</script>": "x"}"#),
        ("a path", "GET", "/v2/images/%3Cscript%3Ealert('&')", nil),
        ("a tag", "DELETE", "/v2/images/{image}/tags/%3Cscript%3Ealert('&')", nil),
        ("a pointer", "PATCH", "/v2/images/{image}", #"[{"op": "add", "path": "<script>alert('&')", "value": "x"}]"#),
        ("an owner", "POST", "/v2/images", #"{"owner": "<script>alert('&')"}"#), ("a method", "<SCRIPT>", "/v2/images", nil),
    ]

    @Test(arguments: markup)
    func `hold no markup of the client's`(_ row: String, _ method: String, _ path: String, _ body: String?) throws {
        let image = try glance.hasImage()
        let reply = try glance.send(
            method, path.replacing("{image}", with: image),
            ["Accept": "text/html", "Content-Type": "application/openstack-images-v2.1-json-patch"], body: (body?.utf8).map(Array.init))
        #expect(400..<500 ~= reply.status)
        #expect(!reply.text.lowercased().contains("<script"), "\(row)")
    }

    @Test func `that are text or JSON hold the client's words as they are`() throws {
        for accept in ["text/plain", "application/json"] {
            let reply = try glance.send("POST", "/v2/images", ["Accept": accept], body: Array(#"{"id": "<&'>"}"#.utf8))
            #expect(reply.says.contains("<&'>"))
        }
    }

    @Test func `tell nothing of the service's inside`() throws {
        let image = try glance.hasActiveImage()
        let replies = [
            try glance.create(#"{"id": "\#(image)"}"#), try glance.create(#"{"Name": "a", "nAme": "b"}"#),
            try glance.create(#"{"name": "\#(text(of: 300))"}"#), try glance.send("GET", "/v2/images?sort=nothing"),
            try glance.upload([1], to: image), try glance.show(newID()),
        ]
        for reply in replies {
            #expect(400..<500 ~= reply.status)
            for word in ["SELECT", "INSERT", "mysql", "MariaDB", glance.folder, glance.databaseName, "alice", "Duplicate entry", ".swift"] {
                #expect(!reply.text.contains(word), "\(word)")
            }
        }
    }
}
