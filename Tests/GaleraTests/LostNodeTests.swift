import Domain
import Foundation
import MariaDB
import Persistence
import Schema
import TestSupport
import Testing
import Threading

extension OnGalera {
    /// Nodes that freeze, die, or are cut off. Each test leaves the cluster whole.
    @Suite struct `A node that is away` {
        private static let node = Query("SELECT @@wsrep_node_name") { row throws(MariaDBError) in try row.text(0) }

        private func database(_ cluster: Cluster, at url: String) throws -> (Pool, MariaDBCatalog) {
            let pool = Pool(try Address(url: url))
            return (pool, MariaDBCatalog(Database(pool)))
        }

        private func nodeName(_ pool: Pool) throws -> String? { try pool.withConnection { try $0.first(Self.node) } }

        @Test(arguments: ["freezes", "dies", "is cut off"])
        func `leaves its clients to the next, and is used again`(_ fate: String) throws {
            guard let cluster = try Cluster.synced() else { return }
            let (pool, catalog) = try database(cluster, at: cluster.engine.url(of: cluster.name, at: 1, 2))
            #expect(try nodeName(pool) == "n2")
            var images = [try catalog.insert(ImageDraft(id: .fresh(), owner: "acme"), claiming: nil).id]
            switch fate {
            case "freezes": cluster.engine.freeze(1)
            case "dies": cluster.engine.end(1)
            default: try cluster.engine.cutOff(1)
            }
            // While the cluster finds out who is left, commits wait, and may be refused.
            #expect(
                eventually {
                    guard let image = try? catalog.insert(ImageDraft(id: .fresh(), owner: "acme"), claiming: nil) else { return false }
                    images.append(image.id)
                    return true
                })
            #expect(try nodeName(pool) == "n3")
            try cluster.engine.heal()
            #expect(eventually { (try? nodeName(pool)) == "n2" })
            for image in images { #expect(try catalog.image(image, visibleTo: .alice).id == image) }
        }

        /// What was acknowledged stays, and what was refused may be asked for again.
        @Test func `loses nothing that it has acknowledged`() throws {
            guard let cluster = try Cluster.synced() else { return }
            let (_, catalog) = try database(cluster, at: cluster.engine.url(of: cluster.name, at: 2))
            let images = Acknowledged()
            let isOver = Acknowledged()
            let ended = Acknowledged()
            Thread.detachNewThread {
                while isOver.all.isEmpty {
                    do throws(Fault) {
                        images.add(try catalog.insert(ImageDraft(id: .fresh(), owner: "acme"), claiming: nil).id)
                    } catch {
                        #expect(error.kind == .unavailable, "\(error)")
                    }
                }
                ended.add(.fresh())
            }
            #expect(eventually { images.all.count > 20 })
            try cluster.engine.cutOff(2)
            #expect(eventually { (try? cluster.connection(to: 2)) == nil })
            try cluster.engine.heal()
            let count = images.all.count
            #expect(eventually { images.all.count > count + 20 })
            isOver.add(.fresh())
            #expect(eventually { !ended.all.isEmpty })
            try cluster.catalogs[0].catchUp()
            for image in images.all { #expect(try cluster.catalogs[0].image(image, visibleTo: .alice).id == image) }
        }

        /// Three machines upgrade the database at once, each at a node of its own, and one of the nodes dies.
        @Test(arguments: [1, 30])
        func `does not end db sync`(_ last: Int) throws {
            guard let cluster = try Cluster() else { return }
            let synced = cluster.atOnce { node throws(Fault) in
                let database = try Database(url: cluster.engine.url(of: cluster.name, at: node, (node + 1) % 3, (node + 2) % 3))
                var count = 0
                try Migrations(database).apply { _ in
                    count += 1
                    if node == 0 && count == last { cluster.engine.end(0) }
                }
                if node == 0 { #expect(count >= last) }
                do {
                    #expect(try ReportViews(database).install().isEmpty)
                } catch {
                    throw error as? Fault ?? Fault(.unexpected, "\(error)")
                }
            }
            for result in synced { try result.get() }
            #expect(try cluster.migrations(at: 1).state().isComplete)
            try cluster.engine.heal()
            #expect(try cluster.migrations(at: 0).state().isComplete)
            #expect(try cluster.ask("SELECT COUNT(*) FROM alembic_version") == "1")
            #expect(try cluster.ask("SELECT COUNT(*) FROM vitrine_migrations") == "\(Schema.migrations.count)")
        }

        /// A change may take longer than one is repeated for.
        @Test func `does not end db sync that took long before`() throws {
            guard let cluster = try Cluster() else { return }
            let database = try Database(url: cluster.engine.url(of: cluster.name, at: 0, 1))
            let other = try cluster.connection(to: 0)
            try other.execute("DO GET_LOCK(CONCAT('vitrine_migrations.', DATABASE()), 0)")
            let ended = Monitor<Result<Void, Fault>?>(nil)
            Thread.detachNewThread {
                do throws(Fault) {
                    try Migrations(database, patience: 0.5).apply { _ in }
                    ended.with { $0 = .success(()) }
                } catch {
                    ended.with { $0 = .failure(error) }
                }
            }
            // The node dies after a second and more of waiting for the lock.
            let waits =
                "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%GET_LOCK%' AND db = '\(cluster.name)' AND time > 1"
            #expect(try eventually { try cluster.ask(waits) == "1" })
            cluster.engine.end(0)
            try ended.wait { $0 }.get()
            #expect(try cluster.migrations(at: 1).state().isComplete)
            try cluster.engine.heal()
        }
    }
}

extension Database {
    fileprivate init(url: String) throws(Fault) {
        do {
            self.init(Pool(try Address(url: url)))
        } catch {
            throw Fault(.unexpected, "\(error)")
        }
    }
}

/// Images whose creation was acknowledged, for two threads.
private final class Acknowledged: @unchecked Sendable {
    private let lock = NSLock()
    private var ids: [ImageID] = []

    var all: [ImageID] { lock.withLock { ids } }
    func add(_ id: ImageID) { lock.withLock { ids.append(id) } }
}
