import Domain
import Foundation
import MariaDB
import Persistence
import Schema
import TestSupport
import Testing
import Threading

/// All suites on the Galera cluster of the tests: they run one after the other, because some take nodes away.
@Suite(.serialized) enum OnGalera {}

/// A database on the cluster, and the catalog of a process at each node.
struct Cluster {
    let engine: GaleraEngine
    let name: String
    let catalogs: [MariaDBCatalog]

    /// - Returns: nil where the cluster is not to be had.
    init?() throws {
        guard let engine = try GaleraEngine.running() else { return nil }
        (self.engine, name) = (engine, "galera_\(UInt32.random(in: 0 ... .max))")
        // A test that failed may have left it without a node.
        try engine.heal()
        try engine.administer(0, "CREATE DATABASE \(name) CHARACTER SET utf8mb3")
        for node in 1..<3 { try engine.administer(node, "SET wsrep_sync_wait = 15; SHOW DATABASES") }
        var catalogs: [MariaDBCatalog] = []
        for node in 0..<3 { catalogs.append(MariaDBCatalog(Database(Pool(try Address(url: engine.url(of: name, at: node)))))) }
        self.catalogs = catalogs
    }

    /// The same with tables.
    static func synced() throws -> Cluster? {
        guard let cluster = try Cluster() else { return nil }
        try cluster.migrations(at: 0).apply { _ in }
        for catalog in cluster.catalogs { try catalog.catchUp() }
        return cluster
    }

    func migrations(at nodes: Int) throws -> Migrations {
        Migrations(Database(Pool(try Address(url: engine.url(of: name, at: nodes)))))
    }

    func connection(to node: Int) throws -> Connection {
        try Connection(to: Address(url: engine.url(of: name, at: node)), timeouts: .init())
    }

    /// The first column of the first row that a node answers, when it has caught up.
    func ask(_ sql: String, at node: Int = 0) throws -> String {
        try engine.administer(node, "USE \(name); SET wsrep_sync_wait = 15; \(sql)").text.split(separator: "\n").first.map(String.init)
            ?? ""
    }

    /// A queued image that all nodes see.
    func queued() throws -> Image {
        let image = try catalogs[0].insert(ImageDraft(id: .fresh(), owner: "acme"), claiming: nil)
        for catalog in catalogs { try catalog.catchUp() }
        return image
    }

    /// Runs a closure for each node at the same time.
    ///
    /// - Returns: what each returned, or the fault that it threw.
    func atOnce<Value: Sendable>(_ body: @escaping @Sendable (_ node: Int) throws(Fault) -> Value) -> [Result<Value, Fault>] {
        let ended = Monitor([Int: Result<Value, Fault>]())
        for node in 0..<3 {
            Thread.detachNewThread {
                let result: Result<Value, Fault>
                do throws(Fault) { result = .success(try body(node)) } catch { result = .failure(error) }
                ended.with { $0[node] = result }
            }
        }
        return ended.wait { results in results.count == 3 ? (0..<3).map { results[$0]! } : nil }
    }
}

extension Result {
    var isSuccess: Bool { if case .success = self { true } else { false } }
}

extension Caller {
    /// The owner of the images.
    static let alice = Caller(user: "alice", project: "acme", roles: ["member"], isAdmin: false)
}
