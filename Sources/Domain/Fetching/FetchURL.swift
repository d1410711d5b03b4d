internal import Text

/// A URL to be fetched, parsed so strictly that no other parser can find another host or port in it.
///
/// Source: RFC 3986, without what browsers, resolvers and libraries read in different ways: hosts that are numbers
/// (`2130706433`, `127.1`, `0x7f.1`), percent signs and non-ASCII letters in a host, zones of IPv6, two `@`, `\`, an empty port.
package struct FetchURL: Equatable, Sendable {
    package enum Host: Hashable, Sendable {
        /// In lower case, without a dot at its end.
        case name(String)
        case address(NetworkAddress)
    }

    /// In lower case.
    package let scheme: String
    package let host: Host
    /// The port as written, or the scheme's default; nil for a scheme that has none.
    package let port: Int?

    /// The longest URL in bytes; signed URLs of object stores have about 2,000.
    package static let longest = 4096

    package init(_ text: String) throws(FetchRefusal) {
        guard text.utf8.count <= Self.longest else { throw FetchRefusal("longer than \(Self.longest) bytes") }
        guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") }) else {
            throw FetchRefusal("a control character, a blank, a backslash, or a letter beyond ASCII")
        }
        guard let end = text.firstRange(of: "://"), Self.isScheme(text[..<end.lowerBound]) else { throw FetchRefusal("no scheme") }
        scheme = text[..<end.lowerBound].lowercased()
        let authority = text[end.upperBound...].prefix { !"/?#".contains($0) }
        // In path and query a lone percent sign stands for itself, as in browsers.
        guard Self.hasWholeEscapes(authority) else { throw FetchRefusal("a percent sign without two digits") }

        let parts = authority.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let place = parts.last else { throw FetchRefusal("two @") }
        if parts.count == 2 { try Self.check(user: parts[0]) }
        let (host, port) = try Self.split(place)
        self.host = try Host(host)
        self.port = try port.map { digits throws(FetchRefusal) in try Self.port(digits) } ?? Self.usualPorts[scheme]
    }

    /// The URL with its user and password replaced, for readers who must not know them.
    package static func withoutUser(_ text: String) -> String {
        guard let mark = text.firstRange(of: "://") else { return text }
        let authority = text[mark.upperBound...].prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return text }
        return text[..<mark.upperBound] + "***@" + text[text.index(after: at)...]
    }

    private static let usualPorts = ["http": 80, "https": 443]

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.first, first.isLetter else { return false }
        return text.allSatisfy { $0.isLetter || $0.isNumber || "+-.".contains($0) }
    }

    private static func hasWholeEscapes(_ text: Substring) -> Bool {
        text.split(separator: "%", omittingEmptySubsequences: false).dropFirst().allSatisfy {
            $0.count >= 2 && $0.prefix(2).allSatisfy(\.isHexDigit)
        }
    }

    /// User and password become part of a header, so they must not contain a line end.
    private static func check(user: Substring) throws(FetchRefusal) {
        let isPlain = user.allSatisfy { $0.isLetter || $0.isNumber || "-._~!$&'()*+,;=:%".contains($0) }
        guard isPlain, percentDecodedBytes(user).allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw FetchRefusal("a character in the user or password that none may have")
        }
    }

    private static func split(_ place: Substring) throws(FetchRefusal) -> (host: Substring, port: Substring?) {
        let end: Substring.Index
        if place.first == "[" {
            guard let bracket = place.firstIndex(of: "]") else { throw FetchRefusal("no ] behind [") }
            end = place.index(after: bracket)
        } else {
            end = place.firstIndex(of: ":") ?? place.endIndex
        }
        let rest = place[end...]
        guard rest.isEmpty || rest.first == ":" else { throw FetchRefusal("something between ] and the port") }
        return (place[..<end], rest.isEmpty ? nil : rest.dropFirst())
    }

    private static func port(_ digits: Substring) throws(FetchRefusal) -> Int {
        guard 1...5 ~= digits.utf8.count, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), digits.first != "0", let port = Int(digits),
            port <= 65_535
        else { throw FetchRefusal("a port that is none") }
        return port
    }
}

extension FetchURL.Host: CustomStringConvertible {
    package var description: String {
        switch self {
        case .name(let name): name
        case .address(let address): address.description
        }
    }
}

extension FetchURL.Host {
    /// - Parameter text: a name, an IPv4 address of four decimal numbers, or an IPv6 address in brackets.
    init(_ text: Substring) throws(FetchRefusal) {
        if text.first == "[" {
            guard text.last == "]", let address = NetworkAddress(text.dropFirst().dropLast()), address.bytes.count == 16 else {
                throw FetchRefusal("no IPv6 address in brackets")
            }
            self = .address(address)
            return
        }
        if let address = NetworkAddress(text), address.bytes.count == 4 {
            self = .address(address)
            return
        }
        let name = (text.last == "." ? text.dropLast() : text).lowercased()
        guard !name.isEmpty else { throw FetchRefusal("no host") }
        guard name.utf8.count <= 253 else { throw FetchRefusal("a host longer than 253 characters") }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy(Self.isLabel) else { throw FetchRefusal("a host that is no name") }
        // Some parsers take a host that ends in a number for an address, in any base: WHATWG URL, "ends in a number checker".
        guard let last = labels.last, !last.allSatisfy(\.isNumber), !last.hasPrefix("0x") else {
            throw FetchRefusal("a host in the form of a number")
        }
        self = .name(name)
    }

    private static func isLabel(_ label: Substring) -> Bool {
        1...63 ~= label.utf8.count && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }
}

/// The reason why a URL is not fetched. It goes to the log; the client gets one text for all reasons, unless a source redirected to the
/// URL.
package struct FetchRefusal: Error, CustomStringConvertible {
    package let description: String
    /// The reason without the host, for messages about a refused redirect.
    package let shown: String

    init(_ description: String, shown: String? = nil) { (self.description, self.shown) = (description, shown ?? description) }
}
