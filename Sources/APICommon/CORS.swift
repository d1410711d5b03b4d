internal import HTTP

/// Cross-origin resource sharing: decides which web sites' scripts may call the API from a browser and read its answers.
///
/// Source: oslo.middleware, `cors`; the Fetch standard, "HTTP CORS protocol". Two differences from oslo.middleware: every answer
/// that depends on `Origin` says so in `Vary`, also for requests without `Origin`; and an origin that only `*` admits never gets
/// `Access-Control-Allow-Credentials`, because browsers reject the two together.
package struct CORS: Sendable {
    /// The permissions of one origin; the options of `[cors]`.
    package struct Rules: Sendable {
        /// `allow_credentials`: whether browsers may send cookies and certificates. Tokens in headers do not count as credentials.
        package var allowsCredentials: Bool
        /// `expose_headers`: headers of an answer that scripts may read.
        package var exposedHeaders: [String]
        /// `max_age`: seconds that a browser may cache the answer to a preflight; with 0 the header is left out and the browser decides.
        package var maxAge: Int
        /// `allow_methods`: methods that scripts may use.
        package var methods: [String]
        /// `allow_headers`: headers that scripts may send, besides the ones that are always allowed.
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
    /// False if only `*` is configured: then every origin gets the same answer.
    private let variesByOrigin: Bool

    /// Request headers that are always allowed. Source: oslo.middleware, `CORS.simple_headers`.
    private static let simpleHeaders = [
        "Accept", "Accept-Language", "Content-Type", "Cache-Control", "Content-Language", "Expires", "Last-Modified", "Pragma",
    ]

    /// - Parameter rules: by origin, such as `https://horizon.example`; `*` stands for every origin that is not named.
    package init(_ rules: [String: Rules]) {
        self.rules = rules
        variesByOrigin = rules.keys.contains { $0 != "*" }
    }

    /// Answers a preflight, the request by which a browser asks whether it may send a script's request.
    ///
    /// - Returns: nil for any other request. The answer to a refused preflight allows nothing, and the browser then stops.
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

    /// Adds the headers that let a script read an answer, if its origin may. An answer that already has such headers stays as it is.
    func mark(_ response: inout Response, to request: Request) {
        guard response.headers["Access-Control-Allow-Origin"] == nil else { return }
        if variesByOrigin { addVary(to: &response.headers) }
        guard let origin = request.headers["Origin"], let (shown, rules) = rules(for: origin) else { return }
        allow(shown, rules, in: &response.headers)
        if !rules.exposedHeaders.isEmpty {
            response.headers["Access-Control-Expose-Headers"] = rules.exposedHeaders.joined(separator: ",")
        }
    }

    /// - Returns: the origin as the answer names it, and its permissions; nil if it has none.
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
    /// HEAD is allowed wherever GET is, as in every route table.
    fileprivate func allows(method: String) -> Bool { methods.contains(method) || method == "HEAD" && methods.contains("GET") }
}
