internal import Domain
internal import HTTPClient

/// What an S3 server said instead of doing what it was asked for, for the log.
struct S3Trouble: Error, CustomStringConvertible {
    let status: Int
    /// The server's word, such as `NoSuchKey`; empty if it has none (an answer to HEAD).
    let code: String

    init(status: Int, code: String) { (self.status, self.code) = (status, code) }

    init(_ reply: HTTPClient.Reply) { self.init(status: reply.status, body: reply.body) }

    init(status: Int, body: [UInt8]) {
        let said = XMLElement(parsing: body)
        self.init(status: status, code: String((said?.name == "Error" ? said?["Code"] ?? "" : "").prefix(80)))
    }

    var description: String { code.isEmpty ? "the S3 server answers with status \(status)" : "the S3 server says \(code) (\(status))" }

    /// Whether the same request may succeed in a moment. Source: Amazon S3 API Reference, "Error responses".
    var isPassing: Bool {
        switch status {
        case 429, 500, 502, 503, 504: !isFull
        // The last three are in the body of an answer that began with 200.
        default:
            [
                "RequestTimeout", "OperationAborted", "ConditionalRequestConflict", "InternalError", "SlowDown", "ServiceUnavailable",
            ].contains(code)
        }
    }

    var isMissingBucket: Bool { code == "NoSuchBucket" }

    /// Source: RGW (QuotaExceeded), MinIO (XMinioStorageFull), RFC 4918 (507).
    private var isFull: Bool {
        status == 507 || ["QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "EntityTooLarge", "TooManyParts"].contains(code)
    }

    /// The fault that clients are told: it names the store, and no address, bucket or key.
    func fault(of store: String) -> Fault {
        if isFull { return Fault(.tooLarge, "There is not enough space in the store '\(store)'.", cause: self) }
        let reason =
            switch code {
            case "NoSuchBucket": "its bucket does not exist"
            case "RequestTimeTooSkewed": "the clocks of the store and of this service differ by more than it accepts; set them right"
            case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity", "AuthFailure":
                "it does not accept this service's key"
            case "ExpiredToken", "InvalidToken", "TokenRefreshRequired": "this service's session token has expired or is not valid"
            case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "TemporaryRedirect":
                "its bucket is in another region than the configured one"
            case "AccessDenied", "AllAccessDisabled", "AccountProblem": "its key lacks a right that this service needs"
            default:
                switch status {
                case 301, 302, 307, 308: "its bucket is in another region than the configured one"
                case 401, 403: "it does not accept this service's key, or the key lacks a right"
                default: "it does not do what this service asks for"
                }
            }
        return Fault(.unavailable, "The store '\(store)' cannot be used now: \(reason).", cause: self)
    }
}

extension Fault {
    /// The fault for a request that brought no whole answer.
    static func s3(_ error: HTTPClientError, _ store: String) -> Fault {
        let reason =
            switch error.kind {
            case .untrusted: "its certificate does not prove that it is the configured host"
            case .timedOut, .tooSlow: "it does not answer in time"
            case .proxyAway: "the proxy that leads to it cannot be reached"
            case .unreachable: "it cannot be reached"
            default: "its answer broke off"
            }
        return Fault(.unavailable, "The store '\(store)' cannot be used now: \(reason).", cause: error)
    }
}
