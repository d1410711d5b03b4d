internal import Text

/// Whether a request to a route may have a body.
package enum BodyRule: Sendable {
    /// A body is an error of the client.
    case none
    /// The handler reads the body or ignores it.
    case any
}

/// A row of a route table: the handler of a method on a path.
package struct Route<Handler: Sendable>: Sendable {
    package let method: Method
    /// The path as the table has it, such as `/v2/images/{image}`; the access log shows it.
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

/// The decoded values of the `{…}` parts of a pattern.
package struct PathParameters: Sendable {
    fileprivate var values: [(name: String, value: String)] = []

    package init() {}

    /// All values, in the order of the pattern.
    package var all: [String] { values.map(\.value) }

    package subscript(name: String) -> String {
        guard let value = values.first(where: { $0.name == name })?.value else {
            preconditionFailure("the route has no {\(name)}")
        }
        return value
    }
}

/// Finds the route of a request. 404, 405 with `Allow`, 501 and HEAD for GET follow from the table.
package struct Router<Handler: Sendable>: Sendable {
    /// The result of a search.
    package enum Match {
        case found(Route<Handler>, PathParameters)
        /// The path is known, and has these methods.
        case methodNotAllowed([Method])
        case notFound
        /// Neither the path nor the method is known.
        case notImplemented
        /// The path does not decode as UTF-8.
        case badPath
    }

    private let routes: [Route<Handler>]

    package init(_ routes: [Route<Handler>]) { self.routes = routes }

    /// Finds the route for a method and a path.
    ///
    /// - Parameter path: percent-encoded, with `/` at its start; several slashes at the start count as one.
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
        // The first pattern that matches decides: `/v1/images/detail` is never an image with that name.
        var pattern: String?
        // The loop runs over indices, because copying each route costs more than comparing it.
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

    /// The parameters of a path; nil if it does not match the pattern.
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
