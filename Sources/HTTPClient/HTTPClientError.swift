/// Why an exchange came to no whole answer.
package struct HTTPClientError: Error {
    package enum Kind: Sendable {
        /// The request cannot be sent as it is: a bad address, method or header.
        case invalid
        /// No connection came about: no such name, nobody listens, no route, too late.
        case unreachable
        /// Who answers does not prove to be who was asked for.
        case untrusted
        /// There was a connection, and it broke, or what came over it was no HTTP, or its header was too long.
        case broken
        /// The body ended before its announced or marked end.
        case cut
        /// More seconds went by than were given.
        case timedOut
        /// Fewer bytes a second came than were asked for.
        case tooSlow
        /// The body is longer than was allowed.
        case tooLong
        /// The caller's rules forbid the address.
        case refused
        /// A redirect leads to an address that the caller's rules forbid, or to none; or there were too many.
        case misdirected
        /// The proxy cannot be reached.
        case proxyAway
        /// The caller wanted no more.
        case cancelled
    }

    package let kind: Kind
    /// For the log. Holds hosts and ports, never a user or password of an address.
    package let message: String
    /// The server may have got the request, so a request that changes something must not simply be sent again.
    package let mayHaveArrived: Bool

    package init(_ kind: Kind, _ message: String, mayHaveArrived: Bool = false) {
        self.kind = kind
        self.message = message
        self.mayHaveArrived = mayHaveArrived
    }
}
