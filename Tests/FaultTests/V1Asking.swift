import TestSupport

/// The headers of a V1 client for an image with data.
let v1Headers = [
    "Content-Type": "application/octet-stream", "x-image-meta-disk-format": "raw", "x-image-meta-container-format": "bare",
]

extension TestGlance {
    /// Begins an upload by V1, to an existing image or a new one with a name, and sends its first bytes.
    func beginV1Upload(to id: String? = nil, named name: String = "image", length: Int, sending data: [UInt8]) throws -> HTTPConnection {
        let connection = try HTTPConnection(port: port)
        let path = id.map { "/v1/images/\($0)" } ?? "/v1/images"
        let headers = v1Headers.merging(["x-image-meta-name": name]) { $1 }
        try connection.send(head(id == nil ? "POST" : "PUT", path, .alice, headers, length: length))
        try connection.send(data)
        return connection
    }

    /// The status in the database, without API and registry.
    func recordedStatus(of id: String) throws -> String? { try rows("SELECT status FROM images WHERE id = '\(id)'").first?[0] }

    /// The id of the only image with a name.
    func id(named name: String) throws -> String? { try rows("SELECT id FROM images WHERE name = '\(name)'").first?[0] }

    /// Whether the store has neither complete nor incomplete bytes of an image.
    func hasNoBytes(of id: String) throws -> Bool {
        try !storedFiles().contains(id) && !incomingFiles().contains { $0.hasPrefix(id) }
    }

    func uploadsUnderWay(of id: String) throws -> Int {
        Int(try rows("SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_uploads WHERE image_id = '\(id)'")[0][0] ?? "") ?? -1
    }
}
