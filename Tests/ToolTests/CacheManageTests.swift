import Foundation
import TestSupport
import Testing

/// `glance-cache-manage` as PyPI's Glance has it, and ours: the same commands on the same node.
@Suite(.serialized) struct `Managing the image cache` {
    let glance: TestGlance
    init() throws {
        glance = try Self.shared.get()
        guard try glance.send("DELETE", "/v2/cache", as: .admin).status == 204 else { throw Unexpected("not cleared") }
    }

    /// No `glance-tasks`, so that what is queued stays there.
    private static let shared = Result { try site(flavor: "cachemanagement") }

    private static func site(flavor: String) throws -> TestGlance {
        try TestGlance(
            ["paste_deploy": "flavor = \(flavor)"], workers: 1, cacheFolder: "\(TestFolder.root)/cache-\(UInt32.random(in: 0 ... .max))")
    }

    private func place(_ token: String = "admin") -> [String] { ["-H", "127.0.0.1", "-p", String(glance.port), "--os-auth-token", token] }

    private func ours(_ words: [String], _ variables: [String: String] = [:], input: String? = nil) throws -> Command {
        try Tool.run("glance-cache-manage", words, variables, input: input.map { Array($0.utf8) })
    }

    private func theirs(_ words: [String], input: String? = nil) throws -> Command {
        try PyPIGlance.run("glance-cache-manage", words, input: input.map { Array($0.utf8) })
    }

    /// Both programs one after the other, from the same state.
    private func expectSame(_ words: [String], input: String? = nil, from arrange: () throws -> Void = {}) throws {
        try arrange()
        let ours = try ours(place() + words, input: input)
        let queueOfOurs = try queue()
        try arrange()
        let theirs = try theirs(place() + words, input: input)
        #expect(ours.text == theirs.text && ours.status == theirs.status, "\(words): \(ours.errors)")
        #expect(try queue() == queueOfOurs, "\(words)")
    }

    private func queue() throws -> [String] {
        try glance.send("GET", "/v2/cache", as: .admin).json["queued_images"]?.array?.compactMap(\.string).sorted() ?? []
    }

    private func clear() throws {
        guard try glance.send("DELETE", "/v2/cache", as: .admin).status == 204 else { throw Unexpected("not cleared") }
    }

    private func want(_ ids: [String]) throws {
        try clear()
        for id in ids { guard try glance.send("PUT", "/v2/queued_images/\(id)", as: .admin).status == 200 else { throw Unexpected(id) } }
    }

    /// An image's file as a node has it that cached it.
    private func cache(_ id: String, _ size: Int) throws {
        try Data(count: size).write(to: URL(filePath: "\(glance.cacheFolder)/\(id)"))
    }

    private static func id() -> String { UUID().uuidString.lowercased() }

    @Test func `lists as Glance's does`() throws {
        try expectSame(["list-cached"])
        try expectSame(["list-queued"])
        let ids = (0..<3).map { _ in Self.id() }
        try want(ids)
        try expectSame(["list-queued"])
        // Widths on either side of what the headers need.
        try cache(Self.id(), 5)
        try cache(Self.id(), 12_345_678)
        try expectSame(["list-cached"])
        try expectSame(["--", "list-cached"])
    }

    @Test func `queues and deletes as Glance's does`() throws {
        let (one, two) = (Self.id(), Self.id())
        try expectSame(["-f", "queue-image", one]) { try clear() }
        try expectSame(["queue-image", one], input: "y\n") { try clear() }
        try expectSame(["queue-image", one], input: "no\n") { try clear() }
        try expectSame(["queue-image", one], input: "\n") { try clear() }
        try expectSame(["--force", "delete-queued-image", one]) { try want([one, two]) }
        try expectSame(["delete-queued-image", one], input: "yes\n") { try want([one, two]) }
        try expectSame(["-f", "delete-all-queued-images"]) { try want([one, two]) }
        try expectSame(["-f", "delete-cached-image", one]) { try cache(one, 10) }
        #expect(!FileManager.default.fileExists(atPath: "\(try glance.cacheFolder)/\(one)"))
        try cache(one, 10)
        let deleted = try ours(place() + ["-fv", "delete-all-cached-images"])
        #expect(deleted.text.hasPrefix("Deleted 1 cached images\nCompleted in ") && deleted.status == 0)
        #expect(!FileManager.default.fileExists(atPath: "\(try glance.cacheFolder)/\(one)"))
    }

    @Test(arguments: [
        ["nosuch"], [], ["queue-image"], ["-f", "queue-image", "x"], ["-f", "queue-image", "x", "y"], ["--nosuch", "list-cached"],
        ["list-cached", "-p", "x"], ["help"], ["help", "list-cached"], ["help", "nosuch"], ["--version"], ["--os-auth-tok", "admin", "list-queued"],
    ])
    func `ends as Glance's does`(_ words: [String]) throws {
        // Names of options may be cut short where only one begins so.
        let place = words.contains { $0.hasPrefix("--os-auth") } ? ["-H127.0.0.1", "--port=\(glance.port)"] : place()
        #expect(try ours(place + words).status == theirs(place + words).status)
    }

    @Test func `takes a token from its environment, and old spellings`() throws {
        let place = ["--host=127.0.0.1", "--port", String(glance.port)]
        #expect(try ours(place + ["list-cached"], ["OS_AUTH_TOKEN": "admin"]).text == "No cached images.\n")
        #expect(try ours(place + ["list-cached", "--os_auth_token", "admin"]).text == "No cached images.\n")
        #expect(try ours(place + ["-A", "admin", "list-cached"], ["OS_TOKEN": "bob"]).status == 0)
        let refused = try ours(place + ["list-cached", "--auth_token", "alice"])
        #expect(refused.status == 1 && refused.text == "Not authorized to make this request.\n")
        let unknown = try ours(place + ["list-cached"])
        #expect(unknown.status == 1 && unknown.text.contains("401"))
    }

    @Test func `uses the newer paths where there are no older ones`() throws {
        let glance = try Self.site(flavor: "caching")
        let place = ["-H", "127.0.0.1", "-p", String(glance.port), "-A", "admin", "-f", "-v"]
        let (image, cached) = (try glance.hasActiveImage(), Self.id())
        try Data(count: 7).write(to: URL(filePath: "\(glance.cacheFolder)/\(cached)"))
        #expect(try ours(place + ["queue-image", image]).text.hasPrefix("Queued image \(image) for caching\n"))
        #expect(try ours(place + ["list-queued"]).text.contains("| \(image) |"))
        #expect(try ours(place + ["list-cached"]).text.contains("| \(cached) |"))
        let nothing = Self.id()
        #expect(try ours(place + ["queue-image", nothing]).status == 1)
        // What is queued is not taken for what is cached.
        #expect(try ours(place + ["delete-cached-image", image]).status == 0)
        #expect(try ours(place + ["list-queued"]).text.contains(image))
        #expect(try ours(place + ["delete-all-cached-images"]).text.hasPrefix("Deleted 1 cached images\n"))
        #expect(try ours(place + ["delete-queued-image", image]).status == 0)
        #expect(try ours(place + ["list-queued"]).text.hasPrefix("No queued images.\n"))
    }

    @Test func `says that there is no cache, or no server`() throws {
        let glance = try TestGlance(workers: 1)
        let none = try ours(["-H", "127.0.0.1", "-p", String(glance.port), "-A", "admin", "list-cached"])
        #expect(none.status == 1 && none.text.contains("no image cache"))
        glance.site.stop()
        let gone = try ours(["-H", "127.0.0.1", "-p", String(glance.port), "-A", "admin", "list-cached"])
        #expect(gone.status == 1 && gone.text.contains("Got error:"))
    }
}

extension TestGlance {
    var cacheFolder: String {
        get throws {
            let lines = try String(contentsOfFile: configurationFile, encoding: .utf8).split(separator: "\n")
            return String(lines.first { $0.hasPrefix("image_cache_dir = ") }!.dropFirst("image_cache_dir = ".count))
        }
    }
}
