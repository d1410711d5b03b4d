internal import Cryptography
internal import Domain
internal import JSONDocument
internal import MariaDB

/// The form of location URLs in the database: plain, or encrypted as Glance does it if `[DEFAULT] metadata_encryption_key` is set.
///
/// Each encryption of a text gives another result, so SQL cannot compare them: rows are read, and compared here. Texts that were written
/// before the key was set stay plain and readable: they contain a colon, which encrypted texts do not.
struct LocationColumn: Sendable {
    /// Nil if URLs are not encrypted.
    let cipher: TextCipher?

    /// The column's text for a URL.
    func text(for url: String) -> String { cipher?.encrypt(url) ?? url }

    /// The URL in a column's text. A text that cannot be decrypted is returned as it is; it is no URL, so no store reads it.
    func url(of text: String) -> String {
        guard let cipher, !Self.isURL(text), let url = cipher.decrypt(text), Self.isURL(url) else { return text }
        return url
    }

    /// - Returns: false for a text that was encrypted with another key.
    func canRead(_ text: String) -> Bool { cipher == nil || Self.isURL(url(of: text)) }

    private static func isURL(_ text: String) -> Bool { text.utf8.firstRange(of: "://".utf8) != nil }

    func read(_ image: inout Image) {
        guard cipher != nil else { return }
        image.locations = image.locations.map { ImageLocation(url: url(of: $0.url), metadata: $0.metadata) }
    }

    /// The same for many images, whose array is not even copied without a key.
    func read(_ images: inout [Image]) {
        guard cipher != nil else { return }
        for place in images.indices { read(&images[place]) }
    }

    /// The row of an image's existing location.
    func row(of location: ImageLocation, of id: ImageID, on connection: Connection) throws -> Int64? {
        try connection.all(Self.rows, .text(id.text)).first { row in
            url(of: row.value).isSame(as: location.url) && row.metadata.isSame(as: location.metadata)
        }?.number
    }

    private static let rows = Query(
        """
        SELECT id, value, COALESCE(meta_data, '{}')
          FROM image_locations FORCE INDEX (ix_image_locations_image_id)
         WHERE image_id = ? AND deleted = 0
         ORDER BY id
        """
    ) { row throws(MariaDBError) in (number: try row.int(0), value: try row.text(1), metadata: try row.text(2)) }
}
