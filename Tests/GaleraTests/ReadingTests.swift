import Foundation
import TestSupport
import Testing

extension OnGalera {
    /// Two machines at two nodes, behind a load balancer: the first told a client of something, and the second is asked for it at once.
    ///
    /// While a node that is behind had the last word, 5 to 40 of 150 of these were 204, 400 or 404.
    @Suite struct `What one machine has told is found at the next` {
        private static let count = 60

        private func machines(_ cluster: Cluster) throws -> (TestGlance, TestGlance) {
            let first = try TestGlance(workers: 1, runsRegistry: true, url: cluster.engine.url(of: cluster.name, at: 0))
            let next = try TestGlance(
                workers: 1, storeFolder: first.storeFolder, runsRegistry: true, url: cluster.engine.url(of: cluster.name, at: 1))
            return (first, next)
        }

        /// Asks again and again, and expects one status.
        private func expect(_ status: Int, _ answer: () throws -> Reply) throws {
            for _ in 0..<Self.count {
                let reply = try answer()
                #expect(reply.status == status, "\(reply)")
            }
        }

        @Test func `data, and the marker of a list`() throws {
            guard let cluster = try Cluster() else { return }
            let (first, next) = try machines(cluster)
            try expect(200) { try next.send("GET", "/v2/images/\(first.hasActiveImage())/file") }
            try expect(200) { try next.send("GET", "/v1/images/\(first.hasActiveImage())") }
            try expect(200) { try next.send("GET", "/v2/images?marker=\(first.hasImage())") }
            try expect(200) { try next.send("GET", "/v1/images?marker=\(first.hasImage())") }
            // There is nothing to wait for.
            #expect(try next.send("GET", "/v2/images/\(first.hasImage())/file").status == 204)
            #expect(try next.send("GET", "/v2/images?marker=\(UUID())").status == 400)
        }

        @Test func `members, tasks and definitions`() throws {
            guard let cluster = try Cluster() else { return }
            let (first, next) = try machines(cluster)
            try expect(200) {
                let image = try first.hasImage()
                #expect(try first.send("POST", "/v2/images/\(image)/members", json: #"{"member": "bolt"}"#).status == 200)
                return try next.send("GET", "/v2/images/\(image)/members/bolt")
            }
            func task() throws -> String {
                let order = """
                    {"type": "import", "input": {"import_from": "http://images.example/a", "import_from_format": "raw", "image_properties": {}}}
                    """
                let reply = try first.send("POST", "/v2/tasks", as: .admin, json: order)
                #expect(reply.status == 201, "\(reply)")
                return reply.json["id"]?.string ?? ""
            }
            try expect(200) { try next.send("GET", "/v2/tasks/\(task())", as: .admin) }
            try expect(200) { try next.send("GET", "/v2/tasks?marker=\(task())", as: .admin) }
            func namespace() throws -> String {
                let name = "ns-\(UInt32.random(in: 0 ... .max))"
                let reply = try first.send("POST", "/v2/metadefs/namespaces", as: .admin, json: #"{"namespace": "\#(name)"}"#)
                #expect(reply.status == 201, "\(reply)")
                return name
            }
            try expect(200) { try next.send("GET", "/v2/metadefs/namespaces/\(namespace())", as: .admin) }
            try expect(200) { try next.send("GET", "/v2/metadefs/namespaces?marker=\(namespace())", as: .admin) }
            let name = try namespace()
            var number = 0
            try expect(200) {
                number += 1
                #expect(try first.send("POST", "/v2/metadefs/namespaces/\(name)/tags/t\(number)", as: .admin).status == 201)
                return try next.send("GET", "/v2/metadefs/namespaces/\(name)/tags/t\(number)", as: .admin)
            }
            #expect(try next.send("GET", "/v2/metadefs/namespaces/\(name)/tags/t0", as: .admin).status == 404)
        }
    }
}
