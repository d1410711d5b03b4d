package import JSONDocument

/// The external servers that decide policy checks of the form `http://…`.
package protocol RemotePolicy: Sendable {
    /// Asks a server whether a caller may do something.
    ///
    /// - Throws: `.unavailable` when it does not answer within bounded time.
    func lets(_ question: PolicyQuestion) throws(Fault) -> Bool
}

/// The question that a policy server is asked. Source: oslo.policy, `_external.py`.
package struct PolicyQuestion: Sendable {
    /// The server's URL.
    package let url: String
    /// The name of the rule that the service checks, even if another rule that it refers to has the `http:` check.
    package let rule: String
    /// The target of the check.
    package let target: JSONObject
    /// The caller's credentials.
    package let credentials: JSONObject

    /// Makes a question of its parts.
    package init(url: String, rule: String, target: JSONObject, credentials: JSONObject) {
        (self.url, self.rule, self.target, self.credentials) = (url, rule, target, credentials)
    }
}
