internal import Text

/// The locations beside those of http and https that callers may name, by the schemes of their URLs.
///
/// It is a list of what may be, not of what may not: `file:`, `filesystem:` and `swift+config:` lead to data of the service's own host or to
/// its own credentials, and have been named in many spellings (CVE-2014-9493, CVE-2015-1195).
package struct LocationSchemes: Sendable {
    /// The schemes that a site can open.
    package static let known = [
        "cinder", "rbd", "s3", "s3+http", "s3+https", "swift", "swift+http", "swift+https", "vsphere",
    ]

    /// The schemes for other services of the cloud: Nova names snapshots in a pool, Cinder names volumes.
    package var ofServices: [String]
    /// The schemes for every caller.
    package var ofUsers: [String]

    /// Makes the default: services name volumes and Ceph images.
    package init(ofServices: [String] = ["cinder", "rbd"], ofUsers: [String] = []) {
        (self.ofServices, self.ofUsers) = (ofServices, ofUsers)
    }

    /// Whether a caller may name a location. Whether a store holds it is another question.
    ///
    /// The URL must be written plainly: a credential, a fragment, or a step such as `..` in its path is refused, since another reader of the
    /// URL may take another container or object from it.
    package func mayName(_ url: String, _ caller: Caller) -> Bool {
        guard let mark = url.utf8.firstRange(of: "://".utf8) else { return false }
        let scheme = String(url[..<mark.lowerBound])
        guard Self.known.contains(scheme), ofUsers.contains(scheme) || caller.isCloudService && ofServices.contains(scheme) else {
            return false
        }
        let rest = url[mark.upperBound...]
        guard rest.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") }) else { return false }
        let path = rest.prefix { $0 != "?" }
        guard scheme == "vsphere" || path.endIndex == rest.endIndex, !rest.contains("@"), !path.isEmpty else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let plain = percentDecoded(part) else { return false }
            return plain.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
        }
    }

    /// The ids in a URL that may be those of images: every store names an image's data after it. The URL is read as it is written, and with
    /// its percent signs decoded, as stores read it.
    package static func ids(in url: String) -> [ImageID] {
        var ids: [ImageID] = []
        for text in [url, percentDecoded(url[...]) ?? url] {
            let bytes = Array(text.utf8)
            for place in 0..<max(0, bytes.count - 35) {
                let id = ImageID(String(decoding: bytes[place..<place + 36], as: UTF8.self))
                if id.isUUID, !ids.contains(id) { ids.append(id) }
            }
        }
        return ids
    }

    /// Whether a URL names data by an image's id, as every store names the image's own data.
    package static func isNamed(after image: ImageID, _ url: String) -> Bool {
        var parts = url.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false)
        if url.hasPrefix("rbd://") {
            // rbd://cluster/pool/image/snap
            guard parts.count == 6, parts.removeLast() == "snap" else { return false }
        }
        guard parts.count > 3, let name = parts.last.flatMap({ percentDecoded($0) }) else { return false }
        guard name.utf8.starts(with: image.text.utf8) else { return false }
        let rest = name.dropFirst(image.text.count)
        // This service's Swift stores put a dot and the token of the upload behind the id.
        return rest.isEmpty || url.hasPrefix("swift") && rest.first == "." && rest.dropFirst().allSatisfy(\.isHexDigit)
    }
}
