package import Domain
internal import MariaDB

/// The summary tables of reports: `vitrine_report_images`, `vitrine_report_property_values`, `vitrine_report_passes`, and those of
/// `UsageSummary`.
///
/// A pass walks over all images by ranges of their ids. What a range has goes to temporary tables of the session first, which no other
/// session waits for; then rows of the summary that differ are replaced. Statements read with READ COMMITTED, where `INSERT … SELECT`
/// takes no lock on what it reads: an upload never waits for a refresh.
extension MariaDBCatalog: ReportCatalog {
    package func lastReportRefresh() throws(Fault) -> ReportRefresh.Last? {
        try database.read("Reading when the reports were refreshed") { connection in try connection.first(Self.lastPass) }
    }

    package func refreshReports(
        imagesAtOnce count: Int, summingFrom least: Int, each: (ReportRefresh.Step) throws(Fault) -> Bool
    ) throws(Fault) -> Bool {
        try database.run("Refreshing the reports", within: Database.long) { connection in
            for sql in ReportSQL.temporaryTables + UsageSummary.temporaryTables { try connection.execute(sql) }
            // The connection goes back to the pool; what could not be dropped is replaced by the next pass.
            defer { for sql in [ReportSQL.dropTemporaryTables, UsageSummary.dropTemporaryTables] { try? connection.execute(sql) } }
            guard let (started, total, rows) = try connection.first(Self.beginning, .int(Int64(least))) else { return false }
            let sumsUp = rows >= least
            guard try compareImages(count, total, summingUp: sumsUp, each, on: connection) else { return false }
            try publishValues(on: connection)
            if sumsUp {
                let step = ReportRefresh.Step(images: 0, total: total)
                guard try addDeletedRows(count * Self.deletedRows, each: { () throws(Fault) in try each(step) }, on: connection) else {
                    return false
                }
            }
            try shortTransaction(on: connection) { () throws(MariaDBError) in
                try sumsUp ? UsageSummary.publish(started, total, on: connection) : UsageSummary.remove(on: connection)
                try connection.run(ReportSQL.notePass, .text("images"), .text(started), .int(Int64(total)))
            }
            return true
        }
    }

    private func compareImages(
        _ count: Int, _ total: Int, summingUp sumsUp: Bool, _ each: (ReportRefresh.Step) throws(Fault) -> Bool, on connection: Connection
    ) throws -> Bool {
        var last = ""
        while case (let end?, let images)? = try connection.first(Self.range, .text(last), .int(Int64(count))) {
            let range = [SQLValue.text(last), .text(end)]
            try shortTransaction(on: connection) { () throws(MariaDBError) in
                try connection.run(ReportSQL.emptyPiece)
                try connection.run(ReportSQL.readPiece, range)
                try connection.run(ReportSQL.removeOld, range)
                try connection.run(ReportSQL.addNew)
                try connection.run(ReportSQL.sumValues, range)
                if sumsUp { try UsageSummary.addImages(range, on: connection) }
            }
            last = end
            guard try each(ReportRefresh.Step(images: images, total: total)) else { return false }
        }
        try connection.run(ReportSQL.removeBehind, .text(last))
        return true
    }

    /// Brings the counted values to those of the pass, in parts of the digests.
    private func publishValues(on connection: Connection) throws {
        for first in stride(from: 0, to: 256, by: Self.digestsAtOnce) {
            let range = [first, first + Self.digestsAtOnce - 1].map { byte in
                SQLValue.text((byte < 16 ? "0" : "") + String(byte, radix: 16))
            }
            try shortTransaction(on: connection) { () throws(MariaDBError) in
                try connection.run(ReportSQL.removeOldValues, range)
                try connection.run(ReportSQL.addNewValues, range)
            }
        }
    }

    func shortTransaction(on connection: Connection, _ body: () throws(MariaDBError) -> Void) throws {
        try connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        try connection.transaction(body)
    }

    /// Deleted rows that are counted in the time in which an image is compared.
    private static let deletedRows = 5

    /// First bytes of digests in one transaction; must divide 256.
    private static let digestsAtOnce = 4

    private static let lastPass = Query(
        """
        SELECT TIMESTAMPDIFF(MICROSECOND, refreshed_at, UTC_TIMESTAMP(6)), TIMESTAMPDIFF(MICROSECOND, started_at, refreshed_at)
          FROM vitrine_report_passes
         WHERE report = 'images'
        """
    ) { row throws(MariaDBError) in
        ReportRefresh.Last(age: Double(try row.int(0)) / 1_000_000, length: Double(try row.int(1)) / 1_000_000)
    }

    /// The time, the images that are not deleted, and all of them up to a number.
    private static let beginning = Query(
        """
        SELECT CAST(UTC_TIMESTAMP(6) AS CHAR), (SELECT COUNT(*) FROM images WHERE deleted = 0),
               (SELECT COUNT(*) FROM (SELECT 1 FROM images LIMIT ?) AS some)
        """
    ) { row throws(MariaDBError) in (try row.text(0), Int(try row.int(1)), Int(try row.int(2))) }

    /// The last image of the next range, and how many it has. Deleted images, which may be most, are not counted.
    private static let range = Query(
        """
        SELECT MAX(id), COUNT(*)
          FROM (SELECT id FROM images FORCE INDEX (ix_images_deleted) WHERE deleted = 0 AND id > ? ORDER BY id LIMIT ?) AS range_of
        """
    ) { row throws(MariaDBError) in (try row.textOrNil(0), Int(try row.int(1))) }
}
