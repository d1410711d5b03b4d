import Domain
import Foundation
import Logging
import RBDStore
import TestSupport

/// The tests' Ceph, with what these tests do with it beside the service. Nil where Ceph is not to be had; the engine says so.
struct Ceph {
    let engine: CephEngine

    init?() throws {
        guard let engine = try CephEngine.running() else { return nil }
        self.engine = engine
    }

    init(_ engine: CephEngine) { self.engine = engine }

    /// The process's connections, and those that stand for another process.
    private static let (clusters, strangers) = (CephClusters(), CephClusters())

    /// A store in the engine's pool, or in another one; by the process's shared connection unless the patience is another.
    func store(
        _ name: String? = "ceph", pool: String? = nil, user: String? = nil, conf: String? = nil, patience: Double = 10,
        _ change: (inout RBDStore.Settings) -> Void = { _ in }
    ) throws -> RBDStore {
        var settings = RBDStore.Settings()
        settings.pool = pool ?? engine.pool
        change(&settings)
        let place = CephCluster.Settings(file: conf ?? engine.conf, user: user ?? engine.user, patience: patience)
        return RBDStore(name: name, try Self.clusters.cluster(place), settings, logger: Logger(label: "test"))
    }

    /// A store with another connection, as another process has it.
    func strangersStore() throws -> RBDStore {
        var settings = RBDStore.Settings()
        settings.pool = engine.pool
        let place = CephCluster.Settings(file: engine.conf, user: engine.user, patience: 10)
        return RBDStore(name: "ceph", try Self.strangers.cluster(place), settings, logger: Logger(label: "test"))
    }

    /// Makes a configuration by which the user has another key.
    ///
    /// - Returns: its path.
    func configuration(withKey key: String) throws -> String {
        let path = "\(TestFolder.root)/wrong-\(newToken()).conf"
        try "[client.\(engine.user)]\n\tkey = \(key)\n".write(toFile: path + ".keyring", atomically: true, encoding: .utf8)
        let conf = try String(contentsOfFile: engine.conf, encoding: .utf8)
        try (conf + "\n[client.\(engine.user)]\nkeyring = \(path).keyring\n").write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Runs a command of `rbd` in the pool's name, as the service's user.
    @discardableResult
    func rbd(_ arguments: String...) throws -> String {
        try Command("/usr/bin/rbd", ["-c", engine.conf, "-n", "client.\(engine.user)", "-p", engine.pool] + arguments, limit: 60)
            .succeeded().text
    }

    @discardableResult
    func rados(_ arguments: String...) throws -> String {
        try Command("/usr/bin/rados", ["-c", engine.conf, "-p", engine.pool] + arguments, limit: 60).succeeded().text
    }

    /// What the pool has of an image: names, snapshots, trash.
    func traces(of image: ImageID) throws -> [String] { try engine.imageNames().filter { $0.contains(image.text) }.sorted() }

    /// The data of an image, by `rbd export`.
    func exported(_ image: ImageID) throws -> [UInt8] {
        let path = "\(TestFolder.root)/export-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try rbd("export", "--no-progress", "\(image)@snap", path)
        return Array(FileManager.default.contents(atPath: path) ?? Data())
    }
}

extension ImageStore {
    /// Stores data in pieces, and returns their location.
    func hold(_ data: [UInt8], as image: ImageID, announcing size: Int64? = nil, pieces: Int = 512 * 1024) throws -> ImageLocation {
        let writer = try begin(image, token: newToken(), announcing: size)
        for start in stride(from: 0, to: data.count, by: pieces) {
            try data[start..<min(start + pieces, data.count)].withUnsafeBytes { try writer.append($0) }
        }
        let location = try writer.commit()
        writer.confirm()
        return location
    }

    func data(at url: String, from offset: Int64 = 0) throws -> [UInt8] { try bytes(at: url).open(offset).rest() }
}

extension ByteStream {
    func rest() throws -> [UInt8] {
        var (all, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 300_000))
        while case let count = try buffer.withUnsafeMutableBytes({ try read(into: $0) }), count > 0 { all += buffer[..<count] }
        return all
    }
}

extension BlobWriter {
    func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }
}

func newToken() -> String { String(UInt64.random(in: 0 ... .max), radix: 16) }

/// Data in which no two blocks are alike.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed | 1
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        for index in 0..<count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            buffer[index] = UInt8(truncatingIfNeeded: state)
        }
        filled = count
    }
}
