import Foundation
import TestSupport
import Testing

/// The paths of `/v2/cache`, and the older ones of cache management.
@Suite(.serialized, .sharesServices) struct `Asking of the cache` {
    let glance: TestGlance
    init() throws {
        glance = try Self.shared.get()
        guard try glance.send("DELETE", "/v2/cache", as: .admin).status == 204 else { throw Unexpected("not cleared") }
    }

    /// Without `glance-tasks`, so that the queue stays as it is.
    private static let shared = Shared { try TestGlance.cached(["DEFAULT": "image_cache_max_size = 500000"]) }

    static let routes: [(method: String, path: String)] = [
        ("GET", "/v2/cache"), ("DELETE", "/v2/cache"), ("PUT", "/v2/cache/IMAGE"), ("DELETE", "/v2/cache/IMAGE"),
        ("GET", "/v2/cache/nodes/IMAGE"), ("POST", "/v2/cache/clean"), ("POST", "/v2/cache/prune"),
    ]
    static let olderRoutes: [(method: String, path: String)] = [
        ("GET", "/v2/cached_images"), ("DELETE", "/v2/cached_images"), ("DELETE", "/v2/cached_images/IMAGE"),
        ("GET", "/v2/queued_images"), ("DELETE", "/v2/queued_images"), ("PUT", "/v2/queued_images/IMAGE"),
        ("DELETE", "/v2/queued_images/IMAGE"),
    ]

    @Test(arguments: routes + olderRoutes)
    func `is for administrators`(_ method: String, _ path: String) throws {
        let id = try glance.hasActiveImage()
        #expect(try glance.send(method, path.replacingOccurrences(of: "IMAGE", with: id)).status == 403)
        #expect(try glance.send(method, path.replacingOccurrences(of: "IMAGE", with: id), as: nil).status == 401)
    }

    @Test func `tells that there is none, but not to everybody`() throws {
        let glance = try TestGlance(["paste_deploy": "flavor = caching"])
        let id = try glance.hasActiveImage()
        for (method, path) in Self.routes {
            let path = path.replacingOccurrences(of: "IMAGE", with: id)
            #expect(try glance.send(method, path).status == 403, "\(method) \(path)")
            #expect(try glance.send(method, path, as: .admin).status == 404, "\(method) \(path)")
        }
        // Only the flavor brings these.
        for (method, path) in Self.olderRoutes { #expect(try glance.send(method, path, as: .admin).status == 404, "\(method) \(path)") }
        #expect(try glance.download(id).text == "hello")
    }

    @Test func `lists what is there, removes one and all`() throws {
        let (first, second) = (try cached(100_000), try cached(200_000))
        let list = try glance.send("GET", "/v2/cache", as: .admin).json
        #expect(list.object?.keys == ["cached_images", "queued_images"])
        let entry = try #require(list["cached_images"]?.array?.first { $0["image_id"]?.string == first })
        #expect(entry.object?.keys.sorted() == ["checksum", "hits", "id", "image_id", "last_accessed", "last_modified", "size"])
        #expect(entry["size"]?.int == 100_000 && entry["hits"]?.int == 0)
        #expect(entry["checksum"] == (try glance.image(first)["checksum"]))
        guard case .double(let accessed) = entry["last_accessed"] else { throw Unexpected("no time: \(entry)") }
        #expect(abs(accessed - Date().timeIntervalSince1970) < 60)
        #expect(try glance.download(first).status == 200)
        #expect(
            try eventually {
                try glance.send("GET", "/v2/cached_images", as: .admin).json["cached_images"]?.array?
                    .first { $0["image_id"]?.string == first }?["hits"]?.int == 1
            })

        #expect(try glance.send("DELETE", "/v2/cache/\(first)", as: .admin).status == 204)
        #expect(try cachedIDs() == [second])
        #expect(try glance.send("DELETE", "/v2/cache/\(first)", as: .admin).status == 204)
        let one = try glance.send("DELETE", "/v2/cached_images/\(second)", as: .admin)
        #expect(one.status == 200 && one.text == "null")
        let two = [try cached(1000), try cached(1000)]
        #expect(try cachedIDs() == two.sorted())
        #expect(try glance.send("DELETE", "/v2/cached_images", as: .admin).json["num_deleted"]?.int == 2)
        #expect(try cachedIDs() == [] && glance.rows("SELECT id FROM cached_images").isEmpty)
    }

    @Test func `wants images, in their order, until they are not wanted`() throws {
        let data = someData(1000)
        let origin = try Origin(data)
        let ids = try (0..<3).map { _ in try glance.hasImage(data, at: origin) }
        for id in ids { #expect(try glance.send("PUT", "/v2/cache/\(id)", as: .admin).status == 202) }
        #expect(try glance.send("PUT", "/v2/cache/\(ids[0])", as: .admin).status == 202)
        #expect(try queuedIDs() == ids)
        #expect(try glance.send("DELETE", "/v2/cache/\(ids[1])", as: .admin).status == 204)
        let unmarked = try glance.send("DELETE", "/v2/queued_images/\(ids[0])", as: .admin)
        #expect(unmarked.status == 200 && unmarked.text == "null")
        #expect(try queuedIDs() == [ids[2]])
        #expect(try glance.send("PUT", "/v2/queued_images/\(ids[0])", as: .admin).text == "null")
        #expect(try glance.send("GET", "/v2/queued_images", as: .admin).json["queued_images"]?.array?.count == 2)
        #expect(try glance.send("DELETE", "/v2/queued_images", as: .admin).json["num_deleted"]?.int == 2)
        // A complete image is not queued, and one that is fetched leaves the queue.
        #expect(try glance.send("PUT", "/v2/cache/\(ids[0])", as: .admin).status == 202)
        #expect(try glance.download(ids[0]).body.isSame(as: data))
        #expect(try eventually { try queuedIDs() == [] })
        #expect(try glance.send("PUT", "/v2/cache/\(ids[0])", as: .admin).status == 202)
        #expect(try queuedIDs() == [])
    }

    @Test func `is refused for what is no image, or has no data`() throws {
        let nothing = UUID().uuidString.lowercased()
        for id in [nothing, "..", "x", "%2e%2e%2fx", "a%00b"] {
            #expect([404, 400].contains(try glance.send("PUT", "/v2/cache/\(id)", as: .admin).status), "\(id)")
            #expect([404, 400].contains(try glance.send("DELETE", "/v2/cache/\(id)", as: .admin).status), "\(id)")
            #expect([404, 400].contains(try glance.send("GET", "/v2/cache/nodes/\(id)", as: .admin).status), "\(id)")
        }
        for id in ["..", "x", "%2e%2e%2fx"] {
            #expect(try glance.send("PUT", "/v2/queued_images/\(id)", as: .admin).status == 404, "\(id)")
        }
        let queued = try glance.hasImage()
        #expect(try glance.send("PUT", "/v2/cache/\(queued)", as: .admin).status == 400)
        // Its image is deleted, but the cache still has it.
        try Data("old".utf8).write(to: URL(filePath: "\(glance.cacheFolder)/\(nothing)"))
        #expect(try glance.send("DELETE", "/v2/cache/\(nothing)", as: .admin).status == 204)
        #expect(try glance.send("DELETE", "/v2/cache/\(nothing)", as: .admin).status == 404)
    }

    @Test(arguments: [("cache", [], true), ("QUEUE", ["image"], false), ("", [], false)])
    func `clears what the header says`(_ target: String, _ left: [String], _ keepsQueue: Bool) throws {
        let image = try cached(1000)
        let wanted = try glance.hasActiveImage()
        #expect(try glance.send("PUT", "/v2/cache/\(wanted)", as: .admin).status == 202)
        let reply = try glance.send(
            "DELETE", "/v2/cache", as: .admin, target.isEmpty ? [:] : ["x-image-cache-clear-target": target])
        #expect(reply.status == 204)
        #expect(try cachedIDs() == (left.isEmpty ? [] : [image]))
        #expect(try queuedIDs() == (keepsQueue ? [wanted] : []))
    }

    @Test func `clears nothing for a header that it does not know`() throws {
        let image = try cached(1000)
        let headers = ["x-image-cache-clear-target": "all", "Accept": "application/json"]
        let reply = try glance.send("DELETE", "/v2/cache", as: .admin, headers)
        #expect(reply.status == 400 && reply["Content-Type"]?.hasPrefix("text/plain") == true)
        #expect(try glance.send("DELETE", "/v2/cache", headers).status == 403)
        #expect(try cachedIDs().contains(image))
    }

    @Test func `prunes what nobody read for longest`() throws {
        let ids = try (0..<3).map { _ in try cached(200_000) }
        #expect(try glance.download(ids[0]).status == 200)
        let reply = try glance.send("POST", "/v2/cache/prune", as: .admin)
        #expect(reply.status == 200)
        #expect(reply.json["total_files_pruned"]?.int == 1 && reply.json["total_bytes_pruned"]?.int == 200_000)
        #expect(try cachedIDs() == [ids[0], ids[2]].sorted())
        #expect(try glance.send("POST", "/v2/cache/prune", as: .admin).json["total_files_pruned"]?.int == 0)
        // An image that is larger than the whole cache is not fetched.
        let data = someData(600_000)
        let origin = try Origin(data)
        let large = try glance.hasImage(data, at: origin)
        #expect(try glance.download(large).body.isSame(as: data))
        #expect(try !glance.caches(large) && !glance.caches(large, in: "incomplete"))
    }

    @Test func `cleans what is wrong or was left, and nothing that is under way`() throws {
        let data = someData()
        let glance = try TestGlance.cached()
        let origin = try Origin(data, .holding(1_500_000))
        let id = try glance.hasImage(data, at: origin)
        let download = try glance.startDownload(id)
        let (left, fresh) = (UUID().uuidString.lowercased(), UUID().uuidString.lowercased())
        for name in ["invalid/\(left)", "incomplete/\(left)", "incomplete/\(fresh)"] {
            try Data("x".utf8).write(to: URL(filePath: "\(glance.cacheFolder)/\(name)"))
        }
        let old = [FileAttributeKey.modificationDate: Date().addingTimeInterval(-90_000)]
        for name in [left, id] {
            try FileManager.default.setAttributes(old, ofItemAtPath: "\(glance.cacheFolder)/incomplete/\(name)")
        }
        let reply = try glance.send("POST", "/v2/cache/clean", as: .admin)
        #expect(reply.status == 200 && reply.body.isEmpty)
        #expect(try !glance.caches(left, in: "invalid") && !glance.caches(left, in: "incomplete"))
        #expect(try glance.caches(fresh, in: "incomplete") && glance.caches(id, in: "incomplete"))
        origin.release()
        #expect(download.receiveRest().isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
    }

    /// What stays and what is removed is as in a real Glance 33 with its sqlite driver.
    @Test func `cleans files whatever they are called, and none outside`() throws {
        let glance = try TestGlance.cached()
        let (files, outside) = (FileManager.default, "\(glance.folder)/outside")
        let cache = try glance.cacheFolder
        let long = [FileAttributeKey.modificationDate: Date().addingTimeInterval(-90_000)]
        func make(_ path: String, _ isOld: Bool) throws {
            try Data("x".utf8).write(to: URL(filePath: path))
            if isOld { try files.setAttributes(long, ofItemAtPath: path) }
        }
        try make(outside, true)
        let names = ["plain", ".hidden", "a b", "é", "UPPER", "\(UUID().uuidString.lowercased()).tmp", UUID().uuidString.lowercased()]
        for part in ["invalid", "incomplete", "queue"] {
            let folder = "\(cache)/\(part)"
            try files.createDirectory(atPath: "\(folder)/folder", withIntermediateDirectories: true)
            for name in names {
                try make("\(folder)/\(name)", false)
                try make("\(folder)/old \(name)", true)
            }
            try make("\(folder)/folder/inner", true)
            try make("\(folder)/cache.db", true)
            try files.createDirectory(atPath: "\(folder)/\(UUID().uuidString.lowercased())", withIntermediateDirectories: true)
            try files.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: outside)
            try files.createSymbolicLink(atPath: "\(folder)/link of folder", withDestinationPath: glance.folder)
        }
        #expect(mkfifo("\(cache)/incomplete/pipe", 0o600) == 0)
        try make("\(cache)/stray", true)

        #expect(try glance.send("POST", "/v2/cache/clean", as: .admin).status == 200)
        func left(_ part: String) throws -> Set<String> {
            Set(try files.contentsOfDirectory(atPath: "\(cache)/\(part)").filter { UUID(uuidString: $0) == nil })
        }
        let folders: Set = ["folder", "cache.db", "link of folder"]
        #expect(try left("invalid") == folders)
        #expect(try left("incomplete") == folders.union(names.dropLast()).union(["pipe"]))
        #expect(try left("queue").count == 2 * names.count - 1 + folders.count + 1)
        for kept in [outside, "\(cache)/stray", "\(cache)/invalid/folder/inner"] { #expect(files.fileExists(atPath: kept)) }
    }

    @Test func `tells the nodes that have an image, where the driver is the central one`() throws {
        let id = try cached(1000)
        let node = "http://node.example:9292"
        #expect(try glance.send("GET", "/v2/cache/nodes/\(id)", as: .admin).json == .array([.string(node)]))
        let other = try glance.hasActiveImage()
        #expect(try glance.send("GET", "/v2/cache/nodes/\(other)", as: .admin).json == .array([]))

        let glance = try TestGlance.cached(["DEFAULT": "image_cache_driver = sqlite"])
        let data = someData(1000)
        let origin = try Origin(data)
        let image = try glance.hasImage(data, at: origin)
        #expect(try glance.download(image).body.isSame(as: data))
        #expect(try eventually { try glance.caches(image) })
        #expect(try glance.send("GET", "/v2/cache/nodes/\(image)", as: .admin).status == 409)
        let entry = try glance.send("GET", "/v2/cache", as: .admin).json["cached_images"]?.array?.first
        #expect(entry?.object?.keys == ["image_id", "hits", "last_accessed", "last_modified", "size"])
    }

    // MARK: having

    /// An image of a given size in the cache, and recorded there.
    private func cached(_ count: Int) throws -> String {
        let data = someData(count)
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        guard try glance.download(id).body == data else { throw Unexpected("no download") }
        let record = "SELECT id FROM cached_images WHERE image_id = '\(id)'"
        guard try eventually({ try glance.caches(id) && glance.rows(record).count == 1 }) else { throw Unexpected("not cached") }
        return id
    }

    private func cachedIDs() throws -> [String] {
        let list = try glance.send("GET", "/v2/cache", as: .admin).json
        return list["cached_images"]?.array?.compactMap { $0["image_id"]?.string }.sorted() ?? []
    }

    private func queuedIDs() throws -> [String] {
        try glance.send("GET", "/v2/cache", as: .admin).json["queued_images"]?.array?.compactMap(\.string) ?? []
    }
}
