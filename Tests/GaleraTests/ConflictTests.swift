import Domain
import Foundation
import MariaDB
import Persistence
import Schema
import Testing
import Threading

extension OnGalera {
    /// Work at several nodes at the same time.
    @Suite struct `What collides at two nodes` {
        /// The transactions of two nodes that were told that they count.
        private func countAcknowledged(
            _ cluster: Cluster, each times: Int, _ increment: @escaping @Sendable (Connection) throws -> Void
        ) throws -> Int {
            let counts = cluster.atOnce { node throws(Fault) -> Int in
                guard node < 2 else { return 0 }
                var count = 0
                for _ in 0..<times {
                    do {
                        // A new connection prepares its statements anew, within the transaction.
                        try increment(try cluster.connection(to: node))
                        count += 1
                    } catch let error as MariaDBError where error.isConflict {
                        continue
                    } catch {
                        throw Fault(.unexpected, "\(error)")
                    }
                }
                return count
            }
            return try counts.reduce(0) { try $0 + $1.get() }
        }

        /// Where conflicts were believed to show at COMMIT, 3 of 501 that were lost had been acknowledged (2 × 1,000 transactions).
        @Test func `counts if and only if COMMIT says so`() throws {
            guard let cluster = try Cluster() else { return }
            try cluster.connection(to: 0).execute("CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)")
            try cluster.connection(to: 0).execute("INSERT INTO counter VALUES (1, 0)")
            let count = try countAcknowledged(cluster, each: 500) { connection in
                try connection.transaction {
                    try connection.run("UPDATE counter SET n = n + 1 WHERE id = 1")
                    // These are prepared while the other node may win.
                    // Further statements, which are prepared while the other node may win.
                    try connection.run("INSERT INTO counter VALUES (?, 0) ON DUPLICATE KEY UPDATE n = n", .int(7))
                    _ = try connection.all(
                        Query("SELECT n FROM counter WHERE id = ?") { row throws(MariaDBError) in try row.int(0) }, .int(1))
                    try connection.run("DELETE FROM counter WHERE id = 2")
                }
            }
            let counted = try cluster.ask("SELECT n FROM counter")
            #expect(counted == "\(count)" && count < 1000)
        }

        @Test func `is repeated if it is a statement by itself`() throws {
            guard let cluster = try Cluster() else { return }
            try cluster.connection(to: 0).execute("CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)")
            try cluster.connection(to: 0).execute("INSERT INTO counter VALUES (1, 0)")
            let triedFor = Monitor([Double]())
            let count = try countAcknowledged(cluster, each: 200) { connection in
                let begun = monotonicSeconds()
                do {
                    try connection.run("UPDATE counter SET n = n + 1 WHERE id = 1")
                } catch {
                    triedFor.with { $0.append(monotonicSeconds() - begun) }
                    throw error
                }
            }
            #expect(try cluster.ask("SELECT n FROM counter") == "\(count)")
            // On a busy machine one of the nodes may win for all the time in which the other tries.
            #expect(triedFor.with { $0 }.allSatisfy { $0 >= 10 })
        }

        @Test func `gives one image the data of one client`() throws {
            guard let cluster = try Cluster.synced() else { return }
            for _ in 0..<60 {
                let image = try cluster.queued().id
                let begun = cluster.atOnce { node throws(Fault) -> Upload in
                    let token = "\(node)\(image.text.filter(\.isHexDigit).dropLast())"
                    let upload = Upload(image: image, token: token, pendingURL: "file:///nowhere/\(node)")
                    _ = try cluster.catalogs[node].begin(upload, by: "worker-\(node)", claiming: nil)
                    return upload
                }
                let winners = begun.filter(\.isSuccess)
                #expect(winners.count == 1)
                #expect(begun.allSatisfy { result in if case .failure(let fault) = result { fault.kind == .conflict } else { true } })
                guard let node = begun.firstIndex(where: \.isSuccess) else { continue }
                let measured = MeasuredBytes(size: 4, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
                _ = try cluster.catalogs[node].finish(
                    try begun[node].get(), at: ImageLocation(url: "file:///there/\(node)", metadata: "{}"), measured, claiming: nil,
                    isShown: false)
                let rows = try cluster.ask(
                    "SELECT CONCAT(i.status, ' ', l.value) FROM images i JOIN image_locations l ON l.image_id = i.id WHERE i.id = '\(image)'"
                )
                #expect(rows == "active file:///there/\(node)")
            }
            #expect(try cluster.ask("SELECT COUNT(*) FROM vitrine_uploads") == "0")
        }

        @Test func `never passes a limit of members`() throws {
            guard let cluster = try Cluster.synced() else { return }
            for _ in 0..<30 {
                let image = try cluster.queued()
                let added = cluster.atOnce { node throws(Fault) -> Int in
                    var count = 0
                    for number in 0..<4 {
                        do throws(Fault) {
                            _ = try cluster.catalogs[node].add("project-\(node)-\(number)", to: image, quota: 5, by: .alice)
                            count += 1
                        } catch {
                            guard error.kind == .tooLarge else { throw error }
                        }
                    }
                    return count
                }
                #expect(try added.reduce(0) { try $0 + $1.get() } == 5)
                #expect(try cluster.ask("SELECT COUNT(*) FROM image_members WHERE image_id = '\(image.id)' AND deleted = 0") == "5")
            }
        }

        @Test func `never passes a limit of tags and properties`() throws {
            guard let cluster = try Cluster.synced() else { return }
            for _ in 0..<30 {
                let image = try cluster.queued().id
                let ended = cluster.atOnce { node throws(Fault) in
                    for number in 0..<4 {
                        _ = try cluster.catalogs[node].update(image, visibleTo: .alice, claiming: nil) { image throws(Fault) in
                            if image.tags.count < 5 { image.tags.append("tag-\(node)-\(number)") }
                            if image.properties.count < 5 { image.properties.append(ImageProperty("p-\(node)-\(number)", "v")) }
                        }
                    }
                }
                for result in ended { try result.get() }
                #expect(try cluster.ask("SELECT COUNT(*) FROM image_tags WHERE image_id = '\(image)' AND deleted = 0") == "5")
                #expect(try cluster.ask("SELECT COUNT(*) FROM image_properties WHERE image_id = '\(image)' AND deleted = 0") == "5")
            }
        }

        @Test func `leaves a deleted image no members and no tags`() throws {
            guard let cluster = try Cluster.synced() else { return }
            for number in 0..<40 {
                let image = try cluster.queued()
                let ended = cluster.atOnce { node throws(Fault) in
                    do throws(Fault) {
                        switch node {
                        case 0: _ = try cluster.catalogs[0].delete(image.id, visibleTo: .alice) { _ in }
                        case 1: _ = try cluster.catalogs[1].add("bolt-\(number)", to: image, quota: nil, by: .alice)
                        default: _ = try cluster.catalogs[2].update(image.id, visibleTo: .alice, claiming: nil) { $0.tags.append("late") }
                        }
                    } catch {
                        guard error.kind == .notFound else { throw error }
                    }
                }
                for result in ended { try result.get() }
            }
            for table in ["image_members", "image_tags"] {
                #expect(try cluster.ask("SELECT COUNT(*) FROM \(table) WHERE deleted = 0") == "0", "\(table)")
            }
            #expect(try cluster.ask("SELECT COUNT(*) FROM images WHERE deleted = 0") == "0")
        }

        @Test func `lets one verification begin, and one process lead`() throws {
            guard let cluster = try Cluster.synced() else { return }
            let begun = cluster.atOnce { node throws(Fault) in
                try cluster.catalogs[node].beginVerification(VerificationScope(), by: "worker-\(node)")
            }
            #expect(begun.count { $0.isSuccess } == 1)
            for number in 0..<20 {
                let leading = cluster.atOnce { node throws(Fault) in
                    try cluster.catalogs[node].acquireLeaderLease("work-\(number)", by: "worker-\(node)", seconds: 60)
                }
                #expect(try leading.count { try $0.get() } == 1)
            }
        }

        /// `glance-tasks` of each machine finds the same removals.
        @Test func `lets all machines settle the same removals`() throws {
            guard let cluster = try Cluster.synced() else { return }
            for _ in 0..<20 {
                let values = (0..<50).map { _ in "('\(ImageID.fresh())', 'file:///old', UTC_TIMESTAMP(6) - INTERVAL 5 MINUTE)" }.joined(
                    separator: ",")
                _ = try cluster.ask("INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES \(values)")
                let owed = try cluster.catalogs[0].overdue(atMost: 100)
                #expect(owed.count == 50)
                for catalog in cluster.catalogs { try catalog.catchUp() }
                let ended = cluster.atOnce { node throws(Fault) in
                    try cluster.catalogs[node].postpone(owed, haveFailed: true)
                    try cluster.catalogs[node].complete(owed)
                }
                for result in ended { try result.get() }
                #expect(try cluster.ask("SELECT COUNT(*) FROM vitrine_removals") == "0")
            }
        }

        @Test func `is no trouble for db sync`() throws {
            guard let cluster = try Cluster() else { return }
            let synced = cluster.atOnce { node throws(Fault) in
                do {
                    try cluster.migrations(at: node).apply { _ in }
                    let views = ReportViews(Database(Pool(try Address(url: cluster.engine.url(of: cluster.name, at: node)))))
                    #expect(try views.install().isEmpty)
                } catch {
                    throw error as? Fault ?? Fault(.unexpected, "\(error)")
                }
            }
            for result in synced { try result.get() }
            #expect(try cluster.migrations(at: 2).state().isComplete)
            #expect(try cluster.ask("SELECT COUNT(*) FROM alembic_version") == "1")
            #expect(try cluster.ask("SELECT COUNT(*) FROM vitrine_migrations") == "\(Schema.migrations.count)")
        }
    }

    @Suite struct `What one node was told` {
        @Test func `is seen at the next by whoever changes something`() throws {
            guard let cluster = try Cluster.synced() else { return }
            for _ in 0..<100 {
                let image = try cluster.catalogs[0].insert(ImageDraft(id: .fresh(), owner: "acme"), claiming: nil)
                try cluster.catalogs[1].catchUp()
                _ = try cluster.catalogs[1].update(image.id, visibleTo: .alice, claiming: nil) { $0.tags = ["a"] }
                try cluster.catalogs[2].catchUp()
                #expect(try cluster.catalogs[2].image(image.id, visibleTo: .alice).tags == ["a"])
            }
        }

        /// A worker whose node is lost between the two goes on at the next.
        @Test func `is known to an upload that ends at the next`() throws {
            guard let cluster = try Cluster.synced() else { return }
            let measured = MeasuredBytes(size: 4, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
            for _ in 0..<100 {
                let image = try cluster.catalogs[0].insert(ImageDraft(id: .fresh(), owner: "acme"), claiming: nil).id
                let upload = Upload(image: image, token: image.text.filter(\.isHexDigit), pendingURL: "file:///nowhere")
                _ = try cluster.catalogs[0].begin(upload, by: "worker", claiming: nil)
                #expect(try cluster.catalogs[1].renew([upload.token], heldBy: "worker") == [upload.token])
                _ = try cluster.catalogs[2].finish(
                    upload, at: ImageLocation(url: "file:///there", metadata: "{}"), measured, claiming: nil, isShown: false)
            }
        }

        /// Data that another node has just recorded is not removed, nor called an orphan.
        @Test func `is known at the next to whoever removes data`() throws {
            guard let cluster = try Cluster.synced() else { return }
            let (first, next) = (cluster.catalogs[0], cluster.catalogs[1])
            for _ in 0..<60 {
                let image = try cluster.queued().id
                let rows = try cluster.ask(
                    "INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES ('\(image)', 'file:///old', UTC_TIMESTAMP(6)) RETURNING id"
                )
                let removal = OwedRemoval(number: Int64(rows) ?? 0, image: image, url: "file:///old", store: nil)
                #expect(try next.isOwed(removal))
                let token = image.text.filter(\.isHexDigit)
                var upload = Upload(image: image, token: token, pendingURL: "file:///nowhere/\(token)")
                upload.aim = .staging
                _ = try first.begin(upload, by: "worker", claiming: nil)
                #expect(try !next.isOwed(removal))
                try first.abort(upload, as: .queued, because: "the test")
                try next.catchUp()
                _ = try first.begin(upload, by: "worker", claiming: nil)
                #expect(try next.known(among: [upload]) == [upload.token])
                try first.abort(upload, as: .queued, because: "the test")
                try next.catchUp()
                _ = try first.begin(upload, by: "worker", claiming: nil)
                #expect(try next.waiting(among: [image]) == [image])
                let new = try first.insert(ImageDraft(id: .fresh(), owner: "acme"), claiming: nil).id
                #expect(try next.recordedImages([new]).map(\.id) == [new])
                let other = try cluster.queued().id
                _ = try first.begin(
                    Upload(image: other, token: String(upload.token.reversed()), pendingURL: "file:///nowhere"), by: "worker", claiming: nil
                )
                #expect(try next.inMotion(among: [other]) == [other])
            }
        }

        @Test func `is found at the next`() throws {
            guard let cluster = try Cluster.synced() else { return }
            for _ in 0..<100 {
                let image = try cluster.catalogs[0].insert(ImageDraft(id: .fresh(), owner: "acme"), claiming: nil)
                #expect(try cluster.catalogs[1].image(image.id, visibleTo: .alice).id == image.id)
            }
        }
    }
}
