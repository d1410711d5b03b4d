import Domain
import Foundation
import Testing
import Threading

// What the service itself does, without a word about it.
extension ImageCatalog {
    fileprivate func add(_ project: String, to image: Image, quota: Int?) throws(Fault) -> Member {
        try add(project, to: image, quota: quota, by: .service)
    }

    fileprivate func put(_ memberships: [Membership], to image: Image, replacing: Bool, quota: Int?) throws(Fault) {
        try put(memberships, to: image, replacing: replacing, quota: quota, by: .service)
    }

    fileprivate func remove(_ project: String, from image: Image) throws(Fault) { try remove(project, from: image, by: .service) }
}

/// The checks that every catalog must pass.
package enum CatalogConformance {
    private static let admin = Caller(user: "root", project: "cloud", roles: ["admin"], isAdmin: true)
    private static let alice = Caller(user: "alice", project: "acme", roles: ["member"], isAdmin: false)
    private static let bob = Caller(user: "bob", project: "bolt", roles: ["member"], isAdmin: false)

    package static let checks: [ConformanceCheck<any Catalog>] = [
        ConformanceCheck("notes one mark for a folder, the first, and tells folders apart byte by byte") { catalog in
            let folder = "/stores/\(ImageID.fresh())/Ünïcode 🗂"
            let (none, first) = (try catalog.mark(ofFolder: folder), try catalog.note(mark: "first", ofFolder: folder))
            #expect(none == nil && first == "first")
            #expect(try catalog.note(mark: "second", ofFolder: folder) == "first")
            #expect(try catalog.note(mark: "First", ofFolder: folder) == "first")
            #expect(try catalog.mark(ofFolder: folder) == "first")
            for other in [folder.uppercased(), folder + "/", folder + " ", "\(folder)/x"] {
                #expect(try catalog.mark(ofFolder: other) == nil, "\(other)")
            }
        },
        ConformanceCheck("tells what is recorded to lie right in a folder") { catalog in
            let folder = "/stores/\(ImageID.fresh())"
            #expect(try catalog.recordedURLs(inFolder: folder, atMost: 10).isEmpty)
            var images: [ImageID] = []
            let right = ["file://\(folder)/a", "filesystem://\(folder)/b"]
            let urls = right + ["file://\(folder)/sub/c", "file://\(folder)x/d", "http://h\(folder)/e"]
            for url in urls { images.append(try activeImage(in: catalog, at: url).0) }
            #expect(Set(try catalog.recordedURLs(inFolder: folder, atMost: 10)) == Set(right))
            #expect(try catalog.recordedURLs(inFolder: folder, atMost: 1).count == 1)
            #expect(try catalog.recordedURLs(inFolder: folder.uppercased(), atMost: 10).isEmpty)
            #expect(try catalog.recordedURLs(inFolder: "\(folder)/sub", atMost: 10) == [urls[2]])
            _ = try catalog.delete(images[0], visibleTo: alice) { _ in }
            #expect(try catalog.recordedURLs(inFolder: folder, atMost: 10) == [urls[1]])
        },
        ConformanceCheck("gives back what was inserted") { catalog in
            var draft = ImageDraft(id: .fresh(), owner: "acme")
            draft.name = "Ünïcode"
            draft.visibility = .private
            (draft.isProtected, draft.isHidden) = (true, true)
            (draft.diskFormat, draft.containerFormat) = ("raw", "bare")
            (draft.minDisk, draft.minRAM) = (3, 512)
            draft.properties = (1...20).map { ImageProperty("p\($0)", String(repeating: "v", count: $0 * 100)) }
            draft.tags = ["a", "b"]
            let inserted = try catalog.insert(draft)
            let read = try catalog.image(draft.id, visibleTo: alice)
            for image in [inserted, read] {
                #expect(image.id == draft.id && image.name == draft.name && image.owner == "acme")
                #expect(image.status == .queued && image.visibility == .private && image.isProtected && image.isHidden)
                #expect(image.diskFormat == "raw" && image.containerFormat == "bare" && image.minDisk == 3 && image.minRAM == 512)
                #expect(Set(image.properties.map(\.name)) == Set(draft.properties.map(\.name)))
                #expect(image[property: "p20"] == String(repeating: "v", count: 2000))
                #expect(Set(image.tags) == ["a", "b"])
                #expect(image.size == nil && image.checksum == nil && image.hash == nil && image.locations.isEmpty)
            }
            #expect(inserted.createdAt == read.createdAt && inserted.updatedAt == read.updatedAt)
        },
        ConformanceCheck("never takes an id twice, also when its image is deleted") { catalog in
            let draft = ImageDraft(id: .fresh(), owner: "acme")
            _ = try catalog.insert(draft)
            #expect(throws: Fault.of(.conflict)) { try catalog.insert(draft) }
            _ = try catalog.delete(draft.id, visibleTo: admin) { _ in }
            #expect(throws: Fault.of(.conflict)) { try catalog.insert(draft) }
        },
        ConformanceCheck("shows an image to those who may see it") { catalog in
            let visibleToOthers: [Visibility: Bool] = [.private: false, .shared: false, .community: true, .public: true]
            for (visibility, isVisible) in visibleToOthers {
                var draft = ImageDraft(id: .fresh(), owner: "acme")
                draft.visibility = visibility
                _ = try catalog.insert(draft)
                _ = try catalog.image(draft.id, visibleTo: alice)
                _ = try catalog.image(draft.id, visibleTo: admin)
                if isVisible {
                    _ = try catalog.image(draft.id, visibleTo: bob)
                } else {
                    #expect(throws: Fault.of(.notFound)) { try catalog.image(draft.id, visibleTo: bob) }
                }
            }
            let shared = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme"))
            for status in Member.Status.allCases {
                if status == .pending { _ = try catalog.add("bolt", to: shared, quota: nil) }
                _ = try catalog.set(status, of: "bolt", in: shared)
                _ = try catalog.image(shared.id, visibleTo: bob)
            }
            try catalog.remove("bolt", from: shared)
            #expect(throws: Fault.of(.notFound)) { try catalog.image(shared.id, visibleTo: bob) }
        },
        ConformanceCheck("has an image changed by its owner's project and administrators alone") { catalog in
            for owner in ["acme", nil] {
                var draft = ImageDraft(id: .fresh(), owner: owner)
                draft.visibility = .public
                let image = try catalog.insert(draft)
                for caller in owner == nil ? [alice, bob] : [bob] {
                    #expect(throws: Fault.of(.forbidden)) { try catalog.update(image.id, visibleTo: caller) { $0.name = "taken" } }
                    #expect(throws: Fault.of(.forbidden)) { try catalog.delete(image.id, visibleTo: caller) { _ in } }
                    #expect(throws: Fault.of(.forbidden)) { try catalog.add("dock", to: image, quota: nil, by: caller) }
                    let named = [Membership(project: "dock", canShare: true)]
                    #expect(throws: Fault.of(.forbidden)) {
                        try catalog.put(named, to: image, replacing: false, quota: nil, by: caller)
                    }
                }
                _ = try catalog.add("bolt", to: image, quota: nil)
                #expect(throws: Fault.of(.forbidden)) { try catalog.remove("bolt", from: image, by: bob) }
                #expect(try catalog.image(image.id, visibleTo: admin).name == nil)
                #expect(try catalog.members(of: image, visibleTo: admin).map(\.project) == ["bolt"])
                // Members who may share the image further may do that, and nothing else.
                try catalog.put([Membership(project: "bolt", canShare: true)], to: image, replacing: false, quota: nil)
                try catalog.put([Membership(project: "dock", canShare: nil)], to: image, replacing: false, quota: nil, by: bob)
                #expect(throws: Fault.of(.forbidden)) { try catalog.add("edge", to: image, quota: nil, by: bob) }
                try catalog.remove("dock", from: image, by: bob)
                #expect(throws: Fault.of(.forbidden)) { try catalog.update(image.id, visibleTo: bob) { $0.name = "taken" } }
                #expect(try catalog.update(image.id, visibleTo: admin) { $0.name = "set" }.name == "set")
            }
        },
        ConformanceCheck("writes a change, all of it") { catalog in
            var draft = ImageDraft(id: .fresh(), owner: "acme")
            draft.properties = [ImageProperty("kept", "1"), ImageProperty("changed", "1"), ImageProperty("dropped", "1")]
            draft.tags = ["kept", "dropped"]
            _ = try catalog.insert(draft)
            for round in 1...2 {  // the second one revives what the first one dropped
                let changed = try catalog.update(draft.id, visibleTo: alice) { image in
                    image.name = "round \(round)"
                    image.properties = [ImageProperty("kept", "1"), ImageProperty("changed", "\(round)")]
                    image.properties.append(ImageProperty(round == 1 ? "added" : "dropped", "2"))
                    image.tags = ["kept", round == 1 ? "added" : "dropped"]
                }
                let read = try catalog.image(draft.id, visibleTo: alice)
                for image in [changed, read] {
                    #expect(image.name == "round \(round)")
                    #expect(Set(image.properties.map(\.name)) == ["kept", "changed", round == 1 ? "added" : "dropped"])
                    #expect(image[property: "changed"] == "\(round)")
                    #expect(Set(image.tags) == ["kept", round == 1 ? "added" : "dropped"])
                }
            }
        },
        ConformanceCheck("writes nothing of a change that is refused") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme"))
            #expect(throws: Fault.of(.forbidden)) {
                try catalog.update(image.id, visibleTo: alice) { image throws(Fault) in
                    image.name = "changed"
                    throw Fault.of(.forbidden)
                }
            }
            #expect(try catalog.image(image.id, visibleTo: alice).name == nil)
            #expect(throws: Fault.of(.notFound)) { try catalog.update(image.id, visibleTo: bob) { _ in } }
        },
        ConformanceCheck("moves an image from the status it has, and from no other") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme"))
            #expect(throws: Fault.of(.conflict)) { try catalog.move(image.id, from: .active, to: .deactivated) }
            try catalog.move(image.id, from: .queued, to: .active)
            #expect(try catalog.image(image.id, visibleTo: alice).status == .active)
            #expect(throws: Fault.of(.conflict)) { try catalog.move(image.id, from: .queued, to: .active) }
            #expect(throws: Fault.of(.conflict)) { try catalog.move(.fresh(), from: .queued, to: .active) }
        },
        ConformanceCheck("deletes an image for good, and owes its bytes' removal") { catalog in
            let (image, location) = try activeImage(in: catalog)
            #expect(throws: Fault.of(.forbidden)) {
                try catalog.delete(image, visibleTo: alice) { _ throws(Fault) in throw Fault.of(.forbidden) }
            }
            #expect(throws: Fault.of(.notFound)) { try catalog.delete(image, visibleTo: bob) { _ in } }
            let owed = try catalog.delete(image, visibleTo: alice) { _ in }
            #expect(owed.map(\.url) == [location.url])
            for caller in [admin, alice] {
                #expect(throws: Fault.of(.notFound)) { try catalog.image(image, visibleTo: caller) }
                #expect(throws: Fault.of(.notFound)) { try catalog.delete(image, visibleTo: caller) { _ in } }
            }
            for removal in owed { try catalog.complete(removal) }
        },
        ConformanceCheck("judges what is claimed of a project's limits") { catalog in
            let project = "project-\(ImageID.fresh())"
            func claim(_ bytes: Int64?, images: Int64 = 0) -> QuotaClaim {
                let limits = ProjectLimits(imageSizeTotal: 100, imageCountTotal: 3, imageCountUploading: 2)
                return QuotaClaim(project: project, limits: limits, images: images, bytes: bytes)
            }
            func begin(_ image: ImageID, _ bytes: Int64?) throws -> (Upload, room: Int64?) {
                let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending")
                return (upload, try catalog.begin(upload, by: "worker", claiming: claim(bytes)))
            }
            func finish(_ upload: Upload, _ bytes: Int64) throws {
                let measured = MeasuredBytes(size: bytes, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
                try catalog.finish(upload, at: ImageLocation(url: "file:///\(upload.token)"), measured, claiming: claim(bytes))
            }
            var images: [ImageID] = []
            for _ in 1...3 {
                images.append(try catalog.insert(ImageDraft(id: .fresh(), owner: project), claiming: claim(0, images: 1)).id)
            }
            let fourth = ImageDraft(id: .fresh(), owner: project)
            #expect(throws: Fault.of(.tooLarge)) { try catalog.insert(fourth, claiming: claim(0, images: 1)) }
            #expect(throws: Fault.of(.notFound)) { try catalog.image(fourth.id, visibleTo: admin) }

            #expect(throws: Fault.of(.tooLarge)) { try begin(images[0], 101) }
            #expect(try catalog.image(images[0], visibleTo: admin).status == .queued)
            let (known, _) = try begin(images[0], 60)
            let (unknown, room) = try begin(images[1], nil)
            #expect(room == 40)
            #expect(throws: Fault.of(.tooLarge)) { try begin(images[2], 1) }  // a third at once
            try finish(known, 60)
            #expect(throws: Fault.of(.tooLarge)) { try finish(unknown, 41) }
            #expect(try catalog.image(images[1], visibleTo: admin).status == .saving)
            try finish(unknown, 40)
            #expect(throws: Fault.of(.tooLarge)) { try begin(images[2], 1) }
            #expect(try begin(images[2], nil).room == 0)
            #expect(throws: Fault.of(.tooLarge)) {
                try catalog.update(images[0], visibleTo: admin, claiming: claim(1)) { $0.name = "changed" }
            }
            #expect(try catalog.image(images[0], visibleTo: admin).name == nil)
        },
        ConformanceCheck("lets one upload begin, and makes the image active") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending")
            try catalog.begin(upload, by: "worker")
            #expect(try catalog.image(image, visibleTo: alice).status == .saving)
            let other = Upload(image: image, token: "u\(image)".token, pendingURL: "file:///other")
            #expect(throws: Fault.of(.conflict)) { try catalog.begin(other, by: "worker") }
            let measured = MeasuredBytes(size: 5, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
            let location = ImageLocation(url: "file:///images/\(image)")
            // Twice, because the first answer may be lost.
            for _ in 1...2 { try catalog.finish(upload, at: location, measured) }
            #expect(try catalog.finish(upload, at: location, measured, claiming: nil, isShown: true) == nil)
            let active = try catalog.locatedImage(image, visibleTo: alice)
            #expect(active.status == .active && active.size == 5 && active.checksum == "c" && active.hash == measured.hash)
            #expect(active.locations == [location])
            try catalog.abort(upload, as: .queued, because: "a test")
            #expect(try catalog.image(image, visibleTo: alice).status == .active)
        },
        ConformanceCheck("shows the image whose upload is finished, as it is then") { catalog in
            var draft = ImageDraft(id: .fresh(), owner: "acme")
            (draft.name, draft.tags, draft.properties) = ("shown", ["t"], [ImageProperty("p", "v")])
            let image = try catalog.insert(draft).id
            let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending")
            try catalog.begin(upload, by: "worker")
            _ = try catalog.update(image, visibleTo: alice) { $0.name = "renamed" }
            let measured = MeasuredBytes(size: 5, virtualSize: 9, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
            let location = ImageLocation(url: "file:///images/\(image)")
            let shown = try #require(try catalog.finish(upload, at: location, measured, claiming: nil, isShown: true))
            let read = try catalog.locatedImage(image, visibleTo: alice)
            #expect(shown.status == .active && shown.name == "renamed" && shown.size == 5 && shown.virtualSize == 9)
            #expect(shown.checksum == "c" && shown.hash == measured.hash && shown.locations == [location])
            #expect(shown.tags == ["t"] && shown.properties == draft.properties && shown.updatedAt == read.updatedAt)
        },
        ConformanceCheck("gives an image back that got no bytes") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending")
            try catalog.begin(upload, by: "worker")
            try catalog.abort(upload, as: .queued, because: "a test")
            #expect(try catalog.image(image, visibleTo: alice).status == .queued)
            let measured = MeasuredBytes(size: 5, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
            #expect(throws: Fault.of(.conflict)) { try catalog.finish(upload, at: ImageLocation(url: "file:///x"), measured) }
            #expect(try catalog.image(image, visibleTo: alice).status == .queued)
        },
        ConformanceCheck("tells an upload that its image is deleted") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending")
            let worker = "worker of \(image)"
            try catalog.begin(upload, by: worker)
            #expect(try catalog.renew([upload.token], heldBy: worker) == [upload.token])
            #expect(try catalog.renew(nil, heldBy: worker) == [upload.token])
            #expect(try catalog.renew(["other"], heldBy: worker) == [])
            #expect(try catalog.renew([], heldBy: worker) == [])
            #expect(try catalog.renew([upload.token], heldBy: "other") == [])
            _ = try catalog.delete(image, visibleTo: alice) { _ in }
            #expect(try catalog.renew([upload.token], heldBy: worker) == [])
            let measured = MeasuredBytes(size: 5, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
            #expect(throws: Fault.of(.gone)) { try catalog.finish(upload, at: ImageLocation(url: "file:///x"), measured) }
            try catalog.abort(upload, as: .queued, because: "a test")
            #expect(throws: Fault.of(.notFound)) { try catalog.image(image, visibleTo: alice) }
        },
        ConformanceCheck("kills an image whose upload failed") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending")
            try catalog.begin(upload, by: "worker")
            try catalog.abort(upload, as: .killed, because: "a test")
            #expect(try catalog.image(image, visibleTo: alice).status == .killed)
        },
        ConformanceCheck("gives back what was inserted with bytes that lie elsewhere") { catalog in
            var draft = ImageDraft(id: .fresh(), owner: "acme")
            draft.status = .active
            (draft.size, draft.virtualSize, draft.checksum) = (1234, 5678, "c0ffee")
            draft.locations = [ImageLocation(url: "http://example.org/disk", metadata: #"{"store": "http"}"#)]
            draft.createdAt = Timestamp(year: 2001, month: 2, day: 3, hour: 4, minute: 5, second: 6)
            draft.properties = [ImageProperty("none", nil)]
            _ = try catalog.insert(draft)
            let read = try catalog.locatedImage(draft.id, visibleTo: alice)
            #expect(read.status == .active && read.size == 1234 && read.virtualSize == 5678 && read.checksum == "c0ffee")
            #expect(read.locations == draft.locations && read.createdAt == draft.createdAt)
            #expect(read.properties == draft.properties)
        },
        ConformanceCheck("writes what an administrator says of size and checksum, and where bytes lie") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            let location = ImageLocation(url: "http://example.org/disk")
            _ = try catalog.update(image, visibleTo: admin) { image in
                (image.status, image.size, image.checksum, image.locations) = (.active, 7, "c", [location])
            }
            let read = try catalog.locatedImage(image, visibleTo: alice)
            #expect(read.status == .active && read.size == 7 && read.checksum == "c" && read.locations == [location])
            _ = try catalog.update(image, visibleTo: admin) { $0.locations = [] }
            #expect(try catalog.locatedImage(image, visibleTo: alice).locations == [])
        },
        ConformanceCheck("shows nothing of what was taken from an image") { catalog in
            var draft = ImageDraft(id: .fresh(), owner: "acme")
            draft.status = .active
            draft.properties = [ImageProperty("kept", "1"), ImageProperty("gone", "2")]
            draft.tags = ["kept", "gone"]
            draft.locations = [ImageLocation(url: "http://example.org/kept"), ImageLocation(url: "http://example.org/gone")]
            _ = try catalog.insert(draft)
            _ = try catalog.update(draft.id, visibleTo: admin) { image in
                image.properties.removeAll { $0.name == "gone" }
                image.tags.removeAll { $0 == "gone" }
                image.locations.removeLast()
            }
            let read = [
                try catalog.image(draft.id, visibleTo: alice), try catalog.locatedImage(draft.id, visibleTo: alice),
                try catalog.recordedImage(draft.id, visibleTo: admin),
            ]
            for image in read { #expect(image.properties == [ImageProperty("kept", "1")] && image.tags == ["kept"]) }
            #expect(read[1].locations.map(\.url) == ["http://example.org/kept"])
        },
        ConformanceCheck("shows what is left of a deleted image to administrators who ask") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            #expect(try catalog.recordedImage(image, visibleTo: alice).deletedAt == nil)
            _ = try catalog.delete(image, visibleTo: alice) { _ in }
            let remains = try catalog.recordedImage(image, visibleTo: admin)
            #expect(remains.status == .deleted && remains.deletedAt != nil)
            #expect(throws: Fault.of(.notFound)) { try catalog.recordedImage(image, visibleTo: alice) }
            #expect(throws: Fault.of(.notFound)) { try catalog.image(image, visibleTo: admin) }
        },
        ConformanceCheck("puts members, with or without those that were") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme"))
            func members() throws -> [String: Bool] {
                Dictionary(uniqueKeysWithValues: try catalog.members(of: image, visibleTo: alice).map { ($0.project, $0.canShare) })
            }
            try catalog.put([Membership(project: "bolt", canShare: nil)], to: image, replacing: false, quota: 2)
            try catalog.put([Membership(project: "cord", canShare: true)], to: image, replacing: false, quota: 2)
            #expect(try members() == ["bolt": false, "cord": true])
            _ = try catalog.set(.accepted, of: "bolt", in: image)
            try catalog.put([Membership(project: "bolt", canShare: true)], to: image, replacing: false, quota: 2)
            try catalog.put([Membership(project: "cord", canShare: nil)], to: image, replacing: false, quota: 2)
            #expect(try members() == ["bolt": true, "cord": true])
            #expect(try catalog.member("bolt", of: image, visibleTo: alice).status == .accepted)
            #expect(throws: Fault.of(.tooLarge)) {
                try catalog.put([Membership(project: "dock", canShare: nil)], to: image, replacing: false, quota: 2)
            }
            try catalog.put([Membership(project: "dock", canShare: nil)], to: image, replacing: true, quota: 2)
            #expect(try members() == ["dock": false])
            try catalog.put([Membership(project: "cord", canShare: nil)], to: image, replacing: false, quota: 2)
            #expect(try members() == ["cord": false, "dock": false])
            try catalog.put([], to: image, replacing: true, quota: 2)
            #expect(try members() == [:])
        },
        ConformanceCheck("tells what is shared with a project") { catalog in
            let project = "p\(ImageID.fresh())"
            let guest = Caller(user: "guest", project: project, roles: ["member"], isAdmin: false)
            var images: [Image] = []
            for owner in ["acme", "acme", "bolt"] {
                let image = try catalog.insert(ImageDraft(id: .fresh(), owner: owner))
                images.append(image)
                try catalog.put([Membership(project: project, canShare: owner == "bolt")], to: image, replacing: false, quota: nil)
            }
            func seen(by caller: Caller) throws -> Set<ImageID> {
                Set(try catalog.memberships(of: project, visibleTo: caller).map(\.image))
            }
            #expect(try seen(by: admin) == Set(images.map(\.id)))
            #expect(try seen(by: guest) == Set(images.map(\.id)))
            #expect(try seen(by: bob) == [images[2].id])
            #expect(try catalog.memberships(of: project, visibleTo: bob).map(\.canShare) == [true])
            _ = try catalog.delete(images[0].id, visibleTo: alice) { _ in }
            #expect(try seen(by: guest) == [images[1].id, images[2].id])
        },
        ConformanceCheck("loses no change of two at once") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            // A thread, because the threads of queues may all be waiting tests.
            let otherHasEnded = Monitor(false)
            var isBegun = false
            _ = try catalog.update(image, visibleTo: alice) { mine in
                mine.properties.append(ImageProperty("mine", "1"))
                guard !isBegun else { return }
                isBegun = true
                try! Threading.Thread.start {
                    _ = try? catalog.update(image, visibleTo: alice) { $0.properties.append(ImageProperty("other", "1")) }
                    otherHasEnded.with { $0 = true }
                }
                // While one transaction has the image, the other waits for its end.
                _ = otherHasEnded.wait(atMost: 0.3) { $0 ? () : nil }
            }
            #expect(otherHasEnded.wait(atMost: 60) { $0 ? () : nil } != nil)
            let read = try catalog.image(image, visibleTo: alice)
            #expect(Set(read.properties.map(\.name)) == ["mine", "other"])
        },
        ConformanceCheck("shares an image, within its quota") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme"))
            #expect(try catalog.add("bolt", to: image, quota: 2).status == .pending)
            #expect(throws: Fault.of(.conflict)) { try catalog.add("bolt", to: image, quota: 2) }
            _ = try catalog.add("cord", to: image, quota: 2)
            #expect(throws: Fault.of(.tooLarge)) { try catalog.add("dock", to: image, quota: 2) }
            #expect(try catalog.members(of: image, visibleTo: alice).map(\.project) == ["bolt", "cord"])
            #expect(try catalog.members(of: image, visibleTo: bob).map(\.project) == ["bolt"])
            #expect(throws: Fault.of(.notFound)) { try catalog.member("cord", of: image, visibleTo: bob) }
            #expect(try catalog.set(.accepted, of: "bolt", in: image).status == .accepted)
            try catalog.remove("bolt", from: image)
            #expect(throws: Fault.of(.notFound)) { try catalog.remove("bolt", from: image) }
            #expect(throws: Fault.of(.notFound)) { try catalog.set(.accepted, of: "bolt", in: image) }
            #expect(try catalog.add("bolt", to: image, quota: 2).status == .pending)
        },
    ]

    /// The checks for the catalogs that the sweeper and the scrubber use.
    package static let maintenanceChecks: [ConformanceCheck<any Catalog & MaintenanceCatalog>] = [
        ConformanceCheck("knows an upload as long as it is held, also when its image is deleted") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            let name = "of bytes \(image)".token
            let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending/\(image).\(name)")
            let other = Upload(image: image, token: "other", pendingURL: "")
            try catalog.begin(upload, by: "worker of \(image)")
            _ = try catalog.delete(image, visibleTo: alice) { _ in }
            let bytes = Upload(image: image, token: "of bytes \(image)".token, pendingURL: "")
            #expect(try catalog.known(among: [bytes, other]) == [bytes.token])
            try catalog.abort(upload, as: .queued, because: "a test")
            #expect(try catalog.known(among: [bytes]) == [])
        },
        ConformanceCheck("does not let an upload be taken over while it is held") { catalog in
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending")
            try catalog.begin(upload, by: "worker")
            #expect(try !catalog.expired(atMost: 1000).contains { $0.image == image })
            #expect(try catalog.takeOver(upload, as: "n\(image)".token, by: "other") == nil)
        },
        ConformanceCheck("tells nobody of a removal that whoever owes it may still be at") { catalog in
            let (image, _) = try activeImage(in: catalog)
            let owed = try catalog.delete(image, visibleTo: alice) { _ in }
            #expect(owed.count == 1)
            #expect(try !catalog.overdue(atMost: 1000).contains { $0.image == image })
            try catalog.postpone(owed, haveFailed: true)
            try catalog.postpone(owed, haveFailed: false)
            try catalog.complete(owed)
            for none in [[OwedRemoval](), owed] {
                try catalog.complete(none)
                try catalog.postpone(none, haveFailed: true)
            }
        },
    ]

    private static func activeImage(in catalog: any Catalog, at url: String? = nil) throws -> (ImageID, ImageLocation) {
        let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
        let upload = Upload(image: image, token: "t\(image)".token, pendingURL: "file:///pending")
        let location = ImageLocation(url: url ?? "file:///images/\(image)")
        try catalog.begin(upload, by: "worker")
        try catalog.finish(upload, at: location, MeasuredBytes(size: 5, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h")))
        return (image, location)
    }
}

extension String {
    /// The longest token.
    fileprivate var token: String { String(prefix(36)) }
}
