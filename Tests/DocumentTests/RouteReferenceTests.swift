import APICommon
import APIRegistry
import APIV1
import APIV2
import Foundation
import TestSupport
import Testing

@Suite(.sharesServices) struct `The reference of all routes` {
    /// A site that serves all that there is.
    private static let shared = Shared {
        try TestGlance(
            ["paste_deploy": "flavor = cachemanagement"], workers: 1,
            cacheFolder: "\(TestFolder.root)/cache-\(UInt32.random(in: 0 ... .max))",
            runsRegistry: true)
    }

    private static func list(_ words: String...) throws -> Command {
        try Command("\(TestGlance.programs)/glance-manage", ["routes"] + words)
    }

    private static let ofClients = V2API.groups.reference + V1API.groups.reference

    @Test func `is the page among the documents`() throws {
        let page = try String(contentsOfFile: "\(TestGlance.repository)docs/api.md", encoding: .utf8)
        let written = try Self.list("--format", "markdown").succeeded().text
        #expect(page == written, "bring it up to date: glance-manage routes --format markdown > docs/api.md")
    }

    @Test func `has a sentence and a status for each`() {
        let all = RouteReference.outsideOfVersions + Self.ofClients + RegistryAPI.groups.reference
        for route in all {
            let place = "\(route.method) \(route.pattern)"
            #expect(route.meaning.hasSuffix(".") && route.meaning.first?.isUppercase == true, "\(place): \(route.meaning)")
            #expect((200...405).contains(route.success), "\(place)")
        }
        #expect(Set(all.map { "\($0.api) \($0.method) \($0.pattern)" }).count == all.count, "a route is listed twice")
    }

    @Test func `tells differences of routes that there are`() {
        func check(_ differences: [(subject: String, difference: Difference)], _ routes: [RouteReference]) {
            for (subject, difference) in differences {
                for name in difference.routes {
                    #expect(routes.contains { "\($0.method) \($0.pattern)" == name }, "\(subject): \(name)")
                }
                #expect(difference.what.hasSuffix(".") && difference.reason.hasSuffix("."), "\(subject): \(difference.what)")
            }
        }
        check(V2API.groups.differences, V2API.groups.reference)
        check(V1API.groups.differences, V1API.groups.reference)
        check(RegistryAPI.groups.differences, RegistryAPI.groups.reference)
    }

    @Test func `is searched, and read by programs`() throws {
        let found = try Self.list("PATCH /v2/images", "--format", "json").succeeded().json.array
        #expect(found?.count == 1)
        #expect(found?.first?["status"]?.int == 200 && found?.first?["glance"]?.string == "yes")
        #expect(found?.first?["internal"]?.bool == false && found?.first?["differences"]?.array?.isEmpty == false)
        #expect(try Self.list("/store-folders", "--format", "json").succeeded().json.array?.first?["internal"]?.bool == true)
        #expect(try Self.list("/v2/info/usage").succeeded().text.hasPrefix("GET /v2/info/usage\n    200  "))
        #expect(try Self.list("cap", "--format", "markdown").status == 2)
    }

    // MARK: what is served

    /// A path of a route, with a value for each parameter.
    private static func path(_ pattern: String) -> String {
        pattern.split(separator: "/", omittingEmptySubsequences: false).map {
            $0.hasPrefix("{") ? UUID().uuidString.lowercased() : String($0)
        }.joined(
            separator: "/")
    }

    /// What a path answers to a method that nobody has says which methods it has.
    private static func methods(at path: String) throws -> [String] {
        let reply = try shared.get().send("FOO", path)
        #expect(reply.status == 405, "\(path)")
        return (reply["Allow"] ?? "").split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    @Test func `lists what is served`() throws {
        for (pattern, routes) in Dictionary(grouping: Self.ofClients, by: \.pattern) {
            let served = try Self.methods(at: Self.path(pattern))
            let listed = Set(routes.map(\.method.name))
            #expect(Set(served) == (listed.contains("GET") ? listed.union(["HEAD"]) : listed), "\(pattern)")
        }
        for route in RouteReference.outsideOfVersions {
            #expect(try Self.shared.get().send(route.method.name, route.pattern).status == route.success, "\(route.pattern)")
        }
    }

    /// Asks Glance for its own table.
    private static let routesOfGlance = """
        import json
        from glance.api.v2 import router
        from glance.common import wsgi
        for name in dir(router):
            module = getattr(router, name)
            if hasattr(module, "create_resource"): module.create_resource = lambda *a, **k: object()
        router.images.load_custom_properties = lambda: {}
        mapper = wsgi.APIMapper()
        router.API(mapper)
        print(json.dumps([[method, route.routepath] for route in mapper.matchlist if route.defaults.get("action") != "reject"
                          for method in (route.conditions or {}).get("method") or []]))
        """

    @Test func `has every route of Glance, which is served`() throws {
        let theirs = try #require(try PyPIGlance.answer(to: Self.routesOfGlance).array)
        #expect(theirs.count > 70)
        /// Parameters have names of their own there.
        func plain(_ pattern: String) -> String { pattern.replacing(/\{[^}]*\}/, with: "{}") }
        let listed = Set(V2API.groups.reference.map { "\($0.method) \(plain($0.pattern))" })
        for route in theirs {
            let (method, pattern) = try (#require(route.array?.first?.string), "/v2" + #require(route.array?.last?.string))
            #expect(listed.contains("\(method) \(plain(pattern))"), "\(method) \(pattern) is not listed")
            #expect(try Self.methods(at: Self.path(pattern)).contains(method), "\(method) \(pattern) is not served")
        }
    }
}
