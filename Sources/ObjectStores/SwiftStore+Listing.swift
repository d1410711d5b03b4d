package import Domain
internal import Glibc
internal import HTTPClient
internal import JSONDocument
internal import Text

// What containers list. New objects of Swift may be listed a while after they were written, and removed ones still be.
extension SwiftStore {
    struct Item {
        let name: String
        let bytes: Int64
        /// Seconds since it was written, by the server's clock.
        let age: Int
    }

    /// The most names of a listing that is kept in memory.
    private static let most = 200_000

    /// Lists objects whose names begin with a prefix, 200,000 at most; none of a container that is not there.
    func list(_ container: String, prefix: String, in account: SwiftAccount) throws(Fault) -> [Item] {
        var items: [Item] = []
        try forEachPage(of: SwiftObject.path(container), query: "&prefix=\(percentEncoded(prefix))", in: account) { page in
            items += page
            return items.count < Self.most
        }
        return items
    }

    /// The store's containers in the main account.
    func containers(atMost most: Int) throws(Fault) -> [String] {
        guard settings.seed > 0 else { return [settings.container] }
        var containers: [String] = []
        try forEachContainerPage { page in
            containers += page
            return containers.count < most
        }
        return containers
    }

    /// Passes the names of containers for a part of the images to a closure, until it returns false.
    private func forEachContainerPage(_ body: (_ containers: [String]) throws(Fault) -> Bool) throws(Fault) {
        // Ceph's gateway takes a page of all containers first, and leaves out those without the prefix then: the first page would be empty.
        let prefix = "\(settings.container)_"
        try forEachPage(of: "", query: "&prefix=\(percentEncoded(prefix))", from: prefix, in: locations.main) { page throws(Fault) in
            try body(page.map(\.name).filter(locations.covers))
        }
    }

    /// Passes the pages of a listing to a closure, until it returns false; no page where nothing is there.
    private func forEachPage(
        of path: String, query: String, from start: String = "", in account: SwiftAccount, _ body: (_ page: [Item]) throws(Fault) -> Bool
    ) throws(Fault) {
        var last = start
        while true {
            let marker = last.isEmpty ? "" : "&marker=\(percentEncoded(last))"
            let reply = try account.send(.init("GET", path, query: "format=json&limit=\(settings.limits.page)\(query)\(marker)"))
            if reply.status == 404 || reply.status == 204 { return }
            guard reply.status == 200, let page = (try? JSON(parsing: reply.body))?.array else {
                throw account.refusal(reply.status, "a listing")
            }
            let now = reply.serverTime ?? time(nil)
            let items = page.compactMap { $0.object.flatMap { Item($0, now) } }
            guard let first = items.first, let end = items.last else { return }
            // A server that repeats itself would be asked for ever.
            guard last.isEmpty || last.utf8.lexicographicallyPrecedes(first.name.utf8) else {
                throw account.away("a listing does not go on behind its marker")
            }
            guard try body(items) else { return }
            last = end.name
        }
    }
}

extension SwiftStore.Item {
    /// An element of a listing: an object, or a container.
    fileprivate init?(_ object: JSONObject, _ now: Int) {
        guard let name = object["name"]?.string, !name.isEmpty else { return nil }
        let written = object["last_modified"]?.string.flatMap { CivilTime(prefixOf: $0) }?.seconds
        self.init(name: name, bytes: object["bytes"]?.int ?? 0, age: written.map { now - $0 } ?? 0)
    }
}

/// Its items are objects that are named as images, and what is left of images without an object: `<id>.<token>-` or `<id>-` for all segments
/// whose names begin so, where no manifest leads to them, no upload writes them, and none was taken back within a day.
extension SwiftStore: ListedStore {
    package func names(olderThan seconds: Int) throws(Fault) -> [String] { try gatheredNames(olderThan: seconds) }

    /// - Parameter body: gets a piece for each page, also an empty one, so that the caller sees that the server answers.
    package func forEachName(olderThan seconds: Int, _ body: (_ names: [String]) -> Bool) throws(Fault) {
        // With a seed, those of a time without one.
        guard try forEachName(in: settings.container, olderThan: seconds, body), settings.seed > 0 else { return }
        try forEachContainerPage { containers throws(Fault) in
            for container in containers {
                guard try forEachName(in: container, olderThan: seconds, body) else { return false }
            }
            return true
        }
    }

    /// - Returns: false when the closure did.
    private func forEachName(
        in container: String, olderThan seconds: Int, _ body: (_ names: [String]) -> Bool
    ) throws(Fault) -> Bool {
        var walk = SwiftWalk()
        var isWanted = true
        // Ids begin with a character from 0 to f.
        try forEachPage(of: SwiftObject.path(container), query: "&end_marker=g", from: "/", in: locations.main) { page throws(Fault) in
            var names: [String] = []
            for item in page where item.name.utf8.lexicographicallyPrecedes("g".utf8) {
                if let ended = walk.step(item), try isOrphaned(ended, in: container, olderThan: seconds) { names.append(ended.prefix) }
                if walk.isImage, item.age >= seconds { names.append(item.name) }
            }
            isWanted = body(names)
            return isWanted
        }
        if isWanted, let ended = walk.end(), try isOrphaned(ended, in: container, olderThan: seconds) { isWanted = body([ended.prefix]) }
        return isWanted
    }

    /// Whether segments belong to nothing.
    private func isOrphaned(_ segments: SwiftWalk.Segments, in container: String, olderThan seconds: Int) throws(Fault) -> Bool {
        guard segments.age >= seconds, !segments.hasManifest else { return false }
        let account = locations.main
        if segments.mayBelongToImage {
            let reply = try account.send(.init("HEAD", SwiftObject.path(container, segments.image)))
            guard 200...299 ~= reply.status || reply.status == 404 else { throw account.refusal(reply.status, "HEAD of an object") }
            let manifest = reply.headers["X-Object-Manifest"].flatMap { percentDecoded($0[...]) }
            if manifest == "\(container)/\(segments.prefix)" { return false }
        }
        guard let token = segments.token else { return true }
        let upload = SwiftUpload(container: container, image: segments.image, token: token)
        for mark in [upload.marker, upload.tombstone] where try isThere(upload, mark) { return false }
        return true
    }
}
