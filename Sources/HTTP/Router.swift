/// What a request to a route may bring.
package enum BodyRule: Sendable {
    /// A body is a mistake of the client's.
    case none
    /// Read if the handler wants it, else ignored.
    case any
}

/// A row of a route table: what answers a method on a path.
package struct Route<Handler: Sendable>: Sendable {
    package let method: Method
    /// As written in the table, such as `/v2/images/{image}`; it stands in the log.
    package let pattern: String
    package let bodyRule: BodyRule
    package let handler: Handler
    let segments: [Segment]

    package init(_ method: Method, _ pattern: String, body: BodyRule = .any, _ handler: Handler) {
        self.method = method
        self.pattern = pattern
        self.bodyRule = body
        self.handler = handler
        segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.first == "{" ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }
}

enum Segment: Sendable {
    case literal(String)
    case parameter(String)
}

/// The values of a pattern's `{…}`, decoded.
package struct PathParameters: Sendable {
    fileprivate var values: [(name: String, value: String)] = []

    package init() {}

    package var all: [String] { values.map(\.value) }

    package subscript(name: String) -> String {
        guard let value = values.first(where: { $0.name == name })?.value else {
            preconditionFailure("the route has no {\(name)}")
        }
        return value
    }
}

/// Finds the row for a request; 404, 405 with `Allow`, 501 and HEAD for GET follow from the table.
package struct Router<Handler: Sendable>: Sendable {
    package enum Match {
        case found(Route<Handler>, PathParameters)
        /// The path is known, with these methods.
        case methodNotAllowed([Method])
        case notFound
        /// Neither the path nor the method is known.
        case notImplemented
        /// The path does not decode.
        case badPath
    }

    private let routes: [Route<Handler>]

    package init(_ routes: [Route<Handler>]) { self.routes = routes }

    /// - Parameter path: percent-encoded, beginning with `/`; doubled slashes at its start count as one.
    package func match(_ method: Method, _ path: String) -> Match {
        let slash = UInt8(ascii: "/")
        var parts: [String] = []
        for part in path.utf8.drop(while: { $0 == slash }).split(separator: slash, omittingEmptySubsequences: false) {
            guard let segment = percentDecoded(Substring(part)) else { return .badPath }
            if segment.utf8.contains(slash) { return .notFound }
            parts.append(segment)
        }
        var allowed: [Method] = []
        let wanted = method == .HEAD ? .GET : method
        // A path belongs to the first pattern that it matches: `/v1/images/detail` is never an image of that name.
        var pattern: String?
        // By place: a copy of each row that is looked at costs more than the look.
        for place in routes.indices where pattern == nil || pattern == routes[place].pattern {
            guard let parameters = Self.parameters(of: parts, by: routes[place].segments) else { continue }
            pattern = routes[place].pattern
            let method = routes[place].method
            if method == wanted { return .found(routes[place], parameters) }
            allowed.append(method)
            if method == .GET { allowed.append(.HEAD) }
        }
        if !allowed.isEmpty { return .methodNotAllowed(allowed) }
        return Method.known.contains(method) ? .notFound : .notImplemented
    }

    /// - Returns: nil for a path of another pattern.
    private static func parameters(of parts: [String], by segments: [Segment]) -> PathParameters? {
        guard parts.count == segments.count else { return nil }
        var parameters = PathParameters()
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .literal(let text): guard text == part else { return nil }
            case .parameter(let name):
                guard !part.isEmpty else { return nil }
                parameters.values.append((name, part))
            }
        }
        return parameters
    }
}
