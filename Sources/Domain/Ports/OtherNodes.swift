/// The other nodes of a site, asked for what they alone can do, as if the client had asked them himself.
package protocol OtherNodes: Sendable {
    /// Sends a client's request on.
    ///
    /// - Parameter node: its address, as it stands in a property of an image.
    /// - Returns: how the node calls the request; nil where it does not say.
    /// - Throws: the node's own refusal; `.unreachable` where it does not answer, `.misanswered` where it answers with what makes no sense.
    func send(_ request: RequestToPassOn, to node: String) throws(Fault) -> String?
}

/// A client's request as another node gets it.
package struct RequestToPassOn: Sendable {
    package let method: String
    /// From its first slash on, percent-encoded.
    package let path: String
    /// Who asks, among others.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]?

    package init(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]?) {
        (self.method, self.path, self.headers, self.body) = (method, path, headers, body)
    }

    /// Bears witness that a request was sent on by a node; it is not sent on again.
    package static let mark = "X-Vitrine-Sent-On"
}
