import Domain
import Foundation
import RBDStore
import TestSupport
import Testing

/// Copies from pool to pool of one cluster.
@Suite struct `A copy between RBD stores of one cluster` {
    let ceph: Ceph?
    init() throws { ceph = try Ceph() }

    private static let far = "other"

    /// A store in another pool, by another user: only the cluster's administrator may use it.
    private func farStore(_ ceph: Ceph, chunk: Int = 8) throws -> RBDStore {
        try ceph.store("far", pool: Self.far, user: "admin") { $0.chunk = chunk }
    }

    /// Copies data, and commits them.
    private func copy(_ url: String, in near: RBDStore, size: Int, of image: ImageID, to store: RBDStore, isRead: Bool = true) throws
        -> ImageLocation
    {
        let writer = try store.begin(image, token: newToken(), announcing: Int64(size))
        try #require(try writer.take(dataAt: url, size: Int64(size)) { false })
        // As a copy is checked, which copies; else all is copied when it is committed.
        if isRead {
            #expect(try writer.taken().rest().isSame(as: near.data(at: url)))
            #expect(try writer.taken().rest().count == size)
        }
        let location = try writer.commit()
        writer.confirm()
        return location
    }

    private func used(_ ceph: Ceph, _ image: ImageID, in pool: String) throws -> Int? {
        try ceph.engine.run("rbd", "du", "--format", "json", "\(pool)/\(image)").text.firstMatch(of: /"used_size":(\d+)/)
            .flatMap { Int($0.1) }
    }

    @Test(arguments: [0, 1, 8 << 20, 70 << 20 | 5], [(1, true), (8, false), (32, true)])
    func `has the data, the size and the form of any image`(
        _ size: Int, _ way: (chunk: Int, isRead: Bool)
    ) throws {
        guard let ceph else { return }
        let (image, data) = (ImageID.fresh(), pattern(size))
        let (near, far) = (try ceph.store("near"), try farStore(ceph, chunk: way.chunk))
        let source = try near.hold(data, as: image)
        let location = try copy(source.url, in: near, size: size, of: image, to: far, isRead: way.isRead)
        #expect(location.url == source.url.replacing("/\(ceph.engine.pool)/", with: "/\(Self.far)/"))
        #expect(location.metadata == #"{"store": "far"}"#)
        // It needs the source no more.
        try near.checkRemovable(source.url)
        try near.remove(source.url)
        #expect(try ceph.traces(of: image).isEmpty)
        #expect(try far.data(at: location.url).isSame(as: data))
        let info = try ceph.engine.run("rbd", "info", "\(Self.far)/\(image)@snap").text
        #expect(info.contains("protected: True") && info.contains("order \(20 + way.chunk.trailingZeroBitCount)"), "\(info)")
        #expect(!info.contains("parent:"))
        try far.remove(location.url)
        #expect(try !ceph.engine.run("rbd", "ls", Self.far).text.contains(image.text))
    }

    @Test(arguments: [(1, true), (8, false)]) func `leaves out what the source does not hold, also at its end`(
        _ chunk: Int, _ isRead: Bool
    ) throws {
        guard let ceph else { return }
        let (image, size) = (ImageID.fresh(), 2 << 30 | 3)
        let (near, far) = (try ceph.store("thin") { $0.isThin = true }, try farStore(ceph, chunk: chunk))
        let url = "rbd://\(try #require(near.clusterID))/\(ceph.engine.pool)/\(image)/snap"
        try ceph.rbd("create", "--size", "\(size)B", image.text)
        try ceph.rbd("bench", "--io-type", "write", "--io-threads", "1", "--io-size", "1M", "--io-total", "4M", image.text)
        try ceph.rbd("snap", "create", "--no-progress", "\(image)@snap")
        // The tests' pool has less space than that.
        let writer = try far.begin(image, token: newToken(), announcing: nil)
        #expect(try writer.take(dataAt: url, size: Int64(size)) { false })
        if isRead {
            let (stream, original) = (try writer.taken(), try near.bytes(at: url).open(0))
            var (one, other) = ([UInt8](repeating: 1, count: 2 << 20), [UInt8](repeating: 2, count: 300_000))
            var read = 0
            while case let count = try other.withUnsafeMutableBytes({ try stream.read(into: $0) }), count > 0 {
                if read < 30 << 20 {
                    var rest = 0
                    while rest < count {
                        rest += try one.withUnsafeMutableBytes { try original.read(into: .init(rebasing: $0[rest..<count])) }
                    }
                    #expect(one[..<count].elementsEqual(other[..<count]))
                }
                read += count
            }
            #expect(read == size)
        }
        let location = try writer.commit()
        writer.confirm()
        let (source, copied) = (try near.bytes(at: url), try far.bytes(at: location.url))
        #expect(copied.size == Int64(size))
        for offset in [0, 1 << 20, 3 << 20] {
            var (one, other) = ([UInt8](repeating: 0, count: 1 << 20), [UInt8](repeating: 1, count: 1 << 20))
            let (first, second) = (try source.open(Int64(offset)), try copied.open(Int64(offset)))
            _ = try one.withUnsafeMutableBytes { try first.read(into: $0) }
            _ = try other.withUnsafeMutableBytes { try second.read(into: $0) }
            #expect(one.isSame(as: other))
        }
        #expect(try #require(try used(ceph, image, in: Self.far)) <= 16 << 20)
        try far.remove(location.url)
        try near.remove(url)
    }

    @Test func `has also what a clone has of its parent`() throws {
        guard let ceph else { return }
        let (parent, child, data) = (ImageID.fresh(), ImageID.fresh(), pattern(20 << 20))
        let (near, far) = (try ceph.store("near"), try farStore(ceph))
        let source = try near.hold(data, as: parent)
        try ceph.rbd("clone", "\(parent)@snap", "\(ceph.engine.pool)/\(child)")
        try ceph.rbd("snap", "create", "--no-progress", "\(child)@snap")
        let url = source.url.replacing(parent.text, with: child.text)
        let location = try copy(url, in: near, size: data.count, of: child, to: far)
        try near.remove(url)
        try near.remove(source.url)
        #expect(try far.data(at: location.url).isSame(as: data))
        try far.remove(location.url)
    }

    @Test func `of what the engine cannot copy takes nothing, and is streamed`() throws {
        guard let ceph else { return }
        let (image, data) = (ImageID.fresh(), pattern(3 << 20))
        let (near, far) = (try ceph.store("near"), try farStore(ceph))
        let (source, theirs) = (try near.hold(data, as: image), try far.hold(data, as: image))
        let cluster = try #require(near.clusterID)
        let writer = try far.begin(.fresh(), token: newToken(), announcing: Int64(data.count))
        for url in [
            "rbd://\(image)", "file:///tmp/x", "rbd://\(cluster)/\(ceph.engine.pool)/\(ImageID.fresh())/snap",
            "rbd://\(newToken())/\(ceph.engine.pool)/\(image)/snap", source.url.replacing("/snap", with: "/none"),
            // A pool that no store has.
            "rbd://\(cluster)/.rgw.root/\(image)/snap",
        ] {
            #expect(try !writer.take(dataAt: url, size: Int64(data.count)) { false }, "\(url)")
        }
        #expect(try !writer.take(dataAt: source.url, size: Int64(data.count) - 1) { false })
        try writer.append(data)
        let location = try writer.commit()
        #expect(try far.data(at: location.url).isSame(as: data))
        writer.discard()
        // A process whose stores do not have the other pool.
        let stranger = try ceph.strangersStore().begin(.fresh(), token: newToken(), announcing: Int64(data.count))
        #expect(try !stranger.take(dataAt: theirs.url, size: Int64(data.count)) { false })
        stranger.discard()
        try near.remove(source.url)
        try far.remove(theirs.url)
    }

    @Test func `ends when it is cancelled, and leaves nothing`() throws {
        guard let ceph else { return }
        let (image, data) = (ImageID.fresh(), pattern(64 << 20))
        let (near, far) = (try ceph.store("near"), try farStore(ceph, chunk: 4))
        let source = try near.hold(data, as: image)
        let refused = try far.begin(image, token: newToken(), announcing: Int64(data.count))
        #expect(throws: Fault.of(.gone)) { try refused.take(dataAt: source.url, size: Int64(data.count)) { true } }
        #expect(refused.discard())
        let writer = try far.begin(image, token: newToken(), announcing: Int64(data.count))
        #expect(try writer.take(dataAt: source.url, size: Int64(data.count)) { false })
        let stream = try writer.taken()
        var buffer = [UInt8](repeating: 0, count: 9 << 20)
        for _ in 0..<3 { _ = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) } }
        #expect(writer.discard())
        #expect(try !ceph.engine.run("rbd", "ls", Self.far).text.contains(image.text))
        #expect(try near.data(at: source.url).isSame(as: data))
        try near.remove(source.url)
    }

    @Test func `fails when the source is removed meanwhile`() throws {
        guard let ceph else { return }
        let (image, data) = (ImageID.fresh(), pattern(64 << 20))
        let (near, far) = (try ceph.store("near"), try farStore(ceph))
        let source = try near.hold(data, as: image)
        let writer = try far.begin(image, token: newToken(), announcing: Int64(data.count))
        #expect(try writer.take(dataAt: source.url, size: Int64(data.count)) { false })
        let stream = try writer.taken()
        var buffer = [UInt8](repeating: 0, count: 9 << 20)
        #expect(try buffer.withUnsafeMutableBytes { try stream.read(into: $0) } > 0)
        try ceph.strangersStore().remove(source.url)
        #expect(throws: StreamError.self) { try stream.rest() }
        #expect(throws: Fault.of(.gone)) { try writer.commit() }
        #expect(writer.discard())
        #expect(try !ceph.engine.run("rbd", "ls", Self.far).text.contains(image.text))
    }

    @Test func `ends when its upload is taken back`() throws {
        guard let ceph else { return }
        let (image, token, data) = (ImageID.fresh(), newToken(), pattern(64 << 20))
        let (near, far) = (try ceph.store("near"), try farStore(ceph))
        let source = try near.hold(data, as: image)
        let writer = try far.begin(image, token: token, announcing: Int64(data.count))
        #expect(try writer.take(dataAt: source.url, size: Int64(data.count)) { false })
        let stream = try writer.taken()
        var buffer = [UInt8](repeating: 0, count: 9 << 20)
        for _ in 0..<3 { _ = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) } }
        try far.discard(Upload(image: image, token: token, pendingURL: writer.url))
        #expect(throws: StreamError.self) { try stream.rest() }
        #expect(try !ceph.engine.run("rbd", "ls", Self.far).text.contains(image.text))
        #expect(throws: Fault.of(.gone)) { try writer.commit() }
        try near.remove(source.url)
    }
}
