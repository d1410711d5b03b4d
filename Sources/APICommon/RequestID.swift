package import Domain
package import HTTP

/// The name that a request has in every log and answer.
package struct RequestID: Sendable {
    /// `req-…`
    package let text: String
    /// The client's own, when it gave one.
    package let global: String?

    /// Takes the client's id, with `req-` before it, or makes one.
    ///
    /// - Parameter longest: characters that a client's id may have.
    /// - Throws: `.headerTooLarge` for a longer one.
    package init(of request: Request, longest: Int, using generator: inout some RandomNumberGenerator) throws(Fault) {
        guard let given = request.headers["X-Openstack-Request-Id"], !given.isEmpty else {
            self = .fresh(using: &generator)
            return
        }
        guard given.utf8.count <= longest else {
            throw Fault(.headerTooLarge, "The request id is longer than \(longest) characters.")
        }
        // It goes into logs and headers: only what a name may hold.
        let isName = given.utf8.allSatisfy {
            0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || "-_.:".utf8.contains($0)
        }
        guard isName else { throw Fault(.invalid, "The request id has characters that it may not have.") }
        text = given.hasPrefix("req-") ? given : "req-" + given
        global = text
    }

    package static func fresh(using generator: inout some RandomNumberGenerator) -> RequestID {
        RequestID(text: "req-\(ImageID.random(using: &generator))", global: nil)
    }

    private init(text: String, global: String?) {
        self.text = text
        self.global = global
    }
}
