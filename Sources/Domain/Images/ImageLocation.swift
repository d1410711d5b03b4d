package import JSONDocument

/// Where an image's bytes lie.
package struct ImageLocation: Sendable, Equatable {
    package let url: String
    /// JSON, as its column holds it; names the store under `store`.
    package let metadata: String

    package init(url: String, metadata: String = "{}") {
        self.url = url
        self.metadata = metadata
    }

    /// The same place, of which the same is said in the same words: a path, a host and a password know case and every letter.
    package static func == (one: ImageLocation, other: ImageLocation) -> Bool {
        one.url.isSame(as: other.url) && one.metadata.isSame(as: other.metadata)
    }

    /// The store that the metadata names; nil where they name none.
    package var store: String? { fields["store"]?.string }

    /// The same location, labelled as one in a store.
    package func labelled(_ store: String) -> ImageLocation {
        var fields = fields
        fields["store"] = .string(store)
        return ImageLocation(url: url, metadata: String(decoding: JSON.object(fields).text, as: UTF8.self))
    }

    /// Whether it is the same place, of which the same is said, in whatever order.
    package func isSame(as other: ImageLocation) -> Bool {
        let (fields, others) = (fields, other.fields)
        return url.isSame(as: other.url) && fields.keys.count == others.keys.count && fields.keys.allSatisfy { fields[$0] == others[$0] }
    }

    /// What is said of it; nothing, where somebody wrote what is no object.
    package var fields: JSONObject { (try? JSON(parsing: Array(metadata.utf8)))?.object ?? [:] }

    /// The URL as people may see it: a user and a password that it holds show as `***`. Hazard A-50.
    package var shownURL: String { FetchURL.withoutUser(url) }
}
