import Domain
import Foundation
import RBDStore
import TestSupport
import Testing

@Suite struct `An RBD store` {
    let ceph: Ceph?
    init() throws { ceph = try Ceph() }

    @Test(arguments: ImageStoreConformance.checks)
    func `does what every store does`(_ check: ConformanceCheck<any ImageStore>) throws {
        guard let ceph else { return }
        try check.run(ceph.store())
    }

    @Test func `keeps an image as Glance does: named after it, with a protected snapshot`() throws {
        guard let ceph else { return }
        let (image, data) = (ImageID.fresh(), pattern(9 << 20 | 5))
        let store = try ceph.store { $0.chunk = 3 }
        let location = try store.hold(data, as: image, announcing: Int64(data.count))
        let cluster = try #require(store.clusterID)
        #expect(location.url == "rbd://\(cluster)/\(ceph.engine.pool)/\(image)/snap")
        #expect(location.metadata == #"{"store": "ceph"}"#)
        // What other nodes compare stands in the location, and is known before the cluster was asked.
        for store in [store, try ceph.strangersStore()] { #expect(store.place == ["cluster": cluster, "pool": ceph.engine.pool]) }
        #expect(try ceph.traces(of: image) == [image.text, "\(image)@snap"])
        let info = try ceph.rbd("info", "\(image)@snap")
        #expect(info.contains("protected: True") && info.contains("order 21") && info.contains("layering"), "\(info)")
        #expect(try ceph.rbd("image-meta", "ls", image.text).contains("vitrine") == false)
        #expect(try ceph.exported(image).isSame(as: data))
        #expect(try store.data(at: location.url).isSame(as: data))
        #expect(try store.data(at: location.url, from: 3 << 20 | 7) == Array(data[(3 << 20 | 7)...]))
        try store.remove(location.url)
        #expect(try ceph.traces(of: image).isEmpty)
    }

    @Test(arguments: [nil, 1, 5 << 20, 40 << 20] as [Int64?]) func `ends with the size that came, whatever was announced`(
        _ announced: Int64?
    ) throws {
        guard let ceph else { return }
        let (image, data) = (ImageID.fresh(), pattern(21 << 20 | 3))
        let store = try ceph.store { $0.chunk = 1 }
        let location = try store.hold(data, as: image, announcing: announced)
        #expect(try store.bytes(at: location.url).size == Int64(data.count))
        #expect(try ceph.exported(image).isSame(as: data))
        try store.remove(location.url)
    }

    @Test func `leaves zeros out where it is thin, so that a large empty image is quick`() throws {
        guard let ceph else { return }
        let (image, size) = (ImageID.fresh(), 5 << 30 | 1)
        let store = try ceph.store { $0.isThin = true }
        let zeros = [UInt8](repeating: 0, count: 8 << 20)
        let writer = try store.begin(image, token: newToken(), announcing: nil)
        try writer.append([7])
        for _ in 0..<(5 << 30) / zeros.count - 1 { try writer.append(zeros) }
        try writer.append([UInt8](repeating: 0, count: (8 << 20) - 1))
        try writer.append([9])
        let location = try writer.commit()
        writer.confirm()
        let blob = try store.bytes(at: location.url)
        #expect(blob.size == Int64(size))
        #expect(try blob.open(Int64(size) - 3).rest() == [0, 0, 9])
        // 8 MiB and 1 byte, or less where the pool keeps no more than was written.
        let used = try ceph.rbd("du", "--format", "json", image.text).firstMatch(of: /"used_size":(\d+)/).flatMap { Int($0.1) }
        #expect(try #require(used) <= 16 << 20)
        try store.remove(location.url)
    }

    @Test func `reads Glance's old form, and holds nothing of other pools and clusters`() throws {
        guard let ceph else { return }
        let image = ImageID.fresh()
        let store = try ceph.store()
        let location = try store.hold(Array("hello".utf8), as: image)
        let cluster = try #require(store.clusterID)
        #expect(try store.data(at: "rbd://\(image)") == Array("hello".utf8))
        for url in [
            "rbd://\(cluster)/other/\(image)/snap", "rbd://\(newToken())/\(ceph.engine.pool)/\(image)/snap", "rbd://", "rbd:///",
            "rbd://\(cluster)/\(ceph.engine.pool)/\(image)", "rbd://\(cluster)/\(ceph.engine.pool)//snap", "rbd://a b", "RBD://\(image)",
            "rbd://\(cluster)/\(ceph.engine.pool)/\(image)/snap/x", "rbd://\(cluster)/\(ceph.engine.pool)/%00/snap",
        ] {
            #expect(!store.holds(url), "\(url)")
            #expect(throws: Fault.of(.notFound), "\(url)") { try store.bytes(at: url) }
            try store.remove(url)
        }
        #expect(throws: Fault.of(.notFound)) { try store.bytes(at: location.url.replacing("/snap", with: "/none")) }
        #expect(try store.data(at: location.url) == Array("hello".utf8))
        try store.remove("rbd://\(image)")
        // The old form names no snapshot, so the image went to the trash with it.
        #expect(try ceph.traces(of: image) == ["trash/\(image)"])
    }

    @Test func `gives no zeros for data that are removed while they are read`() throws {
        guard let ceph else { return }
        let (image, data) = (ImageID.fresh(), pattern(40 << 20))
        let store = try ceph.store()
        let location = try store.hold(data, as: image)
        let reader = try store.bytes(at: location.url).open(0)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == buffer.count)
        try ceph.strangersStore().remove(location.url)
        var read = buffer.count
        #expect(throws: StreamError.self) {
            while case let count = try buffer.withUnsafeMutableBytes({ try reader.read(into: $0) }), count > 0 {
                #expect(buffer[..<count].elementsEqual(data[read..<read + count]))
                read += count
            }
        }
        #expect(read < data.count)
    }

    @Test func `tells its space, and that it is well`() throws {
        guard let ceph else { return }
        let space = try ceph.store().space()
        #expect(space.free > 0 && space.size >= space.free)
        try ceph.store().checkHealth()
        #expect(throws: Fault.of(.tooLarge)) { try ceph.store().begin(.fresh(), token: newToken(), announcing: space.size + 1) }
    }

    @Test func `is not well for a user who may only read, and the check leaves nothing behind`() throws {
        guard let ceph else { return }
        let (image, before) = (ImageID.fresh(), try ceph.rados("ls").split(separator: "\n").filter { $0.contains("health") })
        let url = try ceph.store().hold([1, 2, 3], as: image).url
        let reader = try ceph.store(user: "reader")
        #expect(try reader.data(at: url) == [1, 2, 3])
        let fault = #expect(throws: Fault.of(.unavailable)) { try reader.checkHealth() }
        #expect(fault?.message == "The image store 'ceph' gives this service no right to write.")
        try ceph.store().checkHealth()
        #expect(try ceph.rados("ls").split(separator: "\n").filter { $0.contains("health") } == before)
        try ceph.store().remove(url)
    }

    // MARK: names that are taken

    @Test func `takes no data for an image that the pool has, and leaves that alone`() throws {
        guard let ceph else { return }
        let (early, late) = (ImageID.fresh(), ImageID.fresh())
        let store = try ceph.store()
        try ceph.rbd("create", "--size", "1", early.text)
        #expect(throws: Fault.of(.conflict)) { try store.begin(early, token: newToken(), announcing: nil) }
        let writer = try store.begin(late, token: newToken(), announcing: nil)
        try writer.append([1, 2, 3])
        try ceph.rbd("create", "--size", "1", late.text)
        #expect(throws: Fault.of(.conflict)) { try writer.commit() }
        writer.discard()
        for image in [early, late] {
            #expect(try ceph.traces(of: image) == [image.text])
            try ceph.rbd("rm", "--no-progress", image.text)
        }
    }

    // MARK: removal

    @Test func `does not remove an image that has clones, and says so before`() throws {
        guard let ceph else { return }
        let image = ImageID.fresh()
        let store = try ceph.store()
        let location = try store.hold(Array("hello".utf8), as: image)
        try store.checkRemovable(location.url)
        try ceph.rbd("clone", "\(image)@snap", "\(ceph.engine.pool)/clone-\(image)")
        #expect(throws: Fault.of(.conflict)) { try store.checkRemovable(location.url) }
        #expect(throws: Fault.of(.unavailable)) { try store.remove(location.url) }
        #expect(try ceph.rbd("info", "\(image)@snap").contains("protected: True"))
        #expect(try store.data(at: location.url) == Array("hello".utf8))
        try ceph.rbd("rm", "--no-progress", "\(ceph.engine.pool)/clone-\(image)")
        try store.checkRemovable(location.url)
        try store.remove(location.url)
        #expect(try ceph.traces(of: image).isEmpty)
        try store.checkRemovable(location.url)
    }

    @Test func `moves an image with other snapshots, or clones of the second version, to the trash`() throws {
        guard let ceph else { return }
        let store = try ceph.store()
        let (snapped, cloned) = (ImageID.fresh(), ImageID.fresh())
        let locations = try [snapped, cloned].map { try store.hold(Array("hello".utf8), as: $0) }
        try ceph.rbd("snap", "create", "--no-progress", "\(snapped)@other")
        try ceph.rbd("clone", "--rbd-default-clone-format=2", "\(cloned)@snap", "\(ceph.engine.pool)/copy-of-\(cloned)")
        for location in locations {
            try store.checkRemovable(location.url)
            try store.remove(location.url)
            #expect(throws: Fault.of(.notFound)) { try store.bytes(at: location.url) }
        }
        #expect(try ceph.traces(of: snapped) == ["trash/\(snapped)"])
        #expect(try ceph.traces(of: cloned) == ["copy-of-\(cloned)", "trash/\(cloned)"])
        let path = "\(TestFolder.root)/\(newToken())"
        try ceph.rbd("export", "--no-progress", "copy-of-\(cloned)", path)
        #expect(FileManager.default.contents(atPath: path) == Data("hello".utf8))
        try ceph.rbd("rm", "--no-progress", "\(ceph.engine.pool)/copy-of-\(cloned)")
    }

    @Test func `removes an image that another service left half-written`() throws {
        guard let ceph else { return }
        let image = ImageID.fresh()
        let store = try ceph.store()
        try ceph.rbd("create", "--size", "16", image.text)
        let url = "rbd://\(try #require(store.clusterID))/\(ceph.engine.pool)/\(image)/snap"
        #expect(throws: Fault.of(.notFound)) { try store.bytes(at: url) }
        try store.checkRemovable(url)
        try store.remove(url)
        #expect(try ceph.traces(of: image).isEmpty)
    }

    @Test func `changes nothing of an image that is open elsewhere, and removes it later`() throws {
        guard let ceph else { return }
        let image = ImageID.fresh()
        let store = try ceph.store()
        let location = try store.hold(Array("hello".utf8), as: image)
        do {
            // The old form is opened in the way in which a client writes.
            let reader = try ceph.strangersStore().bytes(at: "rbd://\(image)").open(0)
            let refusal = #expect(throws: Fault.of(.unavailable)) { try store.remove(location.url) }
            #expect(refusal?.message.contains("'ceph'") == true)
            #expect(try reader.rest() == Array("hello".utf8))
        }
        #expect(try ceph.traces(of: image) == [image.text, "\(image)@snap"])
        #expect(eventually(within: 30) { (try? store.remove(location.url)) != nil })
        #expect(try ceph.traces(of: image).isEmpty)
    }

    @Test func `asks whether data are meant, and removes no others`() throws {
        guard let ceph else { return }
        let image = ImageID.fresh()
        let store = try ceph.store()
        let location = try store.hold(Array("hello".utf8), as: image)
        try store.remove(location.url) { false }
        #expect(try store.data(at: location.url) == Array("hello".utf8))
        // Between the question and the removal they are replaced.
        try store.remove(location.url) { () throws(Fault) in
            try store.remove(location.url)
            _ = try? store.hold(Array("fresh".utf8), as: image)
            return true
        }
        #expect(try store.data(at: location.url) == Array("fresh".utf8))
        try store.remove(location.url)
    }
}
