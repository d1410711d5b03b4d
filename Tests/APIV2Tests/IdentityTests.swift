import TestSupport
import Testing

/// Callers are identified by their token only.
@Suite(.sharesServices) struct `Identity` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    static let asked: [(String, String)] = [
        ("GET", "/v2/images"), ("POST", "/v2/images"), ("GET", "/v2/images/{image}"), ("PATCH", "/v2/images/{image}"),
        ("DELETE", "/v2/images/{image}"), ("GET", "/v2/images/{image}/file"), ("PUT", "/v2/images/{image}/file"),
        ("HEAD", "/v2/images/{image}/file"), ("GET", "/v2/images/{image}/members"), ("GET", "/v2/schemas/image"), ("PUT", "/v2/images"),
        ("GET", "/v2/nothing"), ("FOO", "/v2/nothing"), ("GET", "/v2/"),
    ]

    @Test(arguments: asked)
    func `is asked for first, whatever is wanted`(_ method: String, _ path: String) throws {
        let path = path.replacing("{image}", with: try glance.hasActiveImage())
        let tokens: [[String: String]] = [
            [:], ["X-Auth-Token": ""], ["X-Auth-Token": "nobody"], ["X-Auth-Token": "Alice"], ["X-Auth-Token": "alice alice"],
            ["X-Auth-Token": "alice,admin"], ["X-Service-Token": "admin"], ["Authorization": "Bearer alice"],
            ["Cookie": "X-Auth-Token=alice"],
            ["X-Subject-Token": "admin"],
        ]
        for headers in tokens {
            let reply = try glance.send(method, path, as: nil, headers)
            #expect(reply.status == 401, "\(headers)")
            #expect(reply["WWW-Authenticate"]?.isEmpty == false)
        }
        #expect(try glance.send(method, path + "?X-Auth-Token=alice&token=alice", as: nil).status == 401)
    }

    @Test func `may come as a storage token`() throws {
        #expect(try glance.send("GET", "/v2/images?limit=1", as: nil, ["X-Storage-Token": "alice"]).status == 200)
    }

    static let spoofs: [[String: String]] = [
        ["X-Roles": "admin"], ["X_Roles": "admin"], ["x-roles": "admin,member,reader"], ["X-Role": "admin"], ["X_Role": "admin"],
        ["X-Project-Id": "acme"], ["X_Project_Id": "acme"], ["X-Tenant-Id": "acme"], ["X-Tenant": "acme"], ["X-Tenant-Name": "acme"],
        ["X-User-Id": "alice"], ["X_User_Id": "alice"], ["X-User": "alice"], ["X-Is-Admin-Project": "True"],
        ["X-Identity-Status": "Confirmed"],
        ["X-Service-Roles": "service,admin"], ["X-Service-Identity-Status": "Confirmed"], ["OpenStack-System-Scope": "all"],
        ["X-Service-Catalog": "[]"], ["X-Domain-Id": "default"], ["Remote-User": "admin"], ["Remote_User": "admin"],
        [
            "X-Identity-Status": "Confirmed", "X-User-Id": "alice", "X-Project-Id": "acme", "X-Tenant-Id": "acme", "X-Roles": "admin",
            "X_Roles": "admin", "X_Project_Id": "acme", "X_User_Id": "alice", "X-Is-Admin-Project": "True",
        ],
    ]

    @Test(arguments: spoofs)
    func `is not taken from headers that say it themselves`(_ headers: [String: String]) throws {
        let secret = try glance.hasActiveImage("secret", visibility: "private")
        // A member of another project, and an anonymous caller.
        for (person, status) in [(TestGlance.Person.bob, 404), (nil, 401)] as [(TestGlance.Person?, Int)] {
            #expect(try glance.send("GET", "/v2/images/\(secret)", as: person, headers).status == status)
            #expect(try glance.send("GET", "/v2/images/\(secret)/file", as: person, headers).status == status)
            #expect(try glance.send("DELETE", "/v2/images/\(secret)", as: person, headers).status == status)
        }
        // A reader, and a member who may not publish.
        #expect(try glance.send("POST", "/v2/images", as: .reader, headers, body: Array("{}".utf8)).status == 403)
        #expect(try glance.send("PUT", "/v2/images/\(secret)/tags/mine", as: .reader, headers).status == 403)
        let published = try glance.send("POST", "/v2/images", as: .bob, headers, body: Array(#"{"visibility": "public"}"#.utf8))
        #expect(published.status == 403)
        // What they create belongs to their project.
        let made = try glance.send("POST", "/v2/images", as: .bob, headers, body: Array("{}".utf8))
        #expect(made.json["owner"]?.string == "bolt")
        #expect(try glance.image(secret)["tags"]?.texts == [])
    }

    static let disguises: [[String: String]] = [
        ["Path-Info": "/v2/images/{other}"], ["Path_Info": "/v2/images/{other}"], ["Script-Name": "/v2"], ["Script_Name": "/v2/images"],
        ["X-Original-Url": "/v2/images/{other}"], ["X-Rewrite-Url": "/v2/images/{other}"], ["Request-Uri": "/v2/images/{other}"],
        ["Request_Uri": "/v2/images/{other}"], ["Document-Uri": "/v2/images/{other}"], ["Query-String": "id={other}"],
        ["Request-Method": "DELETE"], ["Request_Method": "DELETE"], ["X-Forwarded-Prefix": "/v1"],
        ["X-Forwarded-Uri": "/v2/images/{other}"],
        ["Script-Filename": "/etc/passwd"], ["Gateway-Interface": "CGI/1.1"], ["Fcgi-Role": "FILTER"], ["Proxy": "http://127.0.0.1:1/"],
        ["Content_Length": "0"], ["Content_Length": "100000"], ["Content_Length": "-1"], ["Content-Length-": "3"],
    ]

    /// FastCGI gives the client's headers and the server's own parameters the same form.
    @Test(arguments: disguises)
    func `of a request is not taken from headers either`(_ headers: [String: String]) throws {
        let asked = try glance.hasImage(#"{"name": "asked"}"#)
        let other = try glance.hasImage(#"{"name": "other"}"#)
        let headers = headers.mapValues { $0.replacing("{other}", with: other) }
        #expect(try glance.send("GET", "/v2/images/\(asked)", headers).json["name"]?.string == "asked")
        let created = try glance.send("POST", "/v2/images", headers, body: Array(#"{"name": "the whole of it"}"#.utf8))
        #expect(created.status == 201)
        #expect(created.json["name"]?.string == "the whole of it")
        #expect(created["Location"]?.hasPrefix("\(glance.address)/v2/images/") == true)
        for id in [asked, other] { #expect(try glance.show(id).status == 200) }
    }

    @Test(arguments: ["Content_Length", "Content-Length-", "X-Content-Length"])
    func `of an upload is not taken from headers either`(_ name: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.upload(Array("hello".utf8), to: id, [name: "2"]).status == 204)
        let image = try glance.image(id)
        #expect(image["size"]?.int == 5)
        #expect(image["checksum"]?.string == Hello.md5)
    }

    @Test func `of a body's type is what the header of that name says, not one written otherwise`() throws {
        let id = try glance.hasImage()
        let headers = ["Content_Type": "application/openstack-images-v2.1-json-patch", "Content-Type": "application/json"]
        #expect(try glance.send("PATCH", "/v2/images/\(id)", headers, body: Array("[]".utf8)).status == 415)
    }

    @Test(arguments: ["X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Host", "X-Forwarded-Prefix"])
    func `of the service is not taken from what a proxy might say`(_ name: String) throws {
        let headers = [name: name == "Forwarded" ? "host=evil.example;proto=gopher" : "evil.example"]
        let created = try glance.send("POST", "/v2/images", headers, body: Array("{}".utf8))
        #expect(created["Location"]?.hasPrefix("\(glance.address)/v2/images/") == true)
        #expect(!(try glance.send("GET", "/", as: nil, headers).text.contains("evil.example")))
    }
}
