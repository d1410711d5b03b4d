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

    package init(_ method: Method, _ pattern: String, body: BodyRule = .any, _ handler: Handler) {
        self.method = method
        self.pattern = pattern
        self.bodyRule = body
        self.handler = handler
    }
}

/// What the search compares of the routes: each pattern once, with its routes. It is not generic, so that the search copies no routes: that
/// took most of its time.
private struct Pattern: Sendable {
    let segments: [Segment]
    /// The methods of the routes with this pattern, and the places of these routes.
    var methods: [(method: Method, place: Int)] = []

    enum Segment: Sendable {
        case literal(String)
        case parameter(String)
    }

    init(_ text: String) {
        segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.first == "{" ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    /// The parameters of a path; nil if it does not match the pattern.
    func parameters(of parts: [String]) -> PathParameters? {
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
    /// In the order of the table.
    private let patterns: [Pattern]

    package init(_ routes: [Route<Handler>]) {
        self.routes = routes
        var patterns: [Pattern] = []
        var places: [String: Int] = [:]
        for (place, route) in routes.enumerated() {
            let pattern = places[route.pattern] ?? patterns.count
            if pattern == patterns.count { patterns.append(Pattern(route.pattern)) }
            places[route.pattern] = pattern
            patterns[pattern].methods.append((route.method, place))
        }
        self.patterns = patterns
    }

    /// Finds the route for a method and a path.
    ///
    /// - Parameter path: percent-encoded, with `/` at its start; several slashes at the start count as one.
    package func match(_ method: Method, _ path: String) -> Match {
        let slash = UInt8(ascii: "/")
        var (path, parts) = (path, [String]())
        let encoded = path.withUTF8 { bytes in
            bytes.drop { $0 == slash }.split(separator: slash, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        }
        for part in encoded {
            guard let segment = percentDecoded(part[...]) else { return .badPath }
            if !segment.allBytes({ $0 != slash }) { return .notFound }
            parts.append(segment)
        }
        let wanted = method == .HEAD ? .GET : method
        // The first pattern that matches decides: `/v1/images/detail` is never an image with that name.
        for pattern in patterns {
            guard let parameters = pattern.parameters(of: parts) else { continue }
            if let found = pattern.methods.first(where: { $0.method == wanted }) { return .found(routes[found.place], parameters) }
            return .methodNotAllowed(pattern.methods.flatMap { $0.method == .GET ? [.GET, .HEAD] : [$0.method] })
        }
        return Method.known.contains(method) ? .notFound : .notImplemented
    }
}
