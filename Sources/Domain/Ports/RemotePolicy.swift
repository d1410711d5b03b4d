package import JSONDocument

/// Servers that rules ask: `http://…` in place of a check.
package protocol RemotePolicy: Sendable {
    /// Whether a server lets somebody do something.
    ///
    /// - Throws: `.unavailable` when it does not say, within bounded time.
    func lets(_ question: PolicyQuestion) throws(Fault) -> Bool
}

/// What a server is told that a rule asks. Source: oslo.policy, `_external.py`.
package struct PolicyQuestion: Sendable {
    package let url: String
    /// The rule that the service asked, whichever rule of those that it asks in turn has the check.
    package let rule: String
    package let target: JSONObject
    package let credentials: JSONObject

    package init(url: String, rule: String, target: JSONObject, credentials: JSONObject) {
        (self.url, self.rule, self.target, self.credentials) = (url, rule, target, credentials)
    }
}
