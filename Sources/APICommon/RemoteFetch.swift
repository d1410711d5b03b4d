package import Domain
package import HTTP

/// What nginx needs to fetch an image's data from a store's server, in headers that nginx keeps to itself
/// (`nginx/glance-remote-fields.conf`). The values hold a signature or a token, so they are not logged.
package struct RemoteFetch {
    /// The internal location, with the image and its data's digest, by which nginx's cache tells data apart.
    package let internalPath: String
    /// The headers, each of which can be written.
    package let fields: [Headers.Field]

    /// - Parameters:
    ///   - image: whose data it is.
    ///   - range: the first and the last byte that are wanted; nil for all.
    /// - Returns: nil if nginx cannot fetch the data.
    init?(_ data: RemoteData, of image: Image, range: ClosedRange<Int64>?) {
        guard let place = data.internalPath, let url = RemoteURL(data.url), Self.isPlain(image.id.text),
            let address = data.address.flatMap({ NetworkAddress($0) }) ?? url.address,
            // nginx does not compare the addresses that a certificate is for.
            url.scheme == "http" || url.address == nil,
            [data.token, data.tag].allSatisfy({ $0?.utf8.allSatisfy { 0x21...0x7E ~= $0 } != false })
        else { return nil }
        let digest = image.hash?.value ?? image.checksum ?? ""
        internalPath = "\(place)/\(image.id)/\(Self.isPlain(digest) ? digest : "-")"
        var fields: [Headers.Field] = [
            ("X-Vitrine-Source", url.at(address)), ("X-Vitrine-Source-Host", url.authority), ("X-Vitrine-Source-Name", url.host),
        ]
        if let token = data.token { fields.append(("X-Vitrine-Source-Token", token)) }
        if let tag = data.tag { fields.append(("X-Vitrine-Source-Match", tag)) }
        if let range { fields.append(("X-Vitrine-Source-Range", "bytes=\(range.lowerBound)-\(range.upperBound)")) }
        self.fields = fields
    }

    /// Whether a text can stand in a path as it is.
    private static func isPlain(_ text: String) -> Bool {
        1...128 ~= text.utf8.count && text != "-"
            && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || $0 == UInt8(ascii: "-") }
    }
}

extension Call {
    /// What nginx needs to fetch data; nil if a worker must send it: the data is on no server that nginx asks, nginx could not fetch it
    /// (this is its second request for the same answer), the cache of the node is to be filled with it, or nginx would judge a condition
    /// otherwise. For HEAD, a worker knows all.
    ///
    /// - Parameter range: the first and the last byte that are wanted; nil for all.
    package func fetch(_ bytes: Blob, of image: Image, range: ClosedRange<Int64>? = nil) -> RemoteFetch? {
        guard nginxMayFetch, range != nil || bytes.openWhole == nil else { return nil }
        return bytes.remote.flatMap { RemoteFetch($0, of: image, range: range) }
    }

    /// Whether nginx fetches what a store's server has, if it fetches only data that have not changed since the server described them.
    package var nginxFetchesByTag: Bool { nginxMayFetch && request.fetchesByTag }

    private var nginxMayFetch: Bool {
        request.method == .GET && request.failedFetch == nil && !hasConditionThatNginxRefuses
            // Of data from its cache by slices, nginx 1.22 sends too much for If-Range.
            && request.headers["If-Range"] == nil
    }
}
