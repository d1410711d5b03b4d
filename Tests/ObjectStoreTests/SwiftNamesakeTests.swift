import Domain
import ObjectStores
import Stores
import TestSupport
import Testing

/// Two stores on different servers whose accounts and containers have the same names, as they have by default, so that their locations are
/// the same text.
@Suite struct `Two swift stores of the same names` {
    private let stores: StoreSet?
    private let members: [(name: String, store: SwiftStore)]

    init() throws {
        let container = SwiftEngine.freshContainer()
        members = zip(["one", "two"], SwiftPlace.all).map { name, place in
            var settings = SwiftEngine.settings(place.login)
            (settings.container, settings.createsContainers) = (container, true)
            return (name, SwiftStore(name: name, settings))
        }
        stores =
            members.count == 2
            ? StoreSet(
                members.map { member in
                    var info = StoreInfo(id: member.name, type: "swift")
                    info.isDefault = member.name == "one"
                    return StoreSet.Member(info, member.store)
                }) : nil
    }

    private func write(_ text: String, to store: String, of image: ImageID, _ token: String, in stores: StoreSet) throws -> ImageLocation {
        let writer = try stores.begin(image, token: token, announcing: Int64(text.utf8.count), in: store)
        try writer.write(text)
        let location = try writer.commit()
        writer.confirm()
        return location
    }

    private func text(at location: ImageLocation, in name: String) throws -> String {
        let store = try #require(members.first { $0.name == name }).store
        return String(decoding: try store.bytes(at: location.url).open(0).all(), as: UTF8.self)
    }

    @Test(arguments: ["one", "two"]) func `keep each other's data when those of one are removed`(_ name: String) throws {
        guard let stores else { return }
        let (image, token) = (ImageID.fresh(), String.token())
        let locations = try ["one", "two"].map { try write("in \($0)", to: $0, of: image, token, in: stores) }
        #expect(locations[0].url == locations[1].url)
        let (removed, kept) = name == "one" ? (0, 1) : (1, 0)
        try stores.remove(locations[removed])
        #expect(throws: Fault.of(.notFound)) { try text(at: locations[removed], in: name) }
        #expect(try text(at: locations[kept], in: members[kept].name) == "in \(members[kept].name)")
        try stores.remove(locations[kept])
    }

    @Test(arguments: ["{}", #"{"store": "renamed"}"#]) func `are not guessed between`(_ metadata: String) throws {
        guard let stores else { return }
        let location = try write("hello", to: "two", of: .fresh(), .token(), in: stores)
        let unknown = ImageLocation(url: location.url, metadata: metadata)
        #expect(stores.current(unknown) == unknown)
        #expect(throws: Fault.of(.conflict)) { try stores.checkRemovable(unknown) }
        #expect(throws: Fault.of(.unavailable)) { try stores.remove(unknown) }
        #expect(try text(at: location, in: "two") == "hello")
        try stores.remove(location)
    }

    /// The files of references are often the same, and the stores differ in the account that takes new images.
    @Test func `on one server are one place`() throws {
        guard let place = SwiftPlace.all.first else { return }
        let settings = SwiftEngine.settings(place.login)
        let stores = StoreSet(
            ["one", "two"].map { name in
                var info = StoreInfo(id: name, type: "swift")
                info.isDefault = name == "one"
                return StoreSet.Member(info, SwiftStore(name: name, settings))
            })
        let location = ImageLocation(url: try write("hello", to: "two", of: .fresh(), .token(), in: stores).url)
        #expect(stores.current(location).store == "one")
        try stores.remove(location)
        #expect(throws: Fault.of(.notFound)) { try stores.bytes(at: location) }
    }
}
