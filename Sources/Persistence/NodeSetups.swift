package import Domain
internal import MariaDB

extension MariaDBCatalog: NodeCatalog {
    package func record(_ setup: NodeSetup, ofNode node: String) throws(Fault) {
        _ = try database.run("Recording how a node is set up", mayRepeat: true) { connection in
            try connection.run(
                """
                INSERT INTO vitrine_node_setups (node, setup, seen_at) VALUES (?, ?, UTC_TIMESTAMP(6))
                    ON DUPLICATE KEY UPDATE setup = VALUES(setup), seen_at = VALUES(seen_at)
                """, .text(node), .text(setup.text))
        }
    }

    /// Reads the whole table, which has a row for each node of the last day.
    package func nodeSetups(seenWithin seconds: Int) throws(Fault) -> [String: NodeSetup] {
        let found = try database.read("Reading how the nodes are set up") { connection in
            try connection.all(Self.recordedSetups, .int(Int64(seconds)))
        }
        for row in found where row.hasLeft {
            _ = try database.run("Forgetting a node that has left", mayRepeat: true) { connection in
                try connection.run(
                    "DELETE FROM vitrine_node_setups WHERE node = ? AND seen_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY", .text(row.node))
            }
        }
        var setups: [String: NodeSetup] = [:]
        for row in found where row.isThere { setups[row.node] = NodeSetup(row.setup) }
        return setups
    }

    private static let recordedSetups = Query(
        """
        SELECT node, setup, seen_at > UTC_TIMESTAMP(6) - INTERVAL ? SECOND, seen_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY
          FROM vitrine_node_setups
        """
    ) { row throws(MariaDBError) in
        (node: try row.text(0), setup: try row.text(1), isThere: try row.int(2) != 0, hasLeft: try row.int(3) != 0)
    }
}
