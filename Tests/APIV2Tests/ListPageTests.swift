import Foundation
import TestSupport
import Testing

@Suite(.sharesServices(Gallery.self)) struct `Pages of a list` {
    let glance: TestGlance
    init() throws { glance = try Gallery.open() }

    static let queries = [
        "", "sort=name:asc", "sort=name", "sort=size:asc", "sort=size", "sort=status:asc", "sort_key=disk_format&sort_dir=asc",
        "sort_key=container_format&sort_dir=desc", "sort=updated_at:asc", "sort=created_at:asc", "sort=id",
        "sort=status:asc,size:desc", "sort_key=disk_format&sort_key=size&sort_dir=asc&sort_dir=desc", "status=active", "tag=db",
        "tag=web&tag=db", "os_distro=debian&sort=name:asc", "os_distro=a%20b%26c%3Dd%2Be%25", "tag=gr%C3%B6%C3%9Fe",
        "name=in:bee,%22dog,%20brown%22&sort=name", "size_min=100&sort=size:asc", "size_max=200&sort=size",
        "created_at=gt:2026-01-02T00:00:00%2B00:00", "visibility=all", "owner=acme&sort=name", "protected=false&sort=status",
        "owner=acme", "min_ram_max=64",
    ]

    @Test(arguments: queries, [1, 2, 3, 8])
    func `lead through all of it by their links, each image once and in order`(_ query: String, _ limit: Int) throws {
        let whole = try glance.ids("?limit=1000&\(query)")
        let path = "/v2/images?\(query)\(query.isEmpty ? "" : "&")limit=\(limit)"
        let pages = try glance.pages(from: path)
        #expect(Gallery.letters(pages.flatMap(\.ids)) == Gallery.letters(whole))
        #expect(pages.dropLast().allSatisfy { $0.ids.count == limit })
        #expect(pages.count == whole.count / limit + 1, "a page that is full may not be the last")
        for page in pages { #expect(try glance.page(try #require(page.first)).ids == pages[0].ids, "the first page of each is the same") }
    }

    @Test(arguments: queries)
    func `begin behind any image of it`(_ query: String) throws {
        let whole = try glance.ids("?limit=1000&\(query)")
        for (place, marker) in whole.enumerated() {
            let rest = try glance.ids("?\(query)&marker=\(marker)")
            #expect(Gallery.letters(rest) == Gallery.letters(Array(whole[(place + 1)...])), "behind \(Gallery.letters([marker]))")
        }
    }

    @Test func `begin behind an image that is not in it, where it would be`() throws {
        #expect(Gallery.letters(try glance.ids("?tag=db&sort=name:asc&marker=\(Gallery.id("b"))")) == "cd")
        #expect(Gallery.letters(try glance.ids("?marker=\(Gallery.id("g"))")) == "lhfedcba")
        #expect(Gallery.letters(try glance.ids("?sort=size:asc&size_min=1&marker=\(Gallery.id("l"))")) == "hbced")
    }

    @Test func `have links that say all that was asked but the marker`() throws {
        let page = try glance.page("/v2/images?marker=\(Gallery.id("l"))&tag=web&limit=1&tag=db&sort=name%3Aasc&os_distro=debian")
        #expect(page.first == "/v2/images?tag=web&limit=1&tag=db&sort=name%3Aasc&os_distro=debian")
        #expect(page.next == nil)
        let first = try glance.page("/v2/images?limit=1&arch=arm&os_distro=debian")
        #expect(first.first == "/v2/images?limit=1&arch=arm&os_distro=debian")
        #expect(first.next == "/v2/images?limit=1&arch=arm&os_distro=debian&marker=\(Gallery.id("c"))")
    }

    @Test(arguments: ["9223372036854775807", "9223372036854775808", "99999999999999999999999999", "%2B8", "%208", "1_000", "%D9%A8"])
    func `may be as long as Python can count`(_ limit: String) throws {
        #expect(Gallery.letters(try glance.ids("?limit=\(limit)")) == "lhfedcba")
    }

    @Test func `have links that write out what was written as it should not`() throws {
        let page = try glance.page("/v2/images?limit=1&name=in:bee,50%")
        #expect(page.first == "/v2/images?limit=1&name=in%3Abee%2C50%25")
        #expect(page.next?.hasPrefix("/v2/images?limit=1&name=in%3Abee%2C50%25&marker=") == true)
    }

    @Test func `have links without a host, whatever the request said of it`() throws {
        let reply = try glance.send("GET", "/v2/images?limit=1", ["Host": "elsewhere.example", "X-Forwarded-Host": "evil.example"])
        #expect(reply.json["first"]?.string == "/v2/images?limit=1")
        #expect(reply.json["next"]?.string == "/v2/images?limit=1&marker=\(Gallery.id("l"))")
    }

    @Test(arguments: ["0", "00", "1", "2", "007", "8", "9", "1000", "1001", "9223372036854775807"])
    func `are as long as the limit at most`(_ limit: String) throws {
        let page = try glance.page("/v2/images?limit=\(limit)")
        let number = try #require(Int(limit))
        #expect(Gallery.letters(page.ids) == String("lhfedcba".prefix(number)))
        #expect((page.next != nil) == (1...8 ~= number))
    }

    @Test func `of no length have no next one, and their first is as empty`() throws {
        let page = try glance.page("/v2/images?limit=0")
        #expect(page.ids == [])
        #expect(page.next == nil)
        #expect(page.first == "/v2/images?limit=0")
    }
}

@Suite(.sharesServices) struct `Pages of a long list` {
    let glance: TestGlance
    init() throws { glance = try Self.opened.get() }

    private static let count = 1010
    private static let opened = Shared {
        let glance = try TestGlance()
        try glance.insert((0..<count).map { number in Picture("\(number)") { $0.createdAt = "2026-01-01T00:00:0\(number % 3)Z" } })
        return glance
    }

    @Test func `are of 25 images when nothing is said`() throws {
        let page = try glance.page("/v2/images")
        #expect(page.ids.count == 25)
        #expect(page.next == "/v2/images?marker=\(page.ids[24])")
        let next = try glance.page(try #require(page.next))
        #expect(next.ids.count == 25)
        #expect(Set(next.ids).isDisjoint(with: page.ids))
    }

    @Test(arguments: ["1000", "1001", "5000", "999999999999"])
    func `are of 1000 images at most`(_ limit: String) throws {
        let pages = try glance.pages(from: "/v2/images?limit=\(limit)")
        #expect(pages.map(\.ids.count) == [1000, 10])
        #expect(Set(pages.flatMap(\.ids)).count == Self.count)
    }

    @Test func `give every image once where hundreds are of one age`() throws {
        for query in [
            "?limit=97", "?limit=101&sort=created_at:asc", "?limit=89&sort_key=status&sort_key=created_at&sort_dir=asc&sort_dir=desc",
        ] {
            let ids = try glance.pages(from: "/v2/images\(query)").flatMap(\.ids)
            #expect(ids.count == Self.count)
            #expect(Set(ids).count == Self.count)
        }
    }
}

@Suite(.sharesServices) struct `Pages of images that a tag names twice` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// Two requests that add one tag at a time may leave two rows in Glance's table. There are so many images that a page in an order without
    /// an index is not found by a sort of all.
    @Test(arguments: ["sort=name:asc,size:desc", "sort=disk_format:asc,name:desc", "sort=name:asc", "sort=created_at:asc,name:desc"])
    func `lead through all of them`(_ sort: String) throws {
        let mark = newID()
        let pictures = (0..<600).map { number in
            Picture("n\(number / 2)") { ($0.tags, $0.size, $0.createdAt) = ([mark], Int64(number % 4), "2026-01-01T00:00:0\(number % 3)Z") }
        }
        try glance.insert(pictures)
        let again = pictures.map { "('\($0.id)', '\(mark)', UTC_TIMESTAMP(), 0)" }.joined(separator: ", ")
        try glance.execute("INSERT INTO image_tags (image_id, value, created_at, deleted) VALUES \(again)")
        try glance.execute("ANALYZE TABLE images, image_tags")
        let found = try glance.pages(from: "/v2/images?tag=\(mark)&limit=7&\(sort)").flatMap(\.ids)
        #expect(found.count == pictures.count)
        #expect(Set(found) == Set(pictures.map(\.id)))
    }
}

@Suite struct `Pages of a site's own length` {
    @Test func `are that long when nothing is said, and no longer than it lets`() throws {
        let glance = try TestGlance(["DEFAULT": "limit_param_default = 3\napi_limit_max = 5"], workers: 1)
        try glance.insert((0..<12).map { Picture("\($0)") })
        #expect(try glance.pages(from: "/v2/images").map(\.ids.count) == [3, 3, 3, 3, 0])
        #expect(try glance.pages(from: "/v2/images?limit=100").map(\.ids.count) == [5, 5, 2])
        #expect(try glance.pages(from: "/v2/images?limit=4").map(\.ids.count) == [4, 4, 4, 0])
    }
}

@Suite(.sharesServices) struct `Pages of a list that changes` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test(arguments: ["sort=created_at:desc", "sort=name:asc", "sort=id:asc", "sort=size:desc"])
    func `give what was there all the time once`(_ sort: String) throws {
        let mark = newID()
        let pictures = (0..<30).map { number in
            Picture("n\(number % 7)") { ($0.tags, $0.size, $0.createdAt) = ([mark], Int64(number % 4), "2026-01-01T00:00:0\(number % 5)Z") }
        }
        try glance.insert(pictures)
        var seen: [String] = []
        var next: String? = "/v2/images?tag=\(mark)&limit=4&\(sort)"
        var gone: Set<String> = []
        while let path = next {
            let page = try glance.page(path)
            seen += page.ids
            next = page.next
            // One is added at either end and one in the middle; one that was listed and is not the marker is deleted.
            try glance.insert(
                ["a", "n3", "z"].map { name in
                    Picture(name) {
                        ($0.tags, $0.size, $0.createdAt) = ([mark], 2, name == "z" ? "2020-01-01T00:00:00Z" : "2026-01-01T00:00:02Z")
                    }
                })
            if let first = page.ids.first, page.ids.count > 1 {
                #expect(try glance.delete(first).status == 204)
                gone.insert(first)
            }
            if seen.count > 300 { break }
        }
        #expect(Set(seen).count == seen.count)
        #expect(Set(pictures.map(\.id)).subtracting(gone).isSubset(of: seen))
    }

    @Test func `do not go on behind an image that was deleted`() throws {
        let mark = newID()
        let pictures = (0..<4).map { number in Picture("\(number)") { $0.tags = [mark] } }
        try glance.insert(pictures)
        let page = try glance.page("/v2/images?tag=\(mark)&limit=2")
        #expect(try glance.delete(page.ids[1]).status == 204)
        #expect(try glance.send("GET", try #require(page.next)).status == 400)
    }
}
