import Domain
import Foundation
import MariaDB
import Persistence
import TestSupport
import Testing

extension OnGalera {
    /// Two of three nodes are away, so nobody knows what the others have. Each test leaves the cluster whole.
    @Suite struct `A cluster without quorum` {
        private func draft() -> ImageDraft { ImageDraft(id: .fresh(), owner: "acme") }

        /// Waits until a node knows that it is alone.
        private func isAlone(_ cluster: Cluster, _ node: Int) -> Bool { eventually { (try? cluster.connection(to: node)) == nil } }

        private func expectRefusal(_ what: Comment, _ body: () throws -> Any) {
            let fault = #expect(throws: Fault.self, what) { _ = try body() }
            #expect(fault?.kind == .unavailable, what)
        }

        @Test(arguments: ["freeze", "are cut off"])
        func `refuses for some time`(_ fate: String) throws {
            guard let cluster = try Cluster() else { return }
            let glance = try TestGlance(
                ["healthcheck": "detailed = true"], workers: 1, url: cluster.engine.url(of: cluster.name, at: 0, 1, 2))
            let image = try glance.hasImage()
            for node in [1, 2] { if fate == "freeze" { cluster.engine.freeze(node) } else { try cluster.engine.cutOff(node) } }
            // At first the node waits for the others with what is to be committed.
            let requests = [
                ("POST", "/v2/images", #"{"disk_format": "raw", "container_format": "bare"}"#),
                ("PUT", "/v2/images/\(image)/tags/late", nil),
                ("DELETE", "/v2/images/\(image)", nil),
                ("GET", "/v2/images/\(image)", nil),
                ("GET", "/v2/images", nil),
            ]
            for (method, path, json) in requests {
                if method == "GET" { #expect(isAlone(cluster, 0)) }
                let reply = try json.map { try glance.send(method, path, json: $0) } ?? glance.send(method, path)
                #expect(reply.status == 503 && reply["Retry-After"] != nil, "\(method) \(path): \(reply)")
            }
            #expect(try glance.send("GET", "/healthcheck?detail", as: nil).status == 503)
            #expect(try glance.send("GET", "/healthcheck", as: nil).status == 200)

            try cluster.engine.heal()
            #expect(try eventually { try glance.send("PUT", "/v2/images/\(image)/tags/again").status == 204 })
            #expect(try eventually { try glance.send("GET", "/healthcheck?detail", as: nil).status == 200 })
            #expect(try glance.send("GET", "/v2/images/\(image)").json["tags"]?.array?.contains("again") == true)
        }

        @Test func `answers reads with what it knew, where the site allows it`() throws {
            guard let cluster = try Cluster.synced() else { return }
            let url = "\(cluster.engine.url(of: cluster.name, at: 0, 1, 2))?init_command=SET%20SESSION%20wsrep_dirty_reads%3DON"
            var address = try Address(url: url)
            address.acceptsOldReads = true
            let catalog = MariaDBCatalog(Database(Pool(address)))
            let strict = MariaDBCatalog(Database(Pool(try Address(url: url))))
            let image = try catalog.insert(draft(), claiming: nil).id
            // While the others are a cluster, their answers are better.
            try cluster.engine.cutOff(0)
            #expect(isAlone(cluster, 0))
            #expect(eventually { (try? cluster.catalogs[1].update(image, visibleTo: .alice, claiming: nil) { $0.tags = ["new"] }) != nil })
            for _ in 0..<3 { #expect(try catalog.image(image, visibleTo: .alice).tags == ["new"]) }
            try cluster.engine.heal()

            for node in [1, 2] { try cluster.engine.cutOff(node) }
            #expect(isAlone(cluster, 0))
            for _ in 0..<3 { #expect(try catalog.image(image, visibleTo: .alice).tags == ["new"]) }
            // What it does not know may be there, and a change cannot be agreed on.
            expectRefusal("what is not there") { try catalog.image(.fresh(), visibleTo: .alice) }
            expectRefusal("creating") { try catalog.insert(draft(), claiming: nil) }
            expectRefusal("deleting") { try catalog.delete(image, visibleTo: .alice) { _ in } }
            expectRefusal("catching up") { try catalog.catchUp() }
            expectRefusal("health") { try catalog.checkHealth() }
            expectRefusal("old reads of others") { try strict.image(image, visibleTo: .alice) }
            try cluster.engine.heal()
            #expect(eventually { (try? catalog.update(image, visibleTo: .alice, claiming: nil) { $0.tags = ["newer"] }) != nil })
            try catalog.checkHealth()
            try cluster.catalogs[2].catchUp()
            #expect(try cluster.catalogs[2].image(image, visibleTo: .alice).tags == ["newer"])
        }
    }
}
