package import HTTP

/// Decides the base of links in answers: version documents, `Location`.
package enum PublicAddress: Sendable {
    /// The address that the operator set in `public_endpoint`, whatever the request says.
    case fixed(BaseURL)
    /// The address at which the web server was reached.
    case asReached
    /// The address at which the first proxy was reached, from the request's headers. Any client can send these headers, so this is only
    /// for services that are reached through a proxy alone.
    case asProxiesSay

    func baseURL(of request: Request) -> BaseURL {
        switch self {
        case .fixed(let baseURL): return baseURL
        case .asReached: return request.baseURL
        case .asProxiesSay: return Self.told(by: request.headers, over: request.baseURL)
        }
    }

    /// The address in `Forwarded`, else in `X-Forwarded-Proto` and `-Host`; `X-Forwarded-Prefix` goes before the service's own prefix.
    /// With several proxies the first one counts, because the client spoke to it. A value that is not valid in a link is ignored.
    ///
    /// Source: oslo.middleware, `http_proxy_to_wsgi`; RFC 7239. Unlike there, a value is only taken if it is a scheme, a host or a path;
    /// a list in `X-Forwarded-…` is parsed as a list; and a host may be quoted, which RFC 7239 requires for a host with a port.
    private static func told(by headers: Headers, over reached: BaseURL) -> BaseURL {
        var baseURL = reached
        let (scheme, host) =
            if let forwarded = headers["Forwarded"], !forwarded.isEmpty {
                firstProxy(of: forwarded)
            } else {
                (first(of: headers["X-Forwarded-Proto"]), first(of: headers["X-Forwarded-Host"]))
            }
        if let scheme = scheme?.lowercased(), scheme == "http" || scheme == "https" { baseURL.scheme = scheme }
        if let host, BaseURL.isHost(host) { baseURL.host = host }
        if var prefix = first(of: headers["X-Forwarded-Prefix"]) {
            if prefix.hasSuffix("/") { prefix.removeLast() }
            if BaseURL.isPrefix(prefix) { baseURL.prefix = prefix + baseURL.prefix }
        }
        return baseURL
    }

    private static func first(of list: String?) -> String? {
        list?.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false).first.map { String(withoutBlanks($0)) }
    }

    /// The `proto` and `host` of the first element: `for=192.0.2.60;proto=https;host="cloud.example:9292", for=…`.
    private static func firstProxy(of forwarded: String) -> (scheme: String?, host: String?) {
        var (scheme, host): (String?, String?)
        var rest = forwarded[...]
        while !rest.isEmpty {
            let name = rest.prefix { !"=;,".contains($0) }
            rest = rest[name.endIndex...]
            var value = ""
            if rest.first == "=" { value = takeValue(from: &rest) }
            switch withoutBlanks(name).lowercased() {
            case "proto": scheme = scheme ?? value
            case "host": host = host ?? value
            default: break
            }
            guard rest.popFirst() == ";" else { break }
        }
        return (scheme, host)
    }

    /// Takes a token or a quoted text behind `=`, and skips to the next separator.
    private static func takeValue(from rest: inout Substring) -> String {
        rest.removeFirst()
        guard rest.first == "\"" else {
            let value = rest.prefix { !";,".contains($0) }
            rest = rest[value.endIndex...]
            return String(withoutBlanks(value))
        }
        rest.removeFirst()
        var value = ""
        while let character = rest.popFirst() {
            if character == "\"" {
                rest = rest.drop { !";,".contains($0) }
                return value
            }
            if character == "\\", let escaped = rest.popFirst() { value.append(escaped) } else { value.append(character) }
        }
        // The quoted text has no end.
        return ""
    }

    private static func withoutBlanks(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return start[..<(start.lastIndex { $0 != " " && $0 != "\t" }.map { start.index(after: $0) } ?? start.startIndex)]
    }
}
