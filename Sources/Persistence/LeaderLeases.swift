package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func acquireLeaderLease(_ work: String, by worker: String, seconds: Int) throws(Fault) -> Bool {
        try database.run("Acquiring the lease of \(work)") { connection in
            let taken = try connection.run(
                """
                UPDATE vitrine_turns SET worker = ?, lease_until = UTC_TIMESTAMP(6) + INTERVAL ? SECOND
                 WHERE name = ? AND (worker = ? OR lease_until < UTC_TIMESTAMP(6))
                """, .text(worker), .int(Int64(seconds)), .text(work), .text(worker))
            if taken == 1 { return true }
            // The first ever; of two at once one wins.
            return try connection.run(
                """
                INSERT IGNORE INTO vitrine_turns (name, worker, lease_until)
                VALUES (?, ?, UTC_TIMESTAMP(6) + INTERVAL ? SECOND)
                """, .text(work), .text(worker), .int(Int64(seconds))) == 1
        }
    }

    package func releaseLeaderLease(_ work: String, by worker: String) throws(Fault) {
        _ = try database.run("Releasing the lease of \(work)") { connection in
            try connection.run(
                "UPDATE vitrine_turns SET lease_until = UTC_TIMESTAMP(6) WHERE name = ? AND worker = ?", .text(work), .text(worker))
        }
    }

    package func clock() throws(Fault) -> Double {
        let text = try database.read("Reading the time") { connection in try connection.first(Self.time) }
        guard let seconds = text.flatMap(Double.init) else { throw Fault(.unexpected, "Reading the time failed.") }
        return seconds
    }

    package func position(in log: String) throws(Fault) -> String? {
        try database.read("Reading how far \(log) was read") { connection in
            try connection.first(Self.positionOf, .text(log)) ?? nil
        }
    }

    package func record(
        _ sent: [SentBytes], adding tally: UseTally, from log: String, by worker: String, upTo position: String
    ) throws(Fault) {
        try database.transaction("Noting what was sent") { connection in
            let held = try connection.run(
                "UPDATE vitrine_turns SET position = ? WHERE name = ? AND worker = ?", .text(position), .text(log), .text(worker))
            guard held == 1 else { throw Fault(.conflict, "The log is read by somebody else.") }
            try outbox?.tell(sent, on: connection)
            if !tally.isEmpty { try add(tally, on: connection) }
        }
    }

    private static let time = Query("SELECT CAST(UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) AS CHAR)") { row throws(MariaDBError) in
        try row.text(0)
    }

    private static let positionOf = Query("SELECT position FROM vitrine_turns WHERE name = ?") { row throws(MariaDBError) in
        try row.textOrNil(0)
    }
}
