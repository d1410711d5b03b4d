package import Domain
package import HTTP
internal import JSONDocument
internal import ServiceMetrics
internal import Text

extension Fault.Kind {
    /// The HTTP status of an error. The switch has no `default`: a new kind does not compile until it has a status.
    package var status: Status {
        switch self {
        case .invalid: .badRequest
        case .unauthenticated: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict: .conflict
        case .gone: .gone
        case .changedMeanwhile: .preconditionFailed
        case .tooLarge: .contentTooLarge
        case .unsupportedMedia: .unsupportedMediaType
        case .tooSlow: .requestTimeout
        case .unsatisfiableRange: .rangeNotSatisfiable
        case .headerTooLarge: .headerFieldsTooLarge
        case .unreachable: .gatewayTimeout
        case .misanswered: .badGateway
        case .unavailable: .serviceUnavailable
        case .unexpected: .internalServerError
        }
    }
}

/// Writes an error in the format that the client prefers: HTML, JSON or plain text, chosen by its `Accept` header.
package enum ErrorDocument {
    /// The answer for an error, with its headers; `.unavailable` also gets `Retry-After`.
    package static func response(to request: Request, for fault: Fault) -> Response {
        ServiceMetrics.log.faults.add(FaultLabel(fault))
        var response = response(to: request, fault.kind.status, fault.message)
        if fault.kind == .unavailable { response.headers["Retry-After"] = "5" }
        for header in fault.headers { response.headers[header.name] = header.value }
        return response
    }

    /// The answer with a status and an explanation for the client.
    package static func response(to request: Request, _ status: Status, _ explanation: String) -> Response {
        let (type, text) =
            switch Format.preferred(by: request.headers["Accept"]) {
            case .html: ("text/html; charset=UTF-8", page(status, explanation))
            case .json: ("application/json", json(status, explanation))
            case .text: ("text/plain; charset=UTF-8", "\(status.code) \(status.title)\n\n\(explanation)\n")
            }
        var response = Response(status, body: .bytes(Array(text.utf8)))
        response.headers["Content-Type"] = type
        return response
    }

    private static func json(_ status: Status, _ explanation: String) -> String {
        let document: JSON = [
            "message": .string(explanation), "code": .string("\(status.code) \(status.title)"), "title": .string(status.title),
        ]
        return String(decoding: document.text, as: UTF8.self)
    }

    private static func page(_ status: Status, _ explanation: String) -> String {
        """
        <html>
         <head>
          <title>\(status.code) \(status.title)</title>
         </head>
         <body>
          <h1>\(status.code) \(status.title)</h1>
          \(escapedForHTML(explanation))<br /><br />
         </body>
        </html>
        """
    }
}

/// The formats of an error document.
private enum Format {
    case html, json, text

    /// Chooses between HTML and JSON by the qualities in `Accept`, HTML if they are equal; plain text if it accepts neither or is
    /// missing. Source: WebOb, which Glance uses.
    ///
    /// Unlike Glance, an empty `Accept` gets JSON: openstacksdk sends that with uploads, and shows the reason of an error only from JSON.
    static func preferred(by accept: String?) -> Format {
        guard let accept else { return .text }
        if accept.isEmpty { return .json }
        let ranges = Accept(accept)
        let (html, json) = (ranges.quality(of: "text", "html"), ranges.quality(of: "application", "json"))
        if html == 0 && json == 0 { return .text }
        return html >= json ? .html : .json
    }
}
