internal import Domain
internal import Glibc
internal import HTTP
internal import JSONDocument
internal import Text

/// Answers `GET /healthcheck`, by which a load balancer learns whether to send requests here. No token is needed.
///
/// The plain form only looks at the files by which an operator takes a service out of use. The detailed form, for monitoring,
/// also checks what the service depends on: the database, the stores and the identity service.
///
/// Source: oslo.middleware, `healthcheck`, as Glance mounts it. Unlike there, the detailed form does not reveal threads, paths and what
/// runs on the host, and its JSON names the release. It names other nodes where it warns of a difference between them and this one.
package struct Healthcheck: Sendable {
    /// Files that tell whether a service is in use; the plug-ins of `backends`.
    package enum Backend: Sendable {
        /// `disable_by_file`: out of use while this file exists.
        case disabledBy(path: String)
        /// `disable_by_files_ports`: the same, for requests that arrive on one port.
        case disabledByPort([Int: String])
        /// `enable_by_files`: in use only while all these files exist.
        case enabledBy(paths: [String])

        /// `OK`, or why the service is out of use.
        func reason(port: Int?) -> String {
            func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
            return switch self {
            case .disabledBy(let path): isThere(path) ? "DISABLED BY FILE" : "OK"
            case .disabledByPort(let paths): port.flatMap { paths[$0] }.map(isThere) == true ? "DISABLED BY FILE" : "OK"
            case .enabledBy(let paths): paths.allSatisfy(isThere) ? "OK" : "FILE PATH MISSING"
            }
        }
    }

    static let path = "/healthcheck"

    private let backends: [Backend]
    /// Nil if `detailed` is off.
    private let checks: HealthChecks?
    /// What an operator should mend although this process is well, for the detailed form. It takes no time.
    private let warnings: @Sendable () -> [String]

    package init(backends: [Backend], checks: HealthChecks?, warnings: @escaping @Sendable () -> [String] = { [] }) {
        (self.backends, self.checks, self.warnings) = (backends, checks, warnings)
    }

    /// Answers a request below `/healthcheck`.
    ///
    /// - Returns: nil for any other path.
    func answer(_ request: Request) -> Response? {
        guard request.path == Self.path || request.path.hasPrefix(Self.path + "/") else { return nil }
        let reasons = backends.map { $0.reason(port: request.serverPort) }
        let format = Format.preferred(by: request.headers["Accept"])
        let wantsDetails = format == .json || request.query?["detail"] != nil
        let findings = wantsDetails ? checks?.findings() : nil
        let warnings = findings == nil ? [] : self.warnings()
        let isWell = reasons.allSatisfy { $0 == "OK" } && findings?.allSatisfy(\.isWell) ?? true
        if request.method == .HEAD { return Response(isWell ? .noContent : .serviceUnavailable) }

        let (type, text) =
            switch format {
            case .text: ("text/plain; charset=UTF-8", Self.text(reasons, findings, warnings))
            case .html: ("text/html; charset=UTF-8", Self.page(reasons, findings, warnings))
            case .json: ("application/json", Self.json(reasons, findings, warnings))
            }
        var response = Response(isWell ? .ok : .serviceUnavailable, body: .bytes(Array(text.utf8)))
        response.headers["Content-Type"] = type
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    private static func text(_ reasons: [String], _ findings: [HealthChecks.Finding]?, _ warnings: [String]) -> String {
        (reasons + (findings ?? []).map { "\($0.name): \($0.reason)" } + warnings.map { "warning: \($0)" }).joined(separator: "\n")
    }

    private static func json(_ reasons: [String], _ findings: [HealthChecks.Finding]?, _ warnings: [String]) -> String {
        var document: JSONObject = ["detailed": .bool(findings != nil), "reasons": .array(reasons.map { .string($0) })]
        if let findings {
            document["reasons"] = .array(reasons.map { ["class": "HealthcheckResult", "details": "", "reason": .string($0)] })
            document["checks"] = .array(
                findings.map {
                    let microseconds = ($0.seconds * 1_000_000).rounded()
                    return [
                        "name": .string($0.name), "ok": .bool($0.isWell), "seconds": .double(microseconds / 1_000_000),
                        "reason": .string($0.reason),
                    ]
                })
            if !warnings.isEmpty { document["warnings"] = .array(warnings.map { .string($0) }) }
            document["version"] = .string(Version.current)
        }
        return String(decoding: JSON.object(document).text, as: UTF8.self)
    }

    private static func page(_ reasons: [String], _ findings: [HealthChecks.Finding]?, _ warnings: [String]) -> String {
        let rows = text(reasons, findings, warnings).split(separator: "\n").map { "   <tr><td>\(escapedForHTML(String($0)))</td></tr>\n" }
        return """
            <html>
             <head>
              <title>Healthcheck Status</title>
             </head>
             <body>
              <h2>Result of \(rows.count) checks:</h2>
              <table border="1">
               <tr><th>Reason</th></tr>
            \(rows.joined()) </table>
             </body>
            </html>
            """
    }

    private enum Format {
        case text, html, json

        /// The format with the highest quality in `Accept`; if equal, text before HTML before JSON. Text if `Accept` is missing.
        static func preferred(by accept: String?) -> Format {
            guard let accept else { return .text }
            let ranges = Accept(accept)
            let (text, html) = (ranges.quality(of: "text", "plain"), ranges.quality(of: "text", "html"))
            let json = ranges.quality(of: "application", "json")
            if json > text && json > html { return .json }
            return html > text ? .html : .text
        }
    }
}
