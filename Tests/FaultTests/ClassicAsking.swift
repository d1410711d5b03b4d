import TestSupport

/// What a V1 client says of an image that it brings.
let classicHeaders = [
    "Content-Type": "application/octet-stream", "x-image-meta-disk-format": "raw", "x-image-meta-container-format": "bare",
]

extension TestGlance {
    /// Begins an upload by V1, to an image that is there or a new one of a name, and sends the first of its bytes.
    func beginClassicUpload(to id: String? = nil, named name: String = "image", length: Int, sending data: [UInt8]) throws -> HTTPConnection
    {
        let connection = try HTTPConnection(port: port)
        let path = id.map { "/v1/images/\($0)" } ?? "/v1/images"
        let headers = classicHeaders.merging(["x-image-meta-name": name]) { $1 }
        try connection.send(head(id == nil ? "POST" : "PUT", path, .alice, headers, length: length))
        try connection.send(data)
        return connection
    }

    /// The status in the database, where neither API nor registry has a say.
    func recordedStatus(of id: String) throws -> String? { try rows("SELECT status FROM images WHERE id = '\(id)'").first?[0] }

    /// The id of the only image of a name.
    func id(named name: String) throws -> String? { try rows("SELECT id FROM images WHERE name = '\(name)'").first?[0] }

    /// Whether neither whole nor unfinished bytes of an image lie in the store.
    func hasNoBytes(of id: String) throws -> Bool {
        try !storedFiles().contains(id) && !incomingFiles().contains { $0.hasPrefix(id) }
    }

    func uploadsUnderWay(of id: String) throws -> Int {
        Int(try rows("SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_uploads WHERE image_id = '\(id)'")[0][0] ?? "") ?? -1
    }
}
