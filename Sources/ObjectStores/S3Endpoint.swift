internal import Text

/// The S3 server of a store, its bucket, and the URLs of the objects in it.
package struct S3Endpoint: Sendable, Equatable {
    /// How a bucket is named in an address: `s3_store_bucket_url_format`.
    package enum Style: String, Sendable, CaseIterable {
        case auto, virtual, path
    }

    package let isSecure: Bool
    /// Host and port as the configuration has them, without a scheme: what stands in the URLs of locations.
    package let host: String
    package let bucket: String
    package let region: String
    /// Whether the bucket is a part of the host's name.
    package let isVirtual: Bool
    /// What requests are sent to: host and port, without the scheme's own port, since libcurl leaves that out of `Host`.
    private let authority: String
    /// A path below which the server is, without a slash at its end.
    private let base: String

    /// The reason why a server or a bucket cannot be used.
    package struct Refusal: Error, CustomStringConvertible {
        /// The part that is wrong.
        package enum Part: Sendable {
            case host, bucket, region
        }

        package let part: Part
        package let description: String

        fileprivate init(_ part: Part, _ description: String) { (self.part, self.description) = (part, description) }
    }

    /// - Parameters:
    ///   - address: a host with or without a port, or a URL of http or https. Without a scheme it is http, as for Glance.
    ///   - region: nil or empty: the one in the name of a host of Amazon, `us-east-1` otherwise.
    ///
    /// Source: glance_store, `_drivers/s3.py`, `configure_add`, `get_s3_location`; botocore, `args.py`: a server that is not Amazon's is
    /// addressed by paths unless the configuration says `virtual`.
    package init(_ address: String, bucket: String, region: String? = nil, style: Style = .auto) throws(Refusal) {
        var rest = address[...]
        isSecure = rest.lowercased().hasPrefix("https://")
        if let scheme = rest.firstRange(of: "://") {
            guard isSecure || rest[..<scheme.lowerBound].lowercased() == "http" else {
                throw Refusal(.host, "names a scheme that is not http or https")
            }
            rest = rest[scheme.upperBound...]
        }
        while rest.last == "/" { rest = rest.dropLast() }
        while rest.first == "/" { rest = rest.dropFirst() }
        host = String(rest)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash].lowercased()
        func refusal(_ reason: String) -> Refusal {
            let shown = shownAddress(address)
            return Refusal(.host, "\(shown)is not a host, a host with a port, or a URL of http or https: \(reason)")
        }
        guard host.utf8.allSatisfy({ 0x21...0x7E ~= $0 && !"@?#%\"\\<>".utf8.contains($0) }) else {
            throw refusal("it has a character that stands in no host and no plain path")
        }
        do throws(HostAndPort.Refusal) {
            _ = try HostAndPort(authority)
        } catch {
            throw refusal("\(error)")
        }
        let usual = isSecure ? ":443" : ":80"
        if authority.hasSuffix(usual) { authority.removeLast(usual.count) }
        (self.authority, base) = (authority, String(rest[slash...]))
        guard Self.isBucket(bucket) else {
            throw Refusal(.bucket, "'\(bucket)' is not the name of a bucket: 3 to 255 letters, digits, '-', '_' and '.'")
        }
        self.bucket = bucket
        let name = authority.prefix { $0 != ":" }
        let isAmazon = name.hasSuffix(".amazonaws.com") || name.hasSuffix(".amazonaws.com.cn")
        switch style {
        case .path: isVirtual = false
        case .auto: isVirtual = isAmazon && Self.isDNSName(bucket) && !(isSecure && bucket.contains("."))
        case .virtual:
            guard Self.isDNSName(bucket) else {
                throw Refusal(.bucket, "the bucket '\(bucket)' cannot be a part of a host's name; choose another format")
            }
            isVirtual = true
        }
        self.region = region.flatMap { $0.isEmpty ? nil : $0 } ?? (isAmazon ? Self.region(in: name) : nil) ?? "us-east-1"
        guard self.region.utf8.allSatisfy({ Self.isAlphanumeric($0) || "-_.".utf8.contains($0) }) else {
            throw Refusal(.region, "'\(self.region)' is not the name of a region")
        }
    }

    /// The region in `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1.amazonaws.com` or `s3.dualstack.eu-west-1.amazonaws.com`.
    private static func region(in host: Substring) -> String? {
        let labels = host.split(separator: ".").map(String.init)
        guard let first = labels.first, let end = labels.firstIndex(of: "amazonaws") else { return nil }
        if first.hasPrefix("s3-") { return String(first.dropFirst(3)) }
        return end > 1 && first == "s3" ? labels[end - 1] : nil
    }

    /// Whether a text may be a bucket's name, also an old one with capital letters.
    private static func isBucket(_ text: String) -> Bool {
        3...255 ~= text.utf8.count && text.first != "." && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    /// Source: S3's rules for the names of buckets; botocore, `utils.py`, `check_dns_name`.
    private static func isDNSName(_ text: String) -> Bool {
        3...63 ~= text.utf8.count && !text.contains("..") && text.utf8.first.map(isAlphanumeric) == true
            && text.utf8.last.map(isAlphanumeric) == true
            && text.utf8.allSatisfy { isAlphanumeric($0) && !(0x41...0x5A ~= $0) || "-.".utf8.contains($0) }
            && !text.split(separator: ".").allSatisfy { $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte }

    // MARK: requests

    /// The host that requests go to, with its port: the header `Host`.
    var requestHost: String { isVirtual ? "\(bucket).\(authority)" : authority }

    /// The path of an object, or of the bucket without one, as a request has it.
    func path(of key: String?) -> String {
        let place = isVirtual ? "" : "/\(bucket)"
        guard let key else { return place.isEmpty ? "\(base)/" : "\(base)\(place)" }
        let segments = key.split(separator: "/", omittingEmptySubsequences: false).map { percentEncoded(String($0)) }
        return "\(base)\(place)/\(segments.joined(separator: "/"))"
    }

    /// The URL of a request.
    ///
    /// - Parameters:
    ///   - path: as `path(of:)` gives it.
    ///   - query: encoded.
    func url(_ path: String, query: String) -> String {
        "\(isSecure ? "https" : "http")://\(requestHost)\(path)\(query.isEmpty ? "" : "?\(query)")"
    }

    // MARK: locations

    /// The URL of an object as Glance's driver writes it, without credentials.
    package func location(of key: String) -> String { "\(isSecure ? "s3+https" : "s3")://\(host)/\(bucket)/\(key)" }

    /// The key of the object that a location in this bucket names; nil for any other text.
    ///
    /// Older rows have `accesskey:secretkey@` before the host, and the secret may contain slashes.
    package func key(of url: String) -> String? {
        guard let place = Self.place(of: url) else { return nil }
        let wanted = "\(host.lowercased())/\(bucket)/"
        guard let slash = place.lastIndex(of: "/") else { return nil }
        let (holder, key) = (place[...slash], place[place.index(after: slash)...])
        guard holder.lowercased() == wanted.lowercased(), holder.hasSuffix("/\(bucket)/"), Self.isKey(key) else { return nil }
        return String(key)
    }

    /// The bucket of this server, this one or another, and the key in it that a location names; nil for any other text.
    func neighbour(of url: String) -> (bucket: S3Endpoint, key: String)? {
        guard isSecure == url.utf8.starts(with: "s3+https://".utf8), let place = Self.place(of: url) else { return nil }
        let parts = place.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, let key = parts.last, Self.isKey(key) else { return nil }
        let server = "\(isSecure ? "https" : "http")://\(parts.dropLast(2).joined(separator: "/"))"
        let bucket = try? S3Endpoint(server, bucket: String(parts[parts.count - 2]), region: region, style: isVirtual ? .virtual : .path)
        guard let bucket, bucket.authority == authority, bucket.base == base else { return nil }
        return (bucket, String(key))
    }

    /// What stands behind the scheme and the credentials of a location of any S3 store; nil for any other text.
    static func place(of url: String) -> Substring? {
        for scheme in ["s3://", "s3+http://", "s3+https://"] where url.utf8.count <= 4096 && url.utf8.starts(with: scheme.utf8) {
            let rest = url.dropFirst(scheme.count)
            guard rest.firstRange(of: "://") == nil else { return nil }
            guard let mark = rest.lastIndex(of: "@") else { return rest }
            return rest[rest.index(after: mark)...]
        }
        return nil
    }

    /// Whether a text is a key that is safe in a path: one segment of visible ASCII.
    private static func isKey(_ text: Substring) -> Bool {
        1...1024 ~= text.utf8.count && text.first != "." && text.utf8.allSatisfy { 0x21...0x7E ~= $0 && !"?#%/\\".utf8.contains($0) }
    }
}
