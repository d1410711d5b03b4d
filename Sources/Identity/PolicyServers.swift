package import Domain
package import HTTPClient
internal import JSONDocument
package import Logging
internal import Text
package import Threading

/// External servers that policy rules ask by HTTP. A server gets the rule, the target and the caller, and answers `True`; every other
/// answer denies.
///
/// A server that does not answer in time, breaks off or answers 5xx has not denied: the request fails as with an unavailable service (503).
/// Source: oslo.policy, `_external.py`, where this is an exception, and the answer is 500.
package struct PolicyServers: RemotePolicy {
    /// The settings of the requests.
    package struct Settings: Sendable {
        /// The content type of a question.
        package enum ContentType: String, Sendable, CaseIterable {
            case form = "application/x-www-form-urlencoded"
            case json = "application/json"
        }

        /// The content type of a question.
        package var contentType = ContentType.form
        /// The time limit of an answer in seconds.
        package var patience = 60.0
        /// The settings of TLS.
        package var trust = TLSSettings()

        /// Makes default settings.
        package init() {}
    }

    private let settings: Settings
    private let client: HTTPClient
    private let bulkhead: Bulkhead?
    private let logger: Logger

    /// The largest size of an answer in bytes.
    private static let longestAnswer = 64 * 1024

    package init(_ settings: Settings, bulkhead: Bulkhead?, logger: Logger) {
        (self.settings, self.bulkhead, self.logger) = (settings, bulkhead, logger)
        client = HTTPClient(timeouts: .init(connect: min(5, settings.patience), exchange: settings.patience), trust: settings.trust)
    }

    package func lets(_ question: PolicyQuestion) throws(Fault) -> Bool {
        try bulkhead.run(orElse: .overloaded("The policy's server")) { () throws(Fault) in
            do throws(HTTPClientError) {
                let reply = try client.send(
                    "POST", question.url, headers: [("Content-Type", settings.contentType.rawValue)], body: body(of: question),
                    longest: Self.longestAnswer)
                guard reply.status < 500 else { throw HTTPClientError(.broken, "it answers \(reply.status)", mayHaveArrived: true) }
                return Self.isYes(reply.body) && reply.status < 300
            } catch {
                logger.error("the rule '\(question.rule)' is not decided: \(Self.server(question.url)): \(error.message)")
                throw Fault(
                    .unavailable, "Whether this is allowed cannot be found out now.",
                    cause: Trouble(description: "the policy's server \(Self.server(question.url)): \(error.message)"))
            }
        }
    }

    private static func isYes(_ body: [UInt8]) -> Bool {
        let quote = UInt8(ascii: "\"")
        let text = body.drop { $0 == quote }
        return text.prefix(text.count - text.reversed().prefix { $0 == quote }.count).elementsEqual("True".utf8)
    }

    /// Scheme, host and port. The path is left out of logs and answers, since it may hold a secret.
    private static func server(_ url: String) -> String {
        let url = FetchURL.withoutUser(url)
        guard let mark = url.firstRange(of: "://") else { return url }
        return String(url[..<mark.upperBound] + url[mark.upperBound...].prefix { !"/?#".contains($0) })
    }

    private func body(of question: PolicyQuestion) -> [UInt8] {
        let (rule, target, credentials) = (JSON.string(question.rule), JSON.object(question.target), JSON.object(question.credentials))
        switch settings.contentType {
        case .json: return JSON.object(["rule": rule, "target": target, "credentials": credentials]).text
        case .form:
            let fields = [("rule", rule), ("target", target), ("credentials", credentials)].map { name, value in
                "\(name)=" + percentEncoded(String(decoding: value.text, as: UTF8.self)).replacing("%20", with: "+")
            }
            return Array(fields.joined(separator: "&").utf8)
        }
    }
}
