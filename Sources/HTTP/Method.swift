/// A request method. Known ones are those that a route may have; any other is answered 501 where no path is known.
package struct Method: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package init(_ name: String) { self.name = name }

    package static let GET = Method("GET")
    package static let HEAD = Method("HEAD")
    package static let POST = Method("POST")
    package static let PUT = Method("PUT")
    package static let PATCH = Method("PATCH")
    package static let DELETE = Method("DELETE")

    package static let known: Set<Method> = [.GET, .HEAD, .POST, .PUT, .PATCH, .DELETE]

    package var description: String { name }
}
