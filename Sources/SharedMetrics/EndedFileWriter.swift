internal import Files
internal import Glibc
internal import ServiceMetrics

/// Writes the file of the processes that have ended: one of the same layout, of just the size that it needs, under its name at once.
enum EndedFileWriter {
    static func write(
        _ readings: [MetricReading], folded: [FileContents.Identity], in folder: String, as name: String
    ) throws(MetricsError) {
        let temporary = "\(folder)/\(name).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw MetricsError(temporary, errno: errno) }
        defer { close(descriptor) }
        // Its bytes are on the disk before it takes the place of the old one.
        guard bytes(of: readings, folded).withUnsafeBytes({ writeAll($0, to: descriptor) }) == 0, fsync(descriptor) == 0,
            rename(temporary, "\(folder)/\(name)") == 0
        else {
            let code = errno
            unlink(temporary)
            throw MetricsError("\(folder)/\(name)", errno: code)
        }
    }

    private static func bytes(of readings: [MetricReading], _ folded: [FileContents.Identity]) -> [UInt8] {
        var (records, cells): ([UInt8], [Int64]) = ([], [])
        for identity in folded { records += Layout.record(.folded, Layout.bytes(identity.high) + Layout.bytes(identity.low)) }
        for (place, reading) in readings.enumerated() {
            records += Layout.record(reading.family)
            for row in reading.rows {
                records += Layout.record(seriesOf: place, firstCell: cells.count, row.labels)
                cells += row.cells
            }
        }
        var header = Header(
            identity: (0, 0), process: 0, startedAt: 0, program: "ended", release: "-", recordsSize: records.count, cells: cells.count)
        (header.usedRecords, header.usedCells) = (records.count, cells.count)
        return header.bytes + records + cells.flatMap { Layout.bytes($0) }
    }
}
