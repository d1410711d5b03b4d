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

    /// A new location in a store; nil for a single store without a name.
    package init(url: String, in store: String?) {
        let bare = ImageLocation(url: url)
        self = store.map(bare.labelled) ?? bare
    }

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

    /// The URL for display: a user and a password in it are replaced by `***`. The keys that older releases of Glance wrote into locations
    /// of S3 are left out, as the present one writes them. A secret of S3 or Swift may contain slashes: neither driver encodes them.
    package var shownURL: String {
        let (ofS3, ofSwift) = (["s3://", "s3+http://", "s3+https://"], ["swift://", "swift+http://", "swift+https://"])
        guard let start = (ofS3 + ofSwift).first(where: { url.utf8.starts(with: $0.utf8) }),
            let mark = url.utf8.lastIndex(of: UInt8(ascii: "@"))
        else { return FetchURL.withoutUser(url) }
        return start + (ofSwift.contains(start) ? "***@" : "") + url[url.utf8.index(after: mark)...]
    }
}
