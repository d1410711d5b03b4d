import Cryptography
import Domain
import Foundation
import TestSupport

/// A site with many images in two file stores, made without the service: rows by SQL, files by hand. Ten thousand take seconds.
final class FullSite: Sendable {
    let glance: TestGlance
    /// The images that a test may damage, in the order of their ids. Their files lie in `fast`.
    let images: [MadeImage]

    /// An image with its data.
    struct MadeImage: Sendable {
        let id: String
        let data: [UInt8]
        let format: String
        let checksum: String
        let hash: String

        init(id: String = newID(), _ data: [UInt8], format: String = "raw") {
            (self.id, self.data, self.format) = (id, data, format)
            checksum = digest("md5", of: data)
            hash = digest("sha512", of: data)
        }
    }

    /// - Parameters:
    ///   - count: the images, of which every tenth lies in the store `cheap`.
    ///   - options: further lines of the configuration.
    ///   - size: the length of each image; nil for some hundred bytes.
    init(_ count: Int, _ options: [String: String] = [:], size: Int? = nil, runsTasks: Bool = false) throws {
        let options = options.merging(["DEFAULT": "enabled_backends = fast:file,cheap:file,web:http"]) { "\($0)\n\($1)" }
        let cache = "\(TestFolder.root)/cache-\(UInt32.random(in: 0 ... .max))"
        glance = try TestGlance(options, workers: 1, stores: ["fast", "cheap"], cacheFolder: cache, runsTasks: runsTasks)
        cacheFolder = cache
        for folder in ["fast/.incoming", "cheap/.incoming", "staging/.incoming"] {
            try FileManager.default.createDirectory(atPath: "\(glance.folder)/\(folder)", withIntermediateDirectories: true)
        }
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        images = (0..<count).map { number in
            // Some are not of the raw format, so that formats are judged too.
            if size == nil, number % 50 == 7 {
                return MadeImage(Made.qcow2.setting(little: UInt64(number), at: 512).all, format: "qcow2")
            }
            return MadeImage(someData(size ?? 200 + number % 700))
        }.sorted { $0.id < $1.id }
        for start in stride(from: 0, to: count, by: 500) {
            let some = Array(images.enumerated())[start..<min(start + 500, count)]
            try insert(some.map { ($1, Self.store(of: $0)) })
        }
        for (number, image) in images.enumerated() { try write(image.data, to: path(of: image.id, in: Self.store(of: number))) }
    }

    let cacheFolder: String

    private static func store(of number: Int) -> String { number % 10 == 9 ? "cheap" : "fast" }

    func path(of id: String, in store: String = "fast") -> String { "\(glance.folder)/\(store)/\(id)" }
    func url(of id: String, in store: String = "fast") -> String { "file://\(path(of: id, in: store))" }

    // MARK: rows

    /// Inserts active images, each with a location in a store; none with nil.
    func insert(_ made: [(image: MadeImage, store: String?)], status: String = "active") throws {
        guard !made.isEmpty else { return }
        let rows = made.map { image, _ in
            """
            ('\(image.id)', '\(image.id.prefix(8))', \(image.data.count), '\(status)', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 0, \
            '\(image.format)', 'bare', '\(image.checksum)', 'acme', 0, 0, 'private', 'sha512', '\(image.hash)')
            """
        }
        try glance.execute(
            """
            INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format, container_format, checksum, owner,
                                min_disk, min_ram, visibility, os_hash_algo, os_hash_value)
            VALUES \(rows.joined(separator: ","))
            """)
        try locate(made.compactMap { image, store in store.map { (image.id, url(of: image.id, in: $0), $0) } })
    }

    /// Inserts locations.
    func locate(_ places: [(id: String, url: String, store: String)]) throws {
        guard !places.isEmpty else { return }
        let rows = places.map { "('\($0.id)', '\($0.url)', '{\"store\": \"\($0.store)\"}', '2026-01-01', '2026-01-01', 0, 'active')" }
        try glance.execute(
            """
            INSERT INTO image_locations (image_id, value, meta_data, created_at, updated_at, deleted, status)
            VALUES \(rows.joined(separator: ","))
            """)
    }

    // MARK: files

    /// Writes a file that was not touched for two hours.
    func write(_ data: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Unexpected("no file \(path)") }
        defer { close(file) }
        guard Glibc.write(file, data, data.count) == data.count else { throw Unexpected("cannot write \(path)") }
        age(file)
    }

    /// Sets the times of a file to two hours ago.
    func age(_ path: String) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        age(file)
        close(file)
    }

    private func age(_ file: CInt) {
        let time = timespec(tv_sec: time(nil) - 7200, tv_nsec: 0)
        futimens(file, [time, time])
    }

    // MARK: commands

    /// Runs `glance-manage store …`.
    func store(_ words: String..., limit: Double = 580) throws -> Command {
        try Command(TestGlance.programs + "glance-manage", ["store"] + words + ["--config-file", glance.configurationFile], limit: limit)
    }
}

/// A random id.
func newID() -> String { ImageID.random(using: &generator).text }

nonisolated(unsafe) private var generator = SystemRandomNumberGenerator()

func digest(_ algorithm: String, of data: [UInt8]) -> String {
    let digest = Digest(algorithm)!
    data.withUnsafeBytes { digest.update($0) }
    return digest.finish()
}

extension TestGlance {
    /// The log of `glance-tasks`.
    var tasksLog: String {
        get throws { try String(contentsOfFile: "\(folder)/log/glance-tasks.log", encoding: .utf8) }
    }
}
