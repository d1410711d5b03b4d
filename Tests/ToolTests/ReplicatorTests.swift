import Foundation
import TestSupport
import Testing

/// `glance-replicator` between two services, and to a folder and back.
@Suite(.serialized, .sharesServices) struct `Replicating images` {
    private static let sites = Shared { (try TestGlance(workers: 1, runsRegistry: true), try TestGlance(workers: 1)) }
    let source: TestGlance
    let target: TestGlance
    init() throws {
        (source, target) = try Self.sites.get()
        for glance in [source, target] {
            for id in try glance.ids() {
                _ = try glance.patch(id, as: .admin, #"[{"op": "replace", "path": "/protected", "value": false}]"#)
                guard try glance.send("DELETE", "/v2/images/\(id)", as: .admin).status == 204 else { throw Unexpected(id) }
            }
        }
    }

    private func replicate(_ words: [String], token: String? = "admin", _ variables: [String: String] = [:]) throws -> Command {
        try Tool.run("glance-replicator", (token.map { ["--token", $0] } ?? []) + words, variables)
    }

    private static func place(_ glance: TestGlance) -> String { "127.0.0.1:\(glance.port)" }
    private var from: String { Self.place(source) }
    private var to: String { Self.place(target) }

    /// Of all kinds: public and hidden, with properties and tags, protected, empty, without data.
    private func fill(largest: Int = 3_000_000) throws -> [String: [UInt8]] {
        var images: [String: [UInt8]] = [:]
        func image(_ fields: String, _ data: [UInt8]?) throws {
            let id = try source.hasImage(as: .admin, #"{"disk_format": "raw", "container_format": "bare", \#(fields)}"#)
            if let data, try source.upload(data, to: id, as: .admin).status != 204 { throw Unexpected(id) }
            images[id] = data
        }
        try image(#""name": "größte ~ /", "visibility": "public", "os_distro": "x", "a/b~c": "1", "tags": ["b", "a"]"#, someData(largest))
        try image(#""name": "hidden", "os_hidden": true, "owner": "acme", "min_ram": 5"#, Array("hidden".utf8))
        try image(#""name": "kept", "protected": true, "visibility": "community""#, Array("kept".utf8))
        try image(#""name": "empty""#, [])
        try image(#""name": "none""#, nil)
        return images
    }

    /// Fields that differ in a copy.
    private static let own = ["created_at", "updated_at", "self", "file", "schema", "locations", "direct_url"]

    private func expectAlike(_ ids: some Sequence<String>, except names: [String] = []) throws {
        for id in ids {
            let (one, other) = (try source.image(id).object ?? [:], try target.image(id).object ?? [:])
            for name in Set(one.keys).union(other.keys) where !Self.own.contains(name) && !names.contains(name) {
                #expect(one[name] == other[name], "\(id) \(name)")
            }
        }
    }

    // MARK: from one service to another

    @Test func `copies what the other does not have, and then nothing`() throws {
        let images = try fill()
        let size = images.values.reduce(0) { $0 + $1.count }
        #expect(try replicate(["size", from]).text == "Total size is \(size) bytes (\(kibibytes(size))) across \(images.count) images\n")
        let missing = try replicate(["compare", from, to])
        #expect(missing.status == 0 && missing.text.split(separator: "\n").count == images.count)
        #expect(missing.text.contains(#"("kept") entirely missing from the destination"#))

        let copied = try replicate(["livecopy", from, to])
        #expect(copied.status == 0 && copied.text.isEmpty && copied.errors.isEmpty, "\(copied.errors)")
        #expect(try target.ids() == images.keys.sorted())
        for (id, data) in images { #expect(try target.send("GET", "/v2/images/\(id)/file", as: .admin).body.isSame(as: data)) }
        try expectAlike(images.keys)
        #expect(try replicate(["compare", from, to]).text == "")

        let before = try images.keys.map { try target.image($0)["updated_at"] }
        let again = try replicate(["-v", "livecopy", from, to])
        #expect(again.status == 0 && !again.errors.contains("copied"))
        #expect(try images.keys.map { try target.image($0)["updated_at"] } == before)
    }

    @Test func `changes what is said of an image, one way`() throws {
        let images = try fill(largest: 10)
        #expect(try replicate(["livecopy", from, to]).status == 0)
        let id = try #require(try source.id(named: "größte ~ /"))
        let change = """
            [{"op": "replace", "path": "/name", "value": "new"}, {"op": "add", "path": "/p", "value": "q"},
             {"op": "replace", "path": "/os_distro", "value": "y"}, {"op": "replace", "path": "/tags", "value": ["c"]}]
            """
        #expect(try source.patch(id, as: .admin, change).status == 200)
        #expect(try target.patch(id, as: .admin, #"[{"op": "add", "path": "/theirs", "value": "stays"}]"#).status == 200)
        let told = try replicate(["compare", from, to]).text
        #expect(told.contains("\(id): field name differs (source is new, destination is größte ~ /)"))
        #expect(told.contains("\(id): field p differs (source is q, destination is undefined)"))
        #expect(try replicate(["-D", "name tags created_at updated_at", "livecopy", from, to]).status == 0)
        #expect(try target.image(id)["name"]?.string == "größte ~ /" && target.image(id)["os_distro"]?.string == "y")
        #expect(try replicate(["--metaonly", "livecopy", from, to]).status == 0)
        try expectAlike(images.keys, except: ["theirs"])
        #expect(try target.image(id)["theirs"]?.string == "stays")
    }

    @Test func `never makes an image of bytes that are not its own`() throws {
        let id = try source.hasActiveImage(as: .admin, "hello world")
        let other = try source.hasActiveImage(as: .admin, "whole", name: "other")
        try Data("hellO world".utf8).write(to: URL(filePath: "\(source.storeFolder)/\(id)"))
        let result = try replicate(["livecopy", from, to])
        #expect(result.status == 1 && result.errors.contains(id) && result.errors.contains("is not what"))
        #expect(try eventually { try target.status(of: id) == "queued" })
        #expect(try target.status(of: other) == "active")
        // After the error is removed, the data are copied into the existing image.
        try Data("hello world".utf8).write(to: URL(filePath: "\(source.storeFolder)/\(id)"))
        #expect(try replicate(["livecopy", from, to]).status == 0)
        #expect(try target.send("GET", "/v2/images/\(id)/file", as: .admin).text == "hello world")
    }

    @Test func `says what it may not do, and does the rest`() throws {
        let images = try fill(largest: 100)
        // bob sees the public image, and may not create a public image or one of another project.
        let result = try replicate(["--mastertoken", "bob", "--slavetoken=bob", "livecopy", from, to], token: nil)
        #expect(result.status == 1 && result.errors.contains("403"))
        let wrong = try replicate(["livecopy", from, to], token: "nobody")
        #expect(wrong.status == 1 && wrong.errors.contains("refuses the token"))
        #expect(try replicate(["livecopy", from, to], token: nil).errors.contains("requires a token"))
        #expect(try target.ids() == [])
        #expect(try replicate(["-M", "admin", "-S", "admin", "livecopy", from, to], token: nil).status == 0)
        #expect(try target.ids().count == images.count)
    }

    @Test func `ends as Glance's does`() throws {
        let lines = [
            ["size"], ["livecopy", "a"], ["dump", "a:1"], ["nosuch"], [], ["help"], ["help", "dump"], ["help", "nosuch"],
            ["--nosuch", "size", "a:1"],
        ]
        for (line, theirs) in zip(lines, try Tool.theirs("replicator", lines.map { Tool.Line(words: $0) })) {
            #expect(try replicate(line, token: nil).status == theirs.status, "\(line)")
        }
    }

    @Test func `logs in by itself where no token is given`() throws {
        let id = try source.hasActiveImage(as: .admin, "hello")
        let keystone = try LoginServer(giving: "admin")
        let password = [
            "OS_AUTH_URL": keystone.address, "OS_USERNAME": "ann", "OS_PASSWORD": "secret", "OS_PROJECT_NAME": "cloud",
            "OS_USER_DOMAIN_NAME": "Users",
        ]
        let copied = try replicate(["livecopy", from, to], token: nil, password)
        #expect(copied.status == 0, "\(copied.errors)")
        #expect(try target.status(of: id) == "active")
        let login = try #require(keystone.logins.last)["auth"]
        #expect(login?["identity"]?["password"]?["user"]?["domain"]?["name"]?.string == "Users")
        #expect(login?["scope"]?["project"]?["domain"]?["id"]?.string == "default")
        let credential = ["OS_AUTH_URL": keystone.address, "OS_APPLICATION_CREDENTIAL_ID": "c", "OS_APPLICATION_CREDENTIAL_SECRET": "s"]
        let sized = try replicate(["size", from], token: nil, credential)
        #expect(sized.status == 0, "\(sized.errors)")
        #expect(try #require(keystone.logins.last)["auth"]?["identity"]?["application_credential"]?["id"]?.string == "c")
        // A given token is the only one that is sent.
        #expect(try replicate(["size", from], token: "admin", password).status == 0)
        #expect(keystone.logins.count == 2)
        let incomplete = try replicate(["size", from], token: nil, ["OS_AUTH_URL": keystone.address])
        #expect(incomplete.status == 1 && incomplete.errors.contains("OS_PASSWORD is not set"))
    }

    // MARK: to a folder and back

    @Test func `dumps to a folder, goes on where it was ended, and loads`() throws {
        let images = try fill()
        let folder = "\(TestFolder.root)/dump-\(UInt32.random(in: 0 ... .max))"
        #expect(try replicate(["dump", from, folder]).status == 0)
        for (id, data) in images { #expect(try data == Array(Data(contentsOf: URL(filePath: "\(folder)/\(id).img")))) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".part") } == [])

        // As if it had ended in the middle of the largest, and before the next.
        let large = try #require(images.max { $0.value.count < $1.value.count })
        let small = try #require(images.first { $0.key != large.key }).key
        for name in ["\(large.key)", "\(large.key).img", "\(small)", "\(small).img"] {
            try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
        try Data(large.value.prefix(1_234_567)).write(to: URL(filePath: "\(folder)/\(large.key).img.part"))
        #expect(try eventually { try source.sentBytes(of: large.key).count == 1 })
        let sent = try source.sentBytes(of: large.key)
        #expect(try replicate(["dump", from, folder]).status == 0)
        #expect(try large.value == Array(Data(contentsOf: URL(filePath: "\(folder)/\(large.key).img"))))
        // nginx writes its log a little later.
        #expect(try eventually { try source.sentBytes(of: large.key).count > sent.count })
        #expect(try source.sentBytes(of: large.key).last == large.value.count - 1_234_567)
        // A file that is not the beginning of the image is detected and begun anew.
        try FileManager.default.removeItem(atPath: "\(folder)/\(large.key).img")
        try Data(count: 1000).write(to: URL(filePath: "\(folder)/\(large.key).img.part"))
        #expect(try replicate(["dump", from, folder]).status == 1)
        #expect(try replicate(["dump", from, folder]).status == 0)
        #expect(try large.value == Array(Data(contentsOf: URL(filePath: "\(folder)/\(large.key).img"))))

        #expect(try replicate(["load", to, folder]).status == 0)
        #expect(try target.ids() == images.keys.sorted())
        try expectAlike(images.keys)
        #expect(try replicate(["load", to, folder]).status == 0)
    }

    @Test func `a dump of Glance's program loads here, and ours there`() throws {
        let id = try source.hasImage(
            as: .admin, #"{"disk_format": "raw", "container_format": "bare", "name": "plain", "visibility": "public", "os_distro": "x"}"#)
        #expect(try source.upload(Array("some plain text".utf8), to: id, as: .admin).status == 204)
        let (theirs, ours) = ("\(TestFolder.root)/theirs-\(id)", "\(TestFolder.root)/ours-\(id)")
        try FileManager.default.createDirectory(atPath: theirs, withIntermediateDirectories: true)
        // It uses V1, which Glance 33 lacks and this service has.
        #expect(try Tool.theirs("replicator", [.init(words: ["--token", "admin", "dump", from, theirs])]).map(\.status) == [0])
        #expect(try FileManager.default.contentsOfDirectory(atPath: theirs).sorted() == [id, "\(id).img"])
        #expect(try replicate(["load", to, theirs]).status == 0)
        try expectAlike([id])

        #expect(try replicate(["dump", from, ours]).status == 0)
        for name in [id, "\(id).img"] { #expect(FileManager.default.fileExists(atPath: "\(ours)/\(name)")) }
        #expect(try source.send("DELETE", "/v2/images/\(id)", as: .admin).status == 204)
        // A deleted id can never be used again, so another service with V1 loads the dump.
        let third = try TestGlance(workers: 1, runsRegistry: true)
        let words = ["--token", "admin", "load", Self.place(third), ours]
        #expect(try Tool.theirs("replicator", [.init(words: words)]).map(\.status) == [0])
        #expect(try third.send("GET", "/v2/images/\(id)/file", as: .admin).text == "some plain text")
        #expect(try third.image(id)["os_distro"]?.string == "x" && third.image(id)["visibility"]?.string == "public")
    }

    private func kibibytes(_ count: Int) -> String {
        let (kibi, mebi) = (Double(count) / 1024, Double(count) / 1024 / 1024)
        return mebi >= 1 ? String(format: "%.1f MiB", mebi) : kibi >= 1 ? String(format: "%.1f KiB", kibi) : "\(count).0 B"
    }
}

extension TestGlance {
    func ids() throws -> [String] {
        try ["", "&os_hidden=true"].flatMap { query in
            try send("GET", "/v2/images?limit=100\(query)", as: .admin).json["images"]?.array?.compactMap { $0["id"]?.string } ?? []
        }.sorted()
    }

    func id(named name: String) throws -> String? {
        try send("GET", "/v2/images", as: .admin).json["images"]?.array?.first { $0["name"]?.string == name }?["id"]?.string
    }

    /// Bytes of each answer with an image's data, in order.
    func sentBytes(of id: String) throws -> [Int] {
        let lines = try String(contentsOfFile: "\(folder)/log/access.log", encoding: .utf8).split(separator: "\n")
        return lines.filter { $0.contains("GET /v2/images/\(id)/file") }.compactMap { line in
            // … HTTP/1.1" 206 1234 …
            let words = line.split(separator: " ")
            return words.firstIndex { $0.hasPrefix("HTTP/1.1") }.flatMap { Int(words[$0 + 2]) }
        }
    }
}
