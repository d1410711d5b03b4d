internal import Cryptography
internal import Text

/// Signs requests to an S3 server. Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
package struct S3Signer: Sendable {
    private let accessKey: String
    private let secretKey: String
    /// A token of temporary credentials; nil for lasting ones.
    private let sessionToken: String?
    private let region: String

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil, region: String) {
        (self.accessKey, self.secretKey, self.sessionToken, self.region) = (accessKey, secretKey, sessionToken, region)
    }

    /// The digest that stands for a body that is not signed, which TLS protects.
    package static let unsigned = "UNSIGNED-PAYLOAD"

    /// A request as it is signed.
    package struct Request {
        package var method: String
        package var host: String
        /// Encoded.
        package var path: String
        /// Not encoded.
        package var query: [(name: String, value: String)]
        /// All of them are signed; names in lower case.
        package var headers: [(name: String, value: String)]

        package init(
            _ method: String, host: String, path: String, query: [(name: String, value: String)] = [],
            headers: [(name: String, value: String)] = []
        ) {
            (self.method, self.host, self.path, self.query, self.headers) = (method, host, path, query, headers)
        }
    }

    /// The headers to send: those of the request, and those that sign it.
    ///
    /// - Parameters:
    ///   - digest: the SHA-256 of the body in hexadecimal, or `unsigned`.
    ///   - seconds: the time, in seconds since 1970.
    package func headers(of request: Request, digest: String, at seconds: Int) -> [(name: String, value: String)] {
        let moment = Self.moment(seconds)
        var request = request
        request.headers += [("x-amz-content-sha256", digest), ("x-amz-date", moment)]
        if let sessionToken { request.headers.append(("x-amz-security-token", sessionToken)) }
        let (signature, names) = sign(request, digest: digest, at: moment)
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope(moment)),SignedHeaders=\(names),Signature=\(signature)"
        return request.headers + [("authorization", authorization)]
    }

    /// The query of a URL that permits the request to whoever has it.
    ///
    /// - Parameter validity: in seconds, 604,800 at most.
    package func presignedQuery(of request: Request, validity: Int, at seconds: Int) -> String {
        let moment = Self.moment(seconds)
        var request = request
        request.query += [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(accessKey)/\(scope(moment))"), ("X-Amz-Date", moment),
            ("X-Amz-Expires", String(validity)),
        ]
        if let sessionToken { request.query.append(("X-Amz-Security-Token", sessionToken)) }
        request.query.append(("X-Amz-SignedHeaders", (request.headers.map(\.name) + ["host"]).sorted().joined(separator: ";")))
        let signature = sign(request, digest: Self.unsigned, at: moment).signature
        return "\(Self.canonical(request.query))&X-Amz-Signature=\(signature)"
    }

    /// The query as it is sent and signed.
    package static func canonical(_ query: [(name: String, value: String)]) -> String {
        query.map { (percentEncoded($0.name), percentEncoded($0.value)) }.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    private func sign(_ request: Request, digest: String, at moment: String) -> (signature: String, names: String) {
        let headers = (request.headers + [("host", request.host)]).sorted { $0.name < $1.name }
        let names = headers.map(\.name).joined(separator: ";")
        let lines = headers.map { "\($0.name):\(trimmed($0.value))\n" }.joined()
        let canonical = [request.method, request.path, Self.canonical(request.query), lines, names, digest].joined(separator: "\n")
        let text = ["AWS4-HMAC-SHA256", moment, scope(moment), Digest.sha256(of: canonical)].joined(separator: "\n")
        var key = Array("AWS4\(secretKey)".utf8)
        for part in [String(moment.prefix(8)), region, "s3", "aws4_request"] { key = hmacSHA256(part, key: key) }
        return (hmacSHA256(text, key: key).hexadecimal, names)
    }

    private func scope(_ moment: String) -> String { "\(moment.prefix(8))/\(region)/s3/aws4_request" }

    /// `20130524T000000Z`.
    private static func moment(_ seconds: Int) -> String {
        CivilTime(seconds: seconds).text(end: "Z").filter { $0 != "-" && $0 != ":" }
    }
}
