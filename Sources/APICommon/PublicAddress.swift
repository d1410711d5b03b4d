package import HTTP

/// Where links lead to: version documents, `Location`.
package enum PublicAddress: Sendable {
    /// To an address that the operator has fixed, `public_endpoint`, whatever a request says.
    case fixed(BaseURL)
    /// To where the web server was reached.
    case asReached
    /// To where the proxy farthest from here was reached, by what it says in the request's header. Anybody can say so: this is
    /// for services that are reached through a proxy alone.
    case asProxiesSay

    func baseURL(of request: Request) -> BaseURL {
        switch self {
        case .fixed(let baseURL): return baseURL
        case .asReached: return request.baseURL
        case .asProxiesSay: return Self.told(by: request.headers, over: request.baseURL)
        }
    }

    /// What `Forwarded` says, else `X-Forwarded-Proto` and `-Host`, with `X-Forwarded-Prefix` before the service's own prefix.
    /// Of several proxies the first one counts, which the client spoke to; what is not fit for a link is not said.
    ///
    /// Source: oslo.middleware, `http_proxy_to_wsgi`; RFC 7239. Unlike there, only what is a scheme, a host or a path is taken, a
    /// list in `X-Forwarded-…` is read as one, and a host may stand in quotes, as it must where it has a port.
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

    /// A token or a quoted text behind `=`, up to what parts it from the next.
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
        // It never ended.
        return ""
    }

    private static func withoutBlanks(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return start[..<(start.lastIndex { $0 != " " && $0 != "\t" }.map { start.index(after: $0) } ?? start.startIndex)]
    }
}
