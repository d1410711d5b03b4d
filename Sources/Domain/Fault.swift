/// What went wrong, in the terms of the image service.
package struct Fault: Error {
    package enum Kind: Sendable, CaseIterable {
        /// The request is malformed or contradicts itself.
        case invalid
        /// The request has no valid identity.
        case unauthenticated
        case forbidden
        case notFound
        case conflict
        /// The object existed when the request began and has been deleted since.
        case gone
        /// The object's state is no longer the one that the request names.
        case changedMeanwhile
        /// A limit is exceeded: bytes, a quota, or the store's space.
        case tooLarge
        case unsupportedMedia
        /// The client sends too slowly.
        case tooSlow
        case unsatisfiableRange
        /// A header is longer than its limit.
        case headerTooLarge
        /// Another service that the request depends on does not answer.
        case unreachable
        /// Another service answers with something that makes no sense.
        case misanswered
        /// The database or a store cannot be reached now.
        case unavailable
        case unexpected
    }

    package let kind: Kind
    /// Sent to the client: no SQL, no paths, no tokens.
    package let message: String
    /// Further header fields that the answer needs, such as `Accept-Patch`.
    package var headers: [(name: String, value: String)] = []
    /// Whether a part of the service was not asked because too many requests wait for it already.
    private(set) package var isOverload = false
    /// Whether a project's limit was exceeded. The same request may succeed later, when the project uses less.
    internal(set) package var isOverLimit = false
    /// Logged with the request id, never sent.
    package var cause: (any Error)?

    package init(_ kind: Kind, _ message: String, cause: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.cause = cause
    }

    package func with(header name: String, _ value: String) -> Fault {
        var fault = self
        fault.headers.append((name, value))
        return fault
    }
}

extension Fault {
    /// A fault for a part of the service that too many requests wait for already.
    ///
    /// - Parameter part: the beginning of the message, such as "The image store".
    package static func overloaded(_ part: String) -> Fault {
        var fault = Fault(.unavailable, "\(part) is too slow now; try again in a moment.").with(header: "Retry-After", "1")
        fault.isOverload = true
        return fault
    }
}

extension Fault: CustomStringConvertible {
    /// The message with its cause, for logs and terminals.
    package var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
