/// The other nodes of an installation, asked on a client's behalf for work that only they can do.
package protocol OtherNodes: Sendable {
    /// Sends a client's request on to a node.
    ///
    /// - Parameter node: its address, from a property of an image.
    /// - Returns: the node's request id; nil when its answer has none.
    /// - Throws: the node's own refusal; `.unreachable` when it does not answer, `.misanswered` when its answer makes no sense.
    func send(_ request: RequestToPassOn, to node: String) throws(Fault) -> String?
}

/// A client's request as it is sent on to another node.
package struct RequestToPassOn: Sendable {
    /// The HTTP method.
    package let method: String
    /// The path and query from the first slash on, percent-encoded.
    package let path: String
    /// The headers, among them the caller's token or identity.
    package let headers: [(name: String, value: String)]
    /// The body; nil when there is none.
    package let body: [UInt8]?

    /// Makes a request of its parts.
    package init(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]?) {
        (self.method, self.path, self.headers, self.body) = (method, path, headers, body)
    }

    /// The header that marks a request as sent on by a node; such a request is not sent on again.
    package static let mark = "X-Vitrine-Sent-On"
}
