import Domain
import Foundation
import MariaDB
import Persistence
import TestSupport
import Testing
import Threading

extension OnGalera {
    /// Much was written while a node was away.
    @Suite struct `A node that comes back` {
        /// What the clients of the node were told.
        private struct Answers {
            var right = 0
            var isOver = false
            var hasEnded = false
        }

        @Test(arguments: ["is behind", "is empty", "was frozen"])
        func `refuses until it knows all`(_ fate: String) throws {
            guard let cluster = try Cluster.synced() else { return }
            let catalog = MariaDBCatalog(Database(Pool(try Address(url: cluster.engine.url(of: cluster.name, at: 2)))))
            let old = try cluster.queued().id
            #expect(try catalog.image(old, visibleTo: .alice).tags == [])
            switch fate {
            case "is behind": cluster.engine.end(2)
            case "is empty": try cluster.engine.empty(2)
            default: cluster.engine.freeze(2)
            }
            var images: [ImageID] = []
            for number in 0..<200 {
                let (tag, id) = ("tag-\(number)", ImageID.fresh())
                #expect(
                    eventually {
                        (try? cluster.catalogs[0].update(old, visibleTo: .alice, claiming: nil) { $0.tags = [tag] }) != nil
                    })
                #expect(eventually { (try? cluster.catalogs[0].insert(ImageDraft(id: id, owner: "acme"), claiming: nil)) != nil })
                images.append(id)
            }

            let answers = Monitor(Answers())
            Thread.detachNewThread { [images] in
                while !answers.with({ $0.isOver }) {
                    do throws(Fault) {
                        // A node that was frozen does not know at once that the others have given it up.
                        if fate == "was frozen" { try catalog.catchUp() }
                        let (tags, new) = (
                            try catalog.image(old, visibleTo: .alice).tags, try catalog.image(images[199], visibleTo: .alice)
                        )
                        #expect(tags == ["tag-199"] && new.id == images[199])
                        answers.with { $0.right += 1 }
                    } catch {
                        #expect(error.kind == .unavailable, "\(error)")
                    }
                }
                answers.with { $0.hasEnded = true }
            }
            try cluster.engine.heal()
            #expect(eventually { answers.with { $0.right > 20 } })
            answers.with { $0.isOver = true }
            #expect(eventually { answers.with { $0.hasEnded } })
            for id in images { #expect(try catalog.image(id, visibleTo: .alice).id == id) }
            _ = try catalog.update(old, visibleTo: .alice, claiming: nil) { $0.tags = ["by the node itself"] }
            #expect(try cluster.ask("SELECT value FROM image_tags WHERE image_id = '\(old)' AND deleted = 0") == "by the node itself")
        }

        @Test func `and knows neither users nor databases leaves its clients to the next`() throws {
            guard let cluster = try Cluster.synced() else { return }
            let image = try cluster.queued().id
            func catalog(_ url: String) throws -> MariaDBCatalog { MariaDBCatalog(Database(Pool(try Address(url: url)))) }
            let (both, one) = (cluster.engine.url(of: cluster.name, at: 1, 2), cluster.engine.url(of: cluster.name, at: 1))
            // The others do not hear of it.
            func alone(_ sql: String) throws { try cluster.engine.administer(1, "SET SESSION wsrep_on = OFF; \(sql)") }
            let changes = [
                ("RENAME USER glance@'%' TO nobody@'%'", "RENAME USER nobody@'%' TO glance@'%'"),
                ("REVOKE ALL ON *.* FROM glance@'%'", "GRANT ALL ON *.* TO glance@'%'"),
            ]
            for (change, undo) in changes {
                try alone(change)
                defer { #expect(throws: Never.self) { try alone(undo) } }
                #expect(try catalog(both).image(image, visibleTo: .alice).id == image)
                #expect(throws: Fault.self) { try catalog(one).image(image, visibleTo: .alice) }
            }
            #expect(try catalog(one).image(image, visibleTo: .alice).id == image)
        }
    }
}
