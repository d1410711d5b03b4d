import Domain
import Stores
import TestSupport
import Testing

/// The store of a location, and the order in which locations are read: values, except for the folders of two stores.
@Suite struct `A set of stores` {
    private let folder: String
    private let fast: FileStore
    private let cheap: FileStore
    init() throws {
        folder = try Files.fresh()
        fast = try FileStore(name: "fast", [.init(path: "\(folder)/fast")])
        cheap = try FileStore(name: "cheap", [.init(path: "\(folder)/fast/cheap")])
    }

    private func set(weights: [Int] = [0, 0, 0], default main: String = "fast") -> StoreSet {
        let stores: [(String, String, any ImageStore)] = [
            ("fast", "file", fast), ("cheap", "file", cheap), ("web", "http", HTTPStore(rules: rules)),
        ]
        return StoreSet(
            zip(stores, weights).map { store, weight in
                var info = StoreInfo(id: store.0, type: store.1)
                (info.weight, info.isDefault, info.isReadOnly) = (weight, store.0 == main, store.1 == "http")
                return StoreSet.Member(info, store.2)
            })
    }

    private var rules: FetchRules {
        do { return try FetchRules() } catch { fatalError("\(error)") }
    }

    private func location(_ store: String, label: String?) -> ImageLocation {
        let urls = [
            "fast": "file://\(folder)/fast/x", "cheap": "file://\(folder)/fast/cheap/x", "web": "http://example.org/x", "": "rbd://x",
        ]
        return ImageLocation(url: urls[store]!, metadata: label.map { #"{"store": "\#($0)"}"# } ?? "{}")
    }

    @Test func `names its members in the order of the configuration, and says which is the default`() {
        #expect(set().named?.map(\.id) == ["fast", "cheap", "web"])
        #expect(set(default: "cheap").named?.map(\.isDefault) == [false, true, false])
        #expect(set().info("cheap")?.type == "file")
        #expect(set().info("web")?.isReadOnly == true)
        for name in ["", "Fast", "os_glance_staging_store"] { #expect(set().info(name) == nil) }
    }

    @Test func `finds the store of a location by its label where that can be, and by its URL elsewhere`() {
        for store in ["fast", "cheap", "web"] {
            for label in [nil, store, "", "renamed", "fast", "cheap", "web"] {
                #expect(set().store(of: location(store, label: label)) == store, "\(store) labelled \(label ?? "not")")
            }
        }
        for label in [nil, "fast", "renamed"] { #expect(set().store(of: location("", label: label)) == nil) }
    }

    @Test(arguments: [("gone", "in the store 'gone'"), ("", "in no store"), (nil, "in no store")])
    func `names the store of a location that is in none of its members`(_ label: String?, _ said: String) {
        let location = location("", label: label)
        let calls: [(StoreSet) throws -> Void] = [
            { _ = try $0.bytes(at: location) }, { try $0.remove(location) }, { try $0.checkRemovable(location) },
        ]
        for call in calls {
            let fault = #expect(throws: Fault.self) { try call(set()) }
            #expect(fault?.message.contains(said) == true, "\(fault.debugDescription)")
        }
    }

    /// Two http stores contain the same URLs, so only the label tells them apart.
    @Test func `believes the label of two stores that could both hold a location`() {
        let members = ["one", "two"].map { StoreSet.Member(StoreInfo(id: $0, type: "http"), HTTPStore(rules: rules)) }
        var info = StoreInfo(id: "fast", type: "file")
        info.isDefault = true
        let set = StoreSet([StoreSet.Member(info, fast)] + members)
        #expect(set.store(of: location("web", label: "two")) == "two")
        #expect(set.store(of: location("web", label: "one")) == "one")
        #expect(set.store(of: location("web", label: nil)) == "one")
        #expect(set.store(of: location("web", label: "fast")) == "one")
    }

    @Test func `orders locations by preference, then by weight, then as they are`() {
        let all = ["fast", "cheap", "web", ""].map { location($0, label: nil) }
        func order(_ weights: [Int], _ preferred: [String] = []) -> [Int] {
            set(weights: weights).ordered(all, preferring: preferred).map { all.firstIndex(of: $0)! }
        }
        #expect(order([0, 0, 0]) == [0, 1, 2, 3])
        #expect(order([1, 2, 3]) == [2, 1, 0, 3])
        #expect(order([-1, 2, 2]) == [1, 2, 3, 0])
        // A location in no store has weight 0.
        #expect(order([.min, .max, -5]) == [1, 3, 2, 0])
        #expect(order([0, 0, 0], ["web"]) == [2, 0, 1, 3])
        #expect(order([9, 0, 0], ["web", "cheap"]) == [2, 1, 0, 3])
        #expect(order([0, 0, 7], ["cheap", "fast", "cheap"]) == [1, 0, 2, 3])
        #expect(order([0, 3, 7], ["nowhere"]) == [2, 1, 0, 3])
        #expect(set(weights: [1, 2, 3]).ordered([]) == [])
    }

    @Test func `keeps the order of several locations in one store`() {
        let set = set(weights: [1, 0, 2])
        let webs = (1...4).map { ImageLocation(url: "http://example.org/\($0)") }
        let here = location("fast", label: nil)
        #expect(set.ordered([webs[0], here, webs[1]] + webs[2...]) == webs + [here])
        #expect(set.ordered([webs[0], here] + webs[1...], preferring: ["fast"]) == [here] + webs)
    }

    @Test func `of one store has no names and no order`() throws {
        let set = StoreSet(fast, beside: [cheap])
        #expect(set.named == nil && set.info("fast") == nil)
        let all = ["cheap", "fast", ""].map { location($0, label: "fast") }
        #expect(set.ordered(all, preferring: ["fast"]) == all)
        for location in all { #expect(set.store(of: location) == nil) }
        try store(in: set, named: nil, expecting: "\(folder)/fast")
        #expect(throws: Fault.of(.invalid)) { try set.begin(.fresh(), token: "1", announcing: nil, in: "fast") }
    }

    private func store(in set: StoreSet, named name: String?, expecting folder: String) throws {
        let id = ImageID.fresh()
        let pending = try set.begin(id, token: "1", announcing: nil, in: name)
        try pending.append([1, 2, 3])
        let location = try pending.commit()
        #expect(location.url == "file://\(folder)/\(id)")
        #expect(try set.bytes(at: location).size == 3)
        #expect(try set.bytes(at: ImageLocation(url: location.url, metadata: #"{"store": "web"}"#)).size == 3)
        try set.remove(location)
        #expect(throws: Fault.of(.notFound)) { try set.bytes(at: location) }
    }

    @Test func `takes bytes by a store's name, and says which takes none`() throws {
        let set = set(default: "cheap")
        try store(in: set, named: nil, expecting: "\(folder)/fast/cheap")
        try store(in: set, named: "cheap", expecting: "\(folder)/fast/cheap")
        try store(in: set, named: "fast", expecting: "\(folder)/fast")
        for name in ["web", "nowhere", "", "Fast", "os_glance_staging_store"] {
            #expect(throws: Fault.of(.invalid)) { try set.begin(.fresh(), token: "1", announcing: nil, in: name) }
        }
    }

    @Test func `clears up in all of its stores`() throws {
        let set = set()
        let pending = try ["fast", "cheap"].map { try set.begin(.fresh(), token: $0, announcing: nil, in: $0) }
        let uploads = try set.pendingUploads(olderThan: -2)
        #expect(Set(uploads.map(\.token)) == ["fast", "cheap"])
        for upload in uploads where upload.token == "cheap" { try set.discard(upload) }
        #expect(try set.pendingUploads(olderThan: -2).map(\.token) == ["fast"])
        for upload in uploads { try set.discardPending(upload) }
        #expect(try set.pendingUploads(olderThan: -2).isEmpty)
        for bytes in pending { #expect(throws: Fault.self) { try bytes.commit() } }
    }
}

@Suite struct `A location` {
    @Test func `is labelled beside what is said of it`() {
        let location = ImageLocation(url: "file:///a/b", metadata: #"{"a": [1], "store": "x", "b": null}"#)
        #expect(location.store == "x")
        #expect(location.labelled("y").metadata == #"{"a": [1], "store": "y", "b": null}"#)
        #expect(location.labelled("y").url == "file:///a/b")
        for metadata in ["", "null", "[]", "{", "7", "\"store\"", "{}"] {
            let location = ImageLocation(url: "file:///a/b", metadata: metadata)
            #expect(location.store == nil)
            #expect(location.labelled("y").metadata == #"{"store": "y"}"#)
        }
        #expect(ImageLocation(url: "", metadata: #"{"store": 7}"#).store == nil)
    }

    @Test func `does not show who may read there`() {
        for (url, shown) in [
            ("http://joe:s3cret@host/x", "http://***@host/x"), ("https://token@host:8/x@y", "https://***@host:8/x@y"),
            ("http://a@b@host/x", "http://***@host/x"), ("http://host/x@y", "http://host/x@y"), ("http://host?a@b", "http://host?a@b"),
            ("http://host#a@b", "http://host#a@b"), ("file:///a/b@c", "file:///a/b@c"),
            ("swift+http://a:b@c/d/e", "swift+http://***@c/d/e"),
            ("", ""), ("x", "x"), ("://@", "://***@"), ("joe@host", "joe@host"),
        ] {
            #expect(ImageLocation(url: url).shownURL == shown)
        }
    }
}
