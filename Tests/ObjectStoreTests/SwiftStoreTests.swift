import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

@Suite struct `A swift store` {
    @Test(arguments: SwiftPlace.all, ImageStoreConformance.checks)
    func `does what every store does`(_ place: SwiftPlace, _ check: ConformanceCheck<any ImageStore>) throws {
        try check.run(SwiftStore(SwiftEngine.settings(place.login)))
        var settings = SwiftEngine.settings(place.login)
        settings.seed = 2
        // Every image has a segment and a manifest.
        settings.largeObject = 0
        try check.run(SwiftStore(name: "far", settings))
    }

    @Test(arguments: SwiftPlace.all) func `names an object by the image's id and the upload`(_ place: SwiftPlace) throws {
        let (image, token) = (ImageID.fresh(), String.token())
        let settings = SwiftEngine.settings(place.login)
        let store = SwiftStore(name: "far", settings)
        let pending = try store.begin(image, token: token, announcing: 5)
        #expect(pending.url == "swift+config://ref1/\(settings.container)/vitrine/pending/\(image).\(token)")
        try pending.write("hello")
        let location = try pending.commit()
        #expect(location.url == "swift+config://ref1/\(settings.container)/\(image).\(token)")
        #expect(location.metadata == #"{"store": "far"}"#)
    }

    /// An answer with more than ten segments is slow in OpenStack Swift.
    @Test(arguments: SwiftPlace.all) func `reads an image in pieces, from anywhere to the end`(_ place: SwiftPlace) throws {
        var settings = SwiftEngine.settings(place.login)
        (settings.largeObject, settings.largeObjectChunk, settings.limits.piece) = (0, 1_000_000, 3_000_000)
        let store = SwiftStore(settings)
        for size in [0, 1, 2_999_999, 3_000_000, 3_000_001, 6_000_000, 9_500_000] {
            let image = bytes(size)
            let pending = try store.begin(.fresh(), token: .token(), announcing: nil)
            try pending.write(image)
            let found = try store.bytes(at: pending.commit().url)
            for start in [0, 1, 2_999_999, 3_000_000, 5_999_999, size - 1, size] where 0...size ~= start {
                #expect(try found.open(Int64(start)).all().isSame(as: Array(image[start...])), "\(start) of \(size)")
            }
        }
    }

    @Test(arguments: SwiftPlace.all.prefix(1)) func `takes what has at most 9,999 segments of 32 MiB`(_ place: SwiftPlace) throws {
        let store = SwiftStore(SwiftEngine.settings(place.login))
        for size in [0, 9_999 << 24, 9_999 << 25] as [Int64] {
            try store.begin(.fresh(), token: .token(), announcing: size).discard()
        }
        #expect(throws: Fault.of(.tooLarge)) { try store.begin(.fresh(), token: .token(), announcing: 9_999 << 25 + 1) }
    }

    @Test(arguments: SwiftPlace.all, [nil, 40_000_001])
    func `keeps an image of several segments, whatever its announced size`(_ place: SwiftPlace, _ announced: Int64?) throws {
        let login = place.login
        let settings = SwiftEngine.settings(login)
        let store = SwiftStore(settings)
        let image = bytes(40_000_001)
        let pending = try store.begin(.fresh(), token: .token(), announcing: announced)
        try pending.write(image)
        let location = try pending.commit()
        pending.confirm()
        let found = try store.bytes(at: location.url)
        #expect(found.size == 40_000_001)
        #expect(try found.open(0).all() == image)
        // Across the border of two segments.
        #expect(try found.open(33_554_400).all().isSame(as: Array(image[33_554_400...])))
        try store.remove(location.url)
        #expect(try SwiftObjects(login, container: settings.container).names().isEmpty)
    }

    @Test(arguments: SwiftPlace.all) func `spreads images over containers by the beginning of their ids`(_ place: SwiftPlace) throws {
        let login = place.login
        var settings = SwiftEngine.settings(login)
        settings.seed = 10
        let store = SwiftStore(settings)
        let pending = try store.begin(
            ImageID("FDAE39A1-bac5-4238-aba4-69bcc726e848"), token: .token(), announcing: 0)
        #expect(pending.url.hasPrefix("swift+config://ref1/\(settings.container)_fdae39a1-ba/"))
        #expect(try store.pendingUploads(olderThan: -2).map(\.pendingURL) == [pending.url])
    }

    @Test(arguments: SwiftPlace.all) func `leaves a day's mark of an upload that was taken back, and of no other`(_ place: SwiftPlace)
        throws
    {
        let login = place.login
        let settings = SwiftEngine.settings(login)
        let store = SwiftStore(settings)
        let objects = try SwiftObjects(login, container: settings.container)
        let image = ImageID.fresh()
        let pending = try store.begin(image, token: "abc", announcing: nil)
        try pending.write(bytes(40_000_000))
        try store.discard(Upload(image: image, token: "def", pendingURL: pending.url))
        #expect(try store.pendingUploads(olderThan: -2).isEmpty)
        #expect(throws: Fault.of(.conflict)) { try pending.commit() }
        pending.discard()
        #expect(try objects.names() == ["vitrine/discarded/\(image).abc"])
        let mark = "swift+config://ref1/\(settings.container)/vitrine/discarded/\(image).abc"
        try store.discardPending(Upload(image: image, token: "abc", pendingURL: mark))
        #expect(try objects.names().isEmpty)
    }

    @Test(arguments: SwiftPlace.all) func `removes the marker alone where the data of an unknown upload have their name already`(
        _ place: SwiftPlace
    ) throws {
        let login = place.login
        let settings = SwiftEngine.settings(login)
        let store = SwiftStore(settings)
        let image = ImageID.fresh()
        let pending = try store.begin(image, token: "abc", announcing: nil)
        try pending.write("hello")
        let location = try pending.commit()
        try store.discardPending(Upload(image: image, token: "abc", pendingURL: pending.url))
        #expect(try SwiftObjects(login, container: settings.container).names() == ["\(image).abc"])
        #expect(try store.bytes(at: location.url).open(0).all() == Array("hello".utf8))
    }

    @Test(arguments: SwiftPlace.all) func `reads and removes static large objects, and those of other programs`(_ place: SwiftPlace) throws
    {
        let login = place.login
        let settings = SwiftEngine.settings(login)
        let store = SwiftStore(settings)
        let objects = try SwiftObjects(login, container: settings.container)
        try store.begin(.fresh(), token: .token(), announcing: nil).discard()
        let (c, url) = (settings.container, "swift+config://ref1/\(settings.container)/")
        try objects.put("s1", "hello ")
        try objects.put("s2", "world")
        let list = #"[{"path": "/\#(c)/s1"}, {"path": "/\#(c)/s2"}]"#
        try objects.put("slo", list, query: "?multipart-manifest=put")
        #expect(try store.bytes(at: url + "slo").open(3).all() == Array("lo world".utf8))
        try store.remove(url + "slo")
        // As Glance names them: only what is a segment goes with the manifest.
        try objects.put("x-00001", "hello")
        try objects.put("x-y", "another")
        try objects.put("x", "", ["X-Object-Manifest": "\(c)/x-"])
        #expect(try store.bytes(at: url + "x").size == 12)
        try store.remove(url + "x")
        #expect(try objects.names() == ["x-y"])
    }

    @Test(arguments: SwiftPlace.all) func `refuses to read an image whose segments are gone`(_ place: SwiftPlace) throws {
        let login = place.login
        var settings = SwiftEngine.settings(login)
        settings.largeObject = 0
        let store = SwiftStore(settings)
        let (image, token) = (ImageID.fresh(), String.token())
        let pending = try store.begin(image, token: token, announcing: nil)
        try pending.write("hello")
        let location = try pending.commit()
        try SwiftObjects(login, container: settings.container).remove("\(image).\(token)-00001")
        // OpenStack Swift says that something is wrong, Ceph's gateway that nothing is there.
        #expect(throws: Fault.self) { try store.bytes(at: location.url).open(0) }
    }
}

/// Objects of a store's container, as curl sees them.
struct SwiftObjects {
    private let base: String
    private let token: String
    private let container: String

    init(_ login: SwiftLogin, container: String) throws {
        guard case .user(let user, let key) = login.identity else { throw Unexpected("no user") }
        let head = try Command(
            "/usr/bin/curl", ["-sSi", "-m", "20", "-H", "X-Auth-User: \(user)", "-H", "X-Auth-Key: \(key)", login.address]
        ).text
        guard let storage = head.firstMatch(of: /(?i)x-storage-url: (\S+)/)?.1,
            let token = head.firstMatch(of: /(?i)x-auth-token: (\S+)/)?.1
        else { throw Unexpected(head) }
        (base, self.token, self.container) = ("\(storage)/\(container)", String(token), container)
    }

    /// The URL of the account.
    func storage() -> String { String(base.dropLast(container.count + 1)) }

    private func curl(_ arguments: [String]) throws -> String {
        try Command("/usr/bin/curl", ["-sSf", "-m", "20", "-H", "X-Auth-Token: \(token)"] + arguments).text
    }

    func names() throws -> [String] { try curl([base]).split(separator: "\n").map(String.init) }

    func put(_ name: String, _ text: String, query: String = "", _ headers: [String: String] = [:]) throws {
        _ = try curl(["-X", "PUT", "--data-binary", text, "\(base)/\(name)\(query)"] + headers.flatMap { ["-H", "\($0): \($1)"] })
    }

    /// Makes the container.
    func make() throws { _ = try curl(["-X", "PUT", base]) }

    /// Lets a user read the container, and no more.
    func letRead(_ user: String) throws { _ = try curl(["-X", "POST", "-H", "X-Container-Read: \(user)", base]) }

    func setQuota(_ bytes: Int) throws { _ = try curl(["-X", "POST", "-H", "X-Container-Meta-Quota-Bytes: \(bytes)", base]) }

    /// Limits the bytes of an account; nil for no limit. Only an administrator may.
    func setAccountQuota(_ bytes: Int?, of storage: String) throws {
        _ = try curl(["-X", "POST", "-H", "X-Account-Quota-Bytes: \(bytes.map(String.init) ?? "")", storage])
    }

    func remove(_ name: String) throws { _ = try curl(["-X", "DELETE", "\(base)/\(name)"]) }
}
