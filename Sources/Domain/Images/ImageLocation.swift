package import JSONDocument

/// A URL at which an image's bytes lie.
package struct ImageLocation: Sendable, Equatable {
    package let url: String
    /// JSON as in the column; the key `store` names the store.
    package let metadata: String

    package init(url: String, metadata: String = "{}") {
        self.url = url
        self.metadata = metadata
    }

    /// Compares byte by byte, because paths, hosts and passwords are exact.
    package static func == (one: ImageLocation, other: ImageLocation) -> Bool {
        one.url.isSame(as: other.url) && one.metadata.isSame(as: other.metadata)
    }

    /// The store named in the metadata; nil without one.
    package var store: String? { fields["store"]?.string }

    /// The same location, labelled with a store.
    package func labelled(_ store: String) -> ImageLocation {
        var fields = fields
        fields["store"] = .string(store)
        return ImageLocation(url: url, metadata: String(decoding: JSON.object(fields).text, as: UTF8.self))
    }

    /// Whether URL and metadata are the same, in whatever order the metadata are written.
    package func isSame(as other: ImageLocation) -> Bool {
        let (fields, others) = (fields, other.fields)
        return url.isSame(as: other.url) && fields.keys.count == others.keys.count && fields.keys.allSatisfy { fields[$0] == others[$0] }
    }

    /// The metadata as an object; empty if the column holds something else.
    package var fields: JSONObject { (try? JSON(parsing: Array(metadata.utf8)))?.object ?? [:] }

    /// The URL for display: a user and a password in it are replaced by `***`.
    package var shownURL: String { FetchURL.withoutUser(url) }
}
