internal import HTTP

/// Which web sites' scripts may ask the API from within a browser, and read its answers (cross-origin resource sharing).
///
/// Source: oslo.middleware, `cors`; the Fetch standard, "HTTP CORS protocol". Unlike there, every answer that depends on
/// `Origin` says so in `Vary`, whoever asks; and who is let in by `*` comes without credentials: no browser takes
/// the two together.
package struct CORS: Sendable {
    /// What an origin may do; the options of `[cors]`.
    package struct Rules: Sendable {
        /// `allow_credentials`: cookies and certificates. A token in a header is none.
        package var allowsCredentials: Bool
        /// `expose_headers`: what scripts may read of an answer's header.
        package var exposedHeaders: [String]
        /// `max_age`: seconds that a browser may keep the answer to a preflight; 0 leaves that to it.
        package var maxAge: Int
        /// `allow_methods`
        package var methods: [String]
        /// `allow_headers`
        package var headers: [String]

        package init(allowsCredentials: Bool, exposedHeaders: [String], maxAge: Int, methods: [String], headers: [String]) {
            self.allowsCredentials = allowsCredentials
            self.exposedHeaders = exposedHeaders
            self.maxAge = maxAge
            self.methods = methods
            self.headers = headers
        }
    }

    private let rules: [String: Rules]
    /// Where `*` alone is let in, all get the same answer.
    private let variesByOrigin: Bool

    /// What may always stand in a request. Source: oslo.middleware, `CORS.simple_headers`.
    private static let simpleHeaders = [
        "Accept", "Accept-Language", "Content-Type", "Cache-Control", "Content-Language", "Expires", "Last-Modified", "Pragma",
    ]

    /// - Parameter rules: by origin, such as `https://horizon.example`; `*` stands for all that are not named.
    package init(_ rules: [String: Rules]) {
        self.rules = rules
        variesByOrigin = rules.keys.contains { $0 != "*" }
    }

    /// What a browser wants to know before it sends a script's request.
    ///
    /// - Returns: nil for any other request. What is refused gets an answer that allows nothing, which stops the browser.
    func answerToPreflight(_ request: Request) -> Response? {
        guard request.method.name == "OPTIONS", let origin = request.headers["Origin"],
            let method = request.headers["Access-Control-Request-Method"]
        else { return nil }
        var response = Response(.ok)
        if variesByOrigin { addVary(to: &response.headers) }
        guard let (shown, rules) = rules(for: origin), rules.allows(method: method) else { return response }
        var allowed: [String] = []
        for name in (request.headers["Access-Control-Request-Headers"] ?? "").split(separator: ",") {
            let name = name.filter { $0 != " " && $0 != "\t" }.lowercased()
            if name.isEmpty { continue }
            guard let known = (rules.headers + Self.simpleHeaders).first(where: { $0.lowercased() == name }) else { return response }
            allowed.append(known)
        }
        allow(shown, rules, in: &response.headers)
        if rules.maxAge > 0 { response.headers["Access-Control-Max-Age"] = String(rules.maxAge) }
        response.headers["Access-Control-Allow-Methods"] = method
        if !allowed.isEmpty { response.headers["Access-Control-Allow-Headers"] = allowed.joined(separator: ",") }
        return response
    }

    /// Lets a script read an answer, if its site may. An answer that speaks of that itself is left as it is.
    func mark(_ response: inout Response, to request: Request) {
        guard response.headers["Access-Control-Allow-Origin"] == nil else { return }
        if variesByOrigin { addVary(to: &response.headers) }
        guard let origin = request.headers["Origin"], let (shown, rules) = rules(for: origin) else { return }
        allow(shown, rules, in: &response.headers)
        if !rules.exposedHeaders.isEmpty {
            response.headers["Access-Control-Expose-Headers"] = rules.exposedHeaders.joined(separator: ",")
        }
    }

    /// - Returns: what the answer calls the origin, and what it may do; nil where it may nothing.
    private func rules(for origin: String) -> (shown: String, Rules)? {
        if let own = rules[origin], origin != "*" { return (origin, own) }
        return rules["*"].map { ("*", $0) }
    }

    private func allow(_ shown: String, _ rules: Rules, in headers: inout Headers) {
        headers["Access-Control-Allow-Origin"] = shown
        if rules.allowsCredentials && shown != "*" { headers["Access-Control-Allow-Credentials"] = "true" }
    }

    private func addVary(to headers: inout Headers) {
        guard let before = headers["Vary"] else { return headers["Vary"] = "Origin" }
        let names = before.split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
        if !names.contains("origin") && !names.contains("*") { headers["Vary"] = before + ", Origin" }
    }
}

extension CORS.Rules {
    /// HEAD goes wherever GET does, as in every route table.
    fileprivate func allows(method: String) -> Bool { methods.contains(method) || method == "HEAD" && methods.contains("GET") }
}
