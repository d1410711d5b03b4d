import Foundation
import TestSupport

/// An image's row, for tests that need rows of any age.
struct ReportImage {
    var id = UUID().uuidString.lowercased()
    var name: String? = "image"
    var owner: String? = "acme"
    var size: Int64?
    var status = "active"
    var created: Int
    var deleted: Int?

    /// `2026-11-23 08:07:00`, of seconds since 1970.
    static func text(_ seconds: Int) -> String {
        let style = Date.ISO8601FormatStyle(timeZone: .gmt).year().month().day().dateTimeSeparator(.space).time(
            includingFractionalSeconds: false)
        return Date(timeIntervalSince1970: Double(seconds)).formatted(style)
    }

    fileprivate var row: String {
        func quoted(_ text: String?) -> String {
            text.map { "'\($0.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "''"))'" } ?? "NULL"
        }
        return """
            (\(quoted(id)), \(quoted(name)), \(size.map(String.init) ?? "NULL"), \(quoted(status)), '\(Self.text(created))', \
            \(deleted.map { "'\(Self.text($0))'" } ?? "NULL"), \(deleted == nil ? 0 : 1), \(quoted(owner)), 0, 0)
            """
    }
}

extension ReportDatabase {
    /// Adds images, as SQL that a Glance could have run.
    func add(_ images: [ReportImage]) throws {
        for start in stride(from: 0, to: images.count, by: 500) {
            let rows = images[start..<min(start + 500, images.count)].map(\.row).joined(separator: ",\n")
            try execute(
                "INSERT INTO images (id, name, size, status, created_at, deleted_at, deleted, owner, min_disk, min_ram) VALUES \(rows)")
        }
    }

    /// Runs `glance-manage` with words that are known at run time.
    func manage(_ words: [String]) throws -> Command {
        try Command("\(TestGlance.programs)/glance-manage", words, environment: environment)
    }

    /// The environment of a program that uses this database.
    var environment: [String: String] { ["OS_DATABASE__CONNECTION": server.url(of: name), "PATH": "/usr/bin:/bin"] }
}
