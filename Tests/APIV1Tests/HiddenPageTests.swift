import Foundation
import TestSupport
import Testing

/// Pages whose elements are hidden by the policy, or deleted while a client reads them. The client reaches the end of the list.
@Suite(.sharesServices) struct `A page of what is hidden` {
    private static let shared = Shared {
        let file = "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max)).yaml"
        let rule = #""role:admin or 'public':%(visibility)s""#
        try "get_image: \(rule)\nget_metadef_namespace: \(rule)\n".write(toFile: file, atomically: true, encoding: .utf8)
        return try TestGlance(["oslo_policy": "policy_file = \(file)"], runsRegistry: true)
    }
    private let glance: TestGlance

    init() throws { glance = try Self.shared.get() }

    /// Two images that are shown, before and behind seven that are not.
    private func hasImages(_ name: String) throws -> [String] {
        func shelve(_ visibility: String, _ place: Int) throws -> String {
            try glance.shelve(name, ["visibility": "'\(visibility)'", "created_at": "'2026-01-01' + INTERVAL \(place) MINUTE"])
        }
        let old = try shelve("public", 0)
        for place in 1...7 { _ = try shelve("private", place) }
        return [try shelve("public", 9), old]
    }

    @Test(arguments: [1, 2, 3, 7, 9, 25]) func `of V2 has a link to the next one`(_ limit: Int) throws {
        let shown = try hasImages("v2-\(limit)")
        var seen: [String] = []
        var path: String? = "/v2/images?name=v2-\(limit)&limit=\(limit)"
        var pages = 0
        while let asked = path, pages < 20 {
            let reply = try glance.send("GET", asked)
            #expect(reply.status == 200)
            seen += reply.json["images"]?.array?.compactMap { $0["id"]?.string } ?? []
            path = reply.json["next"]?.string
            pages += 1
        }
        #expect(seen == shown)
        #expect(pages == 9 / limit + 1)
    }

    /// Clients take a page that has fewer images than requested for the last one.
    @Test(arguments: [1, 2, 3, 9, 25]) func `of V1 is filled with those behind it`(_ limit: Int) throws {
        let shown = try hasImages("v1-\(limit)")
        var seen: [String] = []
        var page: [String]
        repeat {
            let marker = seen.last.map { "&marker=\($0)" } ?? ""
            page = try glance.listed("?name=v1-\(limit)&limit=\(limit)\(marker)").compactMap { $0["id"]?.string }
            seen += page
        } while page.count == limit
        #expect(seen == shown)
    }

    @Test func `of namespaces has a link to the next one`() throws {
        for (place, visibility) in ["public", "private", "private", "private", "public"].enumerated() {
            let name = "hidden\(place)"
            let json = #"{"namespace": "\#(name)", "visibility": "\#(visibility)", "owner": "acme"}"#
            #expect(try glance.send("POST", "/v2/metadefs/namespaces", as: .admin, json: json).status == 201)
        }
        var seen: [String] = []
        var path: String? = "/v2/metadefs/namespaces?limit=1&sort_key=namespace&sort_dir=asc"
        while let asked = path {
            let reply = try glance.send("GET", asked)
            #expect(reply.status == 200)
            seen += reply.json["namespaces"]?.array?.compactMap { $0["namespace"]?.string } ?? []
            path = reply.json["next"]?.string
        }
        #expect(seen == ["hidden0", "hidden4"])
    }

    /// If all images but the last are deleted while a client looks at the first page, it still reaches the last one.
    @Test(arguments: ["/v1/images/detail", "/v2/images"]) func `is none because others delete what it has`(_ list: String) async throws {
        for round in 0..<3 {
            let name = "gone-\(list.count)-\(round)"
            let last = try glance.shelve(name, ["visibility": "'public'", "created_at": "'2020-01-01'"])
            var doomed: [String] = []
            for place in 1...30 {
                doomed.append(
                    try glance.shelve(name, ["visibility": "'public'", "created_at": "'2026-01-01' + INTERVAL \(-place) MINUTE"]))
            }
            let (glance, all) = (glance, doomed)
            let empty = try await atOnce(2) { number -> Int in
                if number == 0 {
                    for id in all { try glance.execute("UPDATE images SET deleted = 1, status = 'deleted' WHERE id = '\(id)'") }
                    return 0
                }
                for _ in 0..<1000 {
                    let page = try glance.send("GET", "\(list)?name=\(name)&limit=1").json["images"]?.array ?? []
                    if page.isEmpty { return 1 }
                    if page[0]["id"]?.string == last { return 0 }
                }
                return 0
            }
            #expect(empty == [0, 0], "an empty page is the last one, and that holds \(last)")
        }
    }
}
