internal import Text

/// The proxies for requests to other servers, from `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, or from
/// `http_proxy_information` of a store.
///
/// Source: Python, `urllib.request.getproxies_environment`; requests, `utils.py`; curl, "Environment". Names in `no_proxy` match at
/// their dots, as in curl; in requests, the end of a name matches too (`ample.com` matches `example.com`).
package struct Proxies: Sendable, Equatable {
    /// By scheme, or `all`.
    private var byKey: [String: Proxy] = [:]
    private var exceptions: [Exception] = []

    /// No proxies.
    package init() {}

    /// - Parameters:
    ///   - named: by scheme (`http`, `https`, `all`); `no_proxy` does not apply to them.
    ///   - environment: of the process; used for schemes that `named` does not contain.
    /// - Throws: for a kind of proxy that is not supported. The error names the variable, not its value, which may contain a password.
    package init(named: [String: String] = [:], environment: [String: String] = [:]) throws(ProxyError) {
        var known: [String: Proxy] = [:]
        for (name, value) in named { known[name.lowercased()] = try Proxy(value, at: name) }
        byKey = known
        // In a CGI program's environment `HTTP_PROXY` comes from a client's header `Proxy` (CVE-2016-5385).
        let isCGI = environment["REQUEST_METHOD"] != nil || environment["GATEWAY_INTERFACE"] != nil
        func value(_ name: String) -> (name: String, value: String)? {
            if let value = environment[name] { return (name, value) }
            if isCGI && name == "http_proxy" { return nil }
            return environment[name.uppercased()].map { (name.uppercased(), $0) }
        }
        for scheme in ["http", "https", "all"] where byKey[scheme] == nil {
            guard let (name, text) = value("\(scheme)_proxy"), !text.isEmpty else { continue }
            var proxy = try Proxy(text, at: name)
            proxy.hasExceptions = true
            byKey[scheme] = proxy
        }
        exceptions = (value("no_proxy")?.value ?? "").split { $0 == "," || $0.isWhitespace }.map { Exception($0) }
    }

    package var isEmpty: Bool { byKey.isEmpty }

    /// The proxy for a host; nil if it is connected to directly.
    ///
    /// - Parameters:
    ///   - host: in lower case; an IPv6 address without brackets.
    ///   - address: the bytes of the host, 4 or 16, if it is an address.
    package func proxy(for scheme: String, _ host: String, address: [UInt8]?, port: Int) -> Proxy? {
        guard let proxy = byKey[scheme] ?? byKey["all"] else { return nil }
        guard proxy.hasExceptions, exceptions.contains(where: { $0.matches(host, address, port) }) else { return proxy }
        return nil
    }

    /// The proxy for a URL; nil if its host is connected to directly.
    ///
    /// - Throws: `.refused` if the text is not a URL.
    package func proxy(for url: String) throws(HTTPClientError) -> Proxy? {
        let parts = try URLParts(url)
        let host = parts.host.hasSuffix(".") ? String(parts.host.dropLast()) : parts.host
        return proxy(for: parts.scheme, host, address: parts.address, port: Int(parts.port) ?? 0)
    }

    /// An entry of `no_proxy`: every host, a host and all below it, an address or a network; with a port, or for any.
    private struct Exception: Sendable, Equatable {
        var isEverything = false
        var name = ""
        var port: Int?
        var network: [UInt8]?
        var bits = 0

        init(_ text: Substring) {
            if text == "*" {
                isEverything = true
                return
            }
            var text = text.lowercased()[...]
            if let slash = text.firstIndex(of: "/"), let network = addressBytes(text[..<slash]), let bits = Int(text[slash...].dropFirst())
            {
                (self.network, self.bits) = (network, bits)
                return
            }
            if text.first == "[", let end = text.firstIndex(of: "]") {
                port = text[end...].dropFirst(2).isEmpty ? nil : Int(text[end...].dropFirst(2))
                text = text[..<end].dropFirst()
            } else if text.filter({ $0 == ":" }).count == 1, let colon = text.firstIndex(of: ":") {
                port = Int(text[colon...].dropFirst())
                text = text[..<colon]
            }
            network = addressBytes(text)
            bits = (network?.count ?? 0) * 8
            name = String(text.drop { $0 == "." || $0 == "*" })
        }

        func matches(_ host: String, _ address: [UInt8]?, _ wanted: Int) -> Bool {
            if isEverything { return true }
            guard port == nil || port == wanted else { return false }
            if let network { return address.map { isIn(network, $0) } ?? false }
            return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
        }

        private func isIn(_ network: [UInt8], _ address: [UInt8]) -> Bool {
            network.count == address.count
                && network.indices.allSatisfy { place in
                    let mask = UInt8(truncatingIfNeeded: 0xFF00 >> max(0, min(8, bits - place * 8)))
                    return address[place] & mask == network[place] & mask
                }
        }
    }
}

/// An HTTP proxy, reached with or without TLS.
package struct Proxy: Sendable, Equatable {
    /// With a scheme, and with user and password if the proxy needs them.
    let url: String
    /// Whether it comes from the environment, so that `no_proxy` applies.
    fileprivate var hasExceptions = false

    fileprivate init(_ text: String, at name: String) throws(ProxyError) {
        let url = text.contains("://") ? text : "http://\(text)"
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw ProxyError("\(name) names a proxy of the kind \(scheme); there are http and https")
        }
        do throws(HostAndPort.Refusal) {
            _ = try ServerURL(url)
        } catch {
            throw ProxyError("\(name) names a proxy by what is no address of the form http://host:port: \(error)")
        }
        guard url.utf8.allSatisfy({ $0 < 0x80 }), let place = try? URLParts(url), !place.host.isEmpty else {
            throw ProxyError("\(name) names a proxy by what libcurl takes for no URL")
        }
        self.url = url
    }

    /// Host and port, for messages.
    var place: String { (try? URLParts(url)).map { "\($0.host):\($0.port)" } ?? "" }
}

/// The reason why a proxy cannot be used.
package struct ProxyError: Error, CustomStringConvertible {
    package let description: String
    fileprivate init(_ description: String) { self.description = description }
}
