import Domain
import ObjectStores
import TestSupport
import Testing

/// What a verification learns of a Swift store's contents.
@Suite struct `The contents of a swift store` {
    /// - Parameters:
    ///   - seed: the characters of the ids that end the names of containers.
    ///   - page: the most names in an answer.
    private func store(_ login: SwiftLogin, seed: Int = 0, page: Int = 1000) -> (store: SwiftStore, settings: SwiftStore.Settings) {
        var settings = SwiftEngine.settings(login)
        (settings.seed, settings.largeObject, settings.largeObjectChunk, settings.limits.page) = (seed, 1 << 20, 1 << 20, page)
        return (SwiftStore(settings), settings)
    }

    private func add(_ size: Int, to store: SwiftStore, as image: ImageID = .fresh(), isConfirmed: Bool = true) throws -> String {
        let pending = try store.begin(image, token: .token(), announcing: nil)
        try pending.write(bytes(size))
        let url = try pending.commit().url
        if isConfirmed { pending.confirm() }
        return String(url.split(separator: "/").last!)
    }

    /// Ceph's gateway lists an object a moment after it was written.
    private func waitUntil(_ store: SwiftStore, lists names: [String]) {
        _ = eventually(within: 10) { (try? Set(store.names(olderThan: -2))) == Set(names) }
    }

    @Test(arguments: SwiftPlace.all, [1, 2, 3, 5, 1000])
    func `are listed in pieces of any size, without what belongs to an image or to others`(_ place: SwiftPlace, _ page: Int) throws {
        let (store, settings) = store(place.login, page: page)
        let whole = try (1...2).map { _ in try add(5, to: store) }
        let large = try (1...2).map { _ in try add(3_500_000, to: store) }
        let objects = try SwiftObjects(place.login, container: settings.container)
        // As Glance's driver writes an image, and what it leaves of one.
        let (theirs, lost) = (ImageID.fresh().text, ImageID.fresh().text)
        for number in 1...4 {
            try objects.put("\(theirs)-0000\(number)", "hello")
            try objects.put("\(lost)-0000\(number)", "hello")
        }
        try objects.put(theirs, "", ["X-Object-Manifest": "\(settings.container)/\(theirs)-"])
        // Segments of ours without a manifest: alone, and beside images of the same id.
        var orphans = ["\(lost)-"]
        let beside = String(large[0].prefix(36))
        for image in [ImageID.fresh().text, beside, String(whole[0].prefix(36)), theirs] {
            for number in 1...2 { try objects.put("\(image).lost-0000\(number)", "hello") }
            orphans.append("\(image).lost-")
        }
        // An upload under way, and one that was taken back.
        let pending = try store.begin(.fresh(), token: .token(), announcing: nil)
        try pending.write(bytes(2_500_000))
        let (image, token) = (ImageID.fresh(), String.token())
        let frozen = try store.begin(image, token: token, announcing: nil)
        try store.discard(Upload(image: image, token: token, pendingURL: frozen.url))
        try objects.put("\(image).\(token)-00001", "late")
        for name in ["a-backup", "\(image)-disk.raw", "0", "zebra/\(image)", "\(image)/x", "vitrine/other"] { try objects.put(name, "x") }

        let expected = whole + large + [theirs] + orphans
        waitUntil(store, lists: expected)
        var (pieces, named): ([Int], [String]) = ([], [])
        try store.forEachName(olderThan: -2) {
            pieces.append($0.count)
            named += $0
            return true
        }
        #expect(named.sorted() == expected.sorted())
        #expect(pieces.allSatisfy { $0 <= max(2, page) * 2 })
        #expect(try store.names(olderThan: -2).sorted() == named.sorted())
        #expect(try store.names(olderThan: 100).isEmpty)
        // It ends where the caller wants no more.
        var count = 0
        try store.forEachName(olderThan: -2) { _ in
            count += 1
            return false
        }
        #expect(count == 1)
        withExtendedLifetime((pending, frozen)) {}
    }

    @Test(arguments: SwiftPlace.all) func `are those of all its containers, and of no other`(_ place: SwiftPlace) throws {
        let (store, settings) = store(place.login, seed: 1, page: 2)
        // More containers of others than a page has, before and behind those of the store.
        for name in ["a", "b", "c"].flatMap({ ["0-\(settings.container)-\($0)", "\(settings.container)zz-\($0)"] }) {
            try SwiftObjects(place.login, container: name).make()
        }
        var names: [String] = []
        for digit in "0123456789abcdef" {
            let id = ImageID("\(digit)\(ImageID.fresh().text.dropFirst())")
            names.append(try add(digit == "7" ? 2_500_000 : 5, to: store, as: id))
        }
        // Of a time without a seed, and of another store.
        let image = ImageID.fresh().text
        for (ending, isOurs) in [("", true), ("_archive", false), ("-b", false)] {
            let objects = try SwiftObjects(place.login, container: settings.container + ending)
            try objects.make()
            try objects.put(image, "hello")
            if isOurs { names.append(image) }
        }
        waitUntil(store, lists: names)
        #expect(try store.names(olderThan: -2).sorted() == names.sorted())
    }

    @Test(arguments: SwiftPlace.all) func `are none where the container is not there yet`(_ place: SwiftPlace) throws {
        #expect(try store(place.login).store.names(olderThan: -2) == [])
        #expect(try store(place.login, seed: 2).store.names(olderThan: -2) == [])
    }

    /// As an earlier release named it where the server obeyed `If-None-Match`.
    @Test(arguments: SwiftPlace.all) func `include no segments of a manifest with the image's own name`(_ place: SwiftPlace) throws {
        let (store, settings) = store(place.login, page: 2)
        let objects = try SwiftObjects(place.login, container: settings.container)
        try objects.make()
        let image = ImageID.fresh().text
        for name in ["abc-00001", "abc-00002", "lost-00001"] { try objects.put("\(image).\(name)", "hello") }
        try objects.put(image, "", ["X-Object-Manifest": "\(settings.container)/\(image).abc-"])
        waitUntil(store, lists: [image, "\(image).lost-"])
        #expect(try store.names(olderThan: -2).sorted() == [image, "\(image).lost-"])
    }
}
