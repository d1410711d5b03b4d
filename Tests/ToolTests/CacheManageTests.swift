import Foundation
import TestSupport
import Testing

/// `glance-cache-manage` of Glance from PyPI and of this project: the same commands on the same node.
@Suite(.serialized, .sharesServices) struct `Managing the image cache` {
    let glance: TestGlance
    init() throws {
        glance = try Self.shared.get()
        guard try glance.send("DELETE", "/v2/cache", as: .admin).status == 204 else { throw Unexpected("not cleared") }
    }

    /// Without `glance-tasks`, so that the queue stays as it is.
    private static let shared = Shared { try site(flavor: "cachemanagement") }

    private static func site(flavor: String) throws -> TestGlance {
        try TestGlance(
            ["paste_deploy": "flavor = \(flavor)"], workers: 1, cacheFolder: "\(TestFolder.root)/cache-\(UInt32.random(in: 0 ... .max))")
    }

    private func place(_ token: String = "admin") -> [String] { ["-H", "127.0.0.1", "-p", String(glance.port), "--os-auth-token", token] }

    private func ours(_ words: [String], _ variables: [String: String] = [:], input: String? = nil) throws -> Command {
        try Tool.run("glance-cache-manage", words, variables, input: input)
    }

    /// Both programs, each from the same state.
    private func expectSame(_ lines: [Tool.Line], from arrange: () throws -> Void = {}) throws {
        let lines = lines.map { Tool.Line(words: place() + $0.words, input: $0.input) }
        try arrange()
        let theirs = try Tool.theirs("cache_manage", lines)
        #expect(theirs.count == lines.count)
        try arrange()
        for (line, theirs) in zip(lines, theirs) {
            let ours = try ours(line.words, input: line.input)
            #expect(ours.text == theirs.text && ours.status == theirs.status, "\(line): \(ours.errors)")
        }
    }

    private func want(_ ids: [String]) throws {
        guard try glance.send("DELETE", "/v2/cache", as: .admin).status == 204 else { throw Unexpected("not cleared") }
        for id in ids { guard try glance.send("PUT", "/v2/queued_images/\(id)", as: .admin).status == 200 else { throw Unexpected(id) } }
    }

    /// A cached image's file on a node.
    private func cache(_ id: String, _ size: Int, in glance: TestGlance? = nil) throws {
        let folder = try (glance ?? self.glance).cacheFolder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(count: size).write(to: URL(filePath: "\(folder)/\(id)"))
    }

    private static let cached = id()
    private static func id() -> String { UUID().uuidString.lowercased() }

    @Test func `lists, queues and deletes as Glance's does`() throws {
        let (one, two, three) = (Self.id(), Self.id(), Self.id())
        let lines: [Tool.Line] = [
            .init(words: ["list-cached"]), .init(words: ["list-queued"]),
            .init(words: ["-f", "delete-cached-image", three]), .init(words: ["list-cached"]),
            .init(words: ["delete-queued-image", one], input: "yes\n"), .init(words: ["list-queued"]),
            .init(words: ["queue-image", three], input: "y\n"), .init(words: ["queue-image", one], input: "no\n"),
            .init(words: ["queue-image", one], input: "\n"), .init(words: ["--", "list-queued"]),
            .init(words: ["--force", "queue-image", one]), .init(words: ["list-queued"]),
            .init(words: ["delete-all-queued-images"], input: "Y\n"), .init(words: ["list-queued"]),
            .init(words: ["-f", "delete-all-cached-images"]), .init(words: ["list-cached"]),
        ]
        let time = Date(timeIntervalSince1970: 1_700_000_000.25)
        try expectSame(lines) {
            try want([one, two])
            // Widths on either side of those of the headers.
            for (id, size) in [(Self.cached, 5), (three, 12_345_678)] {
                try cache(id, size)
                try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: "\(glance.cacheFolder)/\(id)")
            }
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: glance.cacheFolder).filter { UUID(uuidString: $0) != nil }
        #expect(left == [])
        try cache(one, 10)
        let deleted = try ours(place() + ["-fv", "delete-all-cached-images"])
        #expect(deleted.text.hasPrefix("Deleted 1 cached images\nCompleted in ") && deleted.status == 0)
    }

    @Test func `ends as Glance's does`() throws {
        var lines = [
            ["nosuch"], [], ["queue-image"], ["-f", "queue-image", "x"], ["-f", "queue-image", "x", "y"], ["--nosuch", "list-cached"],
            ["list-cached", "-p", "x"], ["help"], ["help", "list-cached"], ["help", "nosuch"], ["--version"], ["--host"],
        ].map { place() + $0 }
        // Names of options may be abbreviated while they stay unambiguous.
        lines.append(["-H127.0.0.1", "--port=\(glance.port)", "--os-auth-tok", "admin", "list-queued"])
        lines.append(["-H127.0.0.1", "--port=\(glance.port)", "--os-auth", "admin", "list-queued"])
        for (line, theirs) in zip(lines, try Tool.theirs("cache_manage", lines.map { Tool.Line(words: $0) })) {
            #expect(try ours(line).status == theirs.status, "\(line)")
        }
    }

    @Test func `takes a token from its environment, and old spellings`() throws {
        let place = ["--host=127.0.0.1", "--port", String(glance.port)]
        #expect(try ours(place + ["list-cached"], ["OS_AUTH_TOKEN": "admin"]).text == "No cached images.\n")
        #expect(try ours(place + ["list-cached", "--os_auth_token", "admin"]).text == "No cached images.\n")
        #expect(try ours(place + ["-A", "admin", "list-cached"], ["OS_TOKEN": "bob"]).status == 0)
        let refused = try ours(place + ["list-cached", "--auth_token", "alice"])
        #expect(refused.status == 1 && refused.text == "Not authorized to make this request.\n")
        let keystone = try LoginServer(giving: "admin")
        let login = ["--os-auth-url", keystone.address, "--os_username", "ann", "-K", "secret", "--os-project-name", "cloud"]
        #expect(try ours(place + login + ["list-cached"]).text == "No cached images.\n")
        let user = try #require(keystone.logins.last)["auth"]?["identity"]?["password"]?["user"]
        #expect(user?["name"]?.string == "ann" && user?["domain"]?["id"]?.string == "default")
        let unknown = try ours(place + ["list-cached"])
        #expect(unknown.status == 1 && unknown.text.contains("401"))
    }

    @Test func `uses the newer paths where there are no older ones`() throws {
        let glance = try Self.site(flavor: "caching")
        let place = ["-H", "127.0.0.1", "-p", String(glance.port), "-A", "admin", "-f", "-v"]
        let (image, cached) = (try glance.hasActiveImage(), Self.id())
        try cache(cached, 7, in: glance)
        #expect(try ours(place + ["queue-image", image]).text.hasPrefix("Queued image \(image) for caching\n"))
        #expect(try ours(place + ["list-queued"]).text.contains("| \(image) |"))
        #expect(try ours(place + ["list-cached"]).text.contains("| \(cached) |"))
        let nothing = Self.id()
        #expect(try ours(place + ["queue-image", nothing]).status == 1)
        // A queued image is not reported as cached.
        #expect(try ours(place + ["delete-cached-image", image]).status == 0)
        #expect(try ours(place + ["list-queued"]).text.contains(image))
        #expect(try ours(place + ["delete-all-cached-images"]).text.hasPrefix("Deleted 1 cached images\n"))
        #expect(try ours(place + ["delete-queued-image", image]).status == 0)
        #expect(try ours(place + ["list-queued"]).text.hasPrefix("No queued images.\n"))
    }

    @Test func `says that there is no cache, or no server`() throws {
        let glance = try TestGlance(workers: 1)
        let none = try ours(["-H", "127.0.0.1", "-p", String(glance.port), "-A", "admin", "list-cached"])
        #expect(none.status == 1 && none.text.contains("cache management is not enabled"))
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
