import TestSupport
import Testing

/// Images are those of the `Gallery`, by their letters.
@Suite(.sharesServices(Gallery.self)) struct `A list of images` {
    let glance: TestGlance
    init() throws { glance = try Gallery.open() }

    static let orders: [(key: String, ascending: String, descending: String)] = [
        ("name", "abcdehlf", "flhedcba"), ("status", "bcdhleaf", "faelhdcb"), ("container_format", "alfbcehd", "dhecbfla"),
        ("disk_format", "alfecdbh", "hbdcefla"), ("size", "aflhbced", "decbhlfa"), ("id", "abcdefhl", "lhfedcba"),
        ("created_at", "abcdefhl", "lhfedcba"), ("updated_at", "aefhlcdb", "bdclhfea"),
    ]

    @Test func `comes with the newest first`() throws {
        #expect(Gallery.letters(try glance.ids()) == "lhfedcba")
    }

    @Test(arguments: orders)
    func `comes in the order of a key, in both ways to say so`(_ key: String, _ ascending: String, _ descending: String) throws {
        for query in ["sort=\(key):asc", "sort_key=\(key)&sort_dir=asc", "sort_dir=asc&sort_key=\(key)"] {
            #expect(Gallery.letters(try glance.ids("?\(query)")) == ascending, "\(query)")
        }
        for query in ["sort=\(key):desc", "sort=\(key)", "sort_key=\(key)&sort_dir=desc", "sort_key=\(key)"] {
            #expect(Gallery.letters(try glance.ids("?\(query)")) == descending, "\(query)")
        }
    }

    @Test(arguments: orders)
    func `comes in the order of a key when it is filtered, too`(_ key: String, _ ascending: String, _ descending: String) throws {
        for (filter, letters) in [("tag=db", "cd"), ("status=active", "bcdhl"), ("owner=acme", "abcdefl"), ("size_min=1", "bcdeh")] {
            #expect(Gallery.letters(try glance.ids("?\(filter)&sort=\(key):asc")) == ascending.filter { letters.contains($0) }, "\(filter)")
            #expect(Gallery.letters(try glance.ids("?sort=\(key)&\(filter)")) == descending.filter { letters.contains($0) }, "\(filter)")
        }
    }

    /// Equal images are sorted by creation time and id: descending, unless a single direction was given.
    @Test(arguments: [
        ("sort=status:asc,size:desc", "dcbhleaf"), ("sort_key=status&sort_key=size&sort_dir=asc&sort_dir=desc", "dcbhleaf"),
        ("sort_key=status&sort_key=size&sort_dir=asc", "lhbcdeaf"), ("sort=status:asc,size:asc", "lhbcdeaf"),
        ("sort_key=status&sort_key=size", "faedcbhl"), ("sort=status,size", "faedcbhl"),
        ("sort=disk_format:asc,created_at:asc", "alfedcbh"), ("sort=disk_format:asc,created_at:asc,id:asc", "alfecdbh"),
        ("sort_key=disk_format&sort_key=created_at&sort_dir=asc&sort_dir=asc", "alfedcbh"), ("sort=created_at:asc,id:desc", "abdcefhl"),
        ("sort=size:desc,name:desc", "decbhlfa"), ("sort=size:desc,name:asc", "dcebhlaf"), ("sort=created_at:asc", "abcdefhl"),
        ("sort_dir=asc", "abcdefhl"), ("sort_dir=desc", "lhfedcba"), ("sort=id:asc,name:desc", "abcdefhl"),
        ("sort=container_format:desc,disk_format:asc,size:asc,name:asc", "dechbfal"), ("sort=name:asc,name:desc", "abcdehlf"),
    ])
    func `comes in the order of several keys, one after another`(_ query: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?\(query)")) == letters)
    }

    @Test func `shows each image as its own record does`() throws {
        let images = try glance.page("/v2/images?os_hidden=false&limit=1000").images
        #expect(images.count == 8)
        for image in images { #expect(image.members == (try glance.image(image["id"]?.string ?? "", as: .alice)).members) }
        let dog = try #require(images.first { $0["name"]?.string == "dog, brown" })
        #expect(dog["hw:page/größe"]?.string == "large")
        #expect(dog["empty"]?.string == "")
        #expect(Set(dog["tags"]?.texts ?? []) == ["db", "größe"])
        #expect(dog["created_at"]?.string == "2026-01-03T10:00:00Z")
    }

    @Test func `is a document of images, their first page and their schema`() throws {
        let reply = try glance.send("GET", "/v2/images?name=bee")
        #expect(reply.status == 200)
        #expect(reply["Content-Type"] == "application/json")
        #expect(Set(reply.json.keys) == ["images", "first", "schema"])
        #expect(reply.json["first"]?.string == "/v2/images?name=bee")
        #expect(reply.json["schema"]?.string == "/v2/schemas/images")
        #expect(try glance.send("GET", "/v2/images").json["first"]?.string == "/v2/images")
    }

    @Test func `of nothing is empty, and no error`() throws {
        let reply = try glance.send("GET", "/v2/images?name=nothing")
        #expect(reply.status == 200)
        #expect(reply.json["images"] == .array([]))
        #expect(Set(reply.json.keys) == ["images", "first", "schema"])
    }

    @Test(arguments: ["", "?limit=2", "?name=bee", "?name=nothing", "?limit=0", "?sort=name:asc&tag=web&tag=db", "?os_hidden=true"])
    func `answers HEAD as GET, without the body`(_ query: String) throws {
        let (get, head) = (try glance.send("GET", "/v2/images\(query)"), try glance.send("HEAD", "/v2/images\(query)"))
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(head["Content-Length"] == String(get.body.count))
        #expect(head["Content-Type"] == get["Content-Type"])
    }

    @Test(arguments: ["/v2/images", "/v2.7/images", "//v2/images"])
    func `lies at every path of its version`(_ path: String) throws {
        let page = try glance.page("\(path)?limit=2")
        #expect(Gallery.letters(page.ids) == "lh")
        #expect(page.next == "/v2/images?limit=2&marker=\(Gallery.id("h"))")
    }

    @Test func `of everybody is everybody's own`() throws {
        #expect(Gallery.letters(try glance.ids(as: .anna)) == "lhfedcba")
        #expect(Gallery.letters(try glance.ids(as: .reader)) == "lhfedcba")
        #expect(Gallery.letters(try glance.ids(as: .bob)) == "ph")
        #expect(Gallery.letters(try glance.ids(as: .admin)) == "plhfdcba")
    }
}
