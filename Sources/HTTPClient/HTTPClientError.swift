/// The reason why an exchange brought no whole answer.
package struct HTTPClientError: Error {
    package enum Kind: Sendable {
        /// The request cannot be sent: a bad address, method or header.
        case invalid
        /// No connection was made: unknown name, no listener, no route, or no answer in time.
        case unreachable
        /// The server's certificate does not prove that it is the host of the URL.
        case untrusted
        /// The connection broke, the answer was not HTTP, or its header was too long.
        case broken
        /// The body ended before its announced or marked end.
        case cut
        /// The exchange took too many seconds.
        case timedOut
        /// The source sent fewer bytes a second than required.
        case tooSlow
        /// The body is longer than allowed.
        case tooLong
        /// The caller's rules forbid the address.
        case refused
        /// A redirect leads to an address that the caller's rules forbid, or to no valid address; or there were too many.
        case misdirected
        /// The proxy cannot be reached.
        case proxyAway
        /// The caller cancelled the exchange.
        case cancelled
    }

    package let kind: Kind
    /// For the log. It contains hosts and ports, never a user or password of an address.
    package let message: String
    /// The server may have received the request, so a request that changes something must not simply be sent again.
    package let mayHaveArrived: Bool

    package init(_ kind: Kind, _ message: String, mayHaveArrived: Bool = false) {
        self.kind = kind
        self.message = message
        self.mayHaveArrived = mayHaveArrived
    }
}
