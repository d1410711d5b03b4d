/// A request method. Routes have one of the known ones; any other is answered with 501 if the path is unknown too.
package struct Method: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package init(_ name: String) { self.name = name }

    package static let GET = Method("GET")
    package static let HEAD = Method("HEAD")
    package static let POST = Method("POST")
    package static let PUT = Method("PUT")
    package static let PATCH = Method("PATCH")
    package static let DELETE = Method("DELETE")

    /// The methods that a route may have.
    package static let known: Set<Method> = [.GET, .HEAD, .POST, .PUT, .PATCH, .DELETE]

    package var description: String { name }
}
