/// What went wrong, in the words of the image service.
package struct Fault: Error {
    package enum Kind: Sendable, CaseIterable {
        /// The request makes no sense as it is.
        case invalid
        /// Nobody, or nobody we know.
        case unauthenticated
        case forbidden
        case notFound
        case conflict
        /// It was there when the request began.
        case gone
        /// It is not any more what the request says it is.
        case changedMeanwhile
        /// Past a limit: bytes, quota, or the store's room.
        case tooLarge
        case unsupportedMedia
        /// The client sends too slowly.
        case tooSlow
        case unsatisfiableRange
        /// A header is longer than its limit.
        case headerTooLarge
        /// Another service that alone can do it does not answer.
        case unreachable
        /// It answers, and what it says makes no sense.
        case misanswered
        /// The database or a store cannot be reached now.
        case unavailable
        case unexpected
    }

    package let kind: Kind
    /// Sent to the client: no SQL, no paths, no tokens.
    package let message: String
    /// Header fields that the answer needs besides, such as `Accept-Patch`.
    package var headers: [(name: String, value: String)] = []
    /// A part of the service was not even asked, because so many wait for it already.
    private(set) package var isOverload = false
    /// It would take more than a project may have: what is done later, when the project has less, may be done.
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
    /// So many wait for a part of the service already that no more threads are given to it.
    ///
    /// - Parameter part: at the beginning of a sentence, such as "The image store".
    package static func overloaded(_ part: String) -> Fault {
        var fault = Fault(.unavailable, "\(part) is too slow now; try again in a moment.").with(header: "Retry-After", "1")
        fault.isOverload = true
        return fault
    }
}

extension Fault: CustomStringConvertible {
    /// For the log and for terminals: the cause too.
    package var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
