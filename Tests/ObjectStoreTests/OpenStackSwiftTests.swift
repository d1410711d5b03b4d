import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

/// What happens on OpenStack Swift alone: its proxy, its containers and its objects are servers of their own, and containers learn of objects
/// late when their server was away.
@Suite(.serialized) struct `A swift store on OpenStack Swift whose servers fail` {
    private struct Place {
        let engine: OpenStackSwift
        let settings: SwiftStore.Settings
        let objects: SwiftObjects
        var store: SwiftStore { SwiftStore(settings) }
    }

    private func place() throws -> Place? {
        guard let engine = try OpenStackSwift.disturbed() else { return nil }
        var settings = SwiftEngine.settings(try engine.login(engine.user))
        (settings.largeObject, settings.largeObjectChunk) = (1_000_000, 1_000_000)
        (settings.limits.control, settings.limits.segment, settings.limits.listing) = (4, 4, 3)
        let objects = try SwiftObjects(engine.login(engine.user), container: settings.container)
        try objects.make()
        return Place(engine: engine, settings: settings, objects: objects)
    }

    @Test func `leaves nothing of an upload whose container does not list all segments`() throws {
        guard let place = try place() else { return }
        let (store, image, token) = (place.store, ImageID.fresh(), String.token())
        let pending = try store.begin(image, token: token, announcing: nil)
        try pending.write(bytes(1_500_000))
        place.engine.end(.container)
        // The objects are written, and their container does not know them.
        try pending.write(bytes(3_000_000))
        try place.engine.restart()
        try store.discard(Upload(image: image, token: token, pendingURL: pending.url))
        #expect(throws: Fault.of(.conflict)) { try pending.commit() }
        #expect(pending.discard())
        try place.engine.update()
        #expect(try place.objects.names() == ["vitrine/discarded/\(image).\(token)"])
    }

    @Test func `commits, reads and removes an image that its container does not list`() throws {
        guard let place = try place() else { return }
        let (store, image) = (place.store, bytes(4_500_000))
        let pending = try store.begin(.fresh(), token: .token(), announcing: nil)
        try pending.write(Array(image[..<1_500_000]))
        place.engine.end(.container)
        try pending.write(Array(image[1_500_000...]))
        let url = try pending.commit().url
        pending.confirm()
        #expect(try store.bytes(at: url).open(0).all().isSame(as: image))
        try place.engine.restart()
        try store.remove(url)
        try place.engine.update()
        #expect(try place.objects.names() == [])
    }

    @Test(arguments: [OpenStackSwift.Server.object, .container, .account, .proxy])
    func `goes on with an upload in which a server ends, or leaves nothing of it`(_ server: OpenStackSwift.Server) throws {
        guard let place = try place() else { return }
        let (store, image, id, token) = (place.store, bytes(4_500_000), ImageID.fresh(), String.token())
        let pending = try store.begin(id, token: token, announcing: nil)
        try pending.write(Array(image[..<2_500_000]))
        place.engine.end(server)
        // The proxy knows the token no more when it is back.
        if server == .proxy { try place.engine.restart() }
        do {
            try pending.write(Array(image[2_500_000...]))
            let url = try pending.commit().url
            pending.confirm()
            try place.engine.restart()
            #expect(try store.bytes(at: url).open(0).all().isSame(as: image))
            try store.remove(url)
        } catch {
            #expect((error as? Fault)?.kind == .unavailable && server != .account, "\(error)")
            pending.discard()
            try place.engine.restart()
            for upload in try store.pendingUploads(olderThan: -2) { try store.discard(upload) }
        }
        try place.engine.update()
        #expect(try place.objects.names().filter { !$0.hasPrefix("vitrine/discarded/") } == [])
    }

    @Test(arguments: [OpenStackSwift.Server.object, .container])
    func `is not healthy while a kind of servers is frozen`(_ server: OpenStackSwift.Server) throws {
        guard let place = try place() else { return }
        try place.store.checkHealth()
        place.engine.freeze(server)
        defer { place.engine.thaw(server) }
        // What the proxy knows of the container lasts for a while.
        #expect(eventually(within: 60) { (try? place.store.checkHealth()) == nil })
        place.engine.thaw(server)
        #expect(eventually(within: 60) { (try? place.store.checkHealth()) != nil })
    }

    @Test(arguments: [5000, 4_500_000]) func `leaves nothing of an upload that is over the account's quota`(_ size: Int) throws {
        guard let place = try place() else { return }
        let admin = try SwiftObjects(place.engine.login(place.engine.admin), container: "none")
        let store = place.store
        let pending = try store.begin(.fresh(), token: .token(), announcing: nil)
        try admin.setAccountQuota(1000, of: place.objects.storage())
        defer { try? admin.setAccountQuota(nil, of: place.objects.storage()) }
        #expect(throws: Fault.of(.tooLarge)) {
            try pending.write(bytes(size))
            _ = try pending.commit()
        }
        #expect(pending.discard())
        #expect(try place.objects.names() == [])
    }
}
