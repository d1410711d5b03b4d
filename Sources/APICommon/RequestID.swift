internal import Domain
internal import HTTP

extension Trace {
    /// The names of a request: the client's own, with `req-` before it, or one that is made for it.
    ///
    /// As in Glance, a name that the client gave is the request's name here as well as in the rest of the cloud. What
    /// `glance-api` asks the registry bears the name that its own request has, which is told apart from the client's.
    ///
    /// - Parameters:
    ///   - longest: characters that a client's name may have, `max_request_id_length`.
    ///   - isFromAPI: whether those who ask are `glance-api`, whose own name for a request counts.
    /// - Throws: `.headerTooLarge` for a longer one, `.invalid` for one with characters that no name has.
    init(of request: Request, longest: Int, isFromAPI: Bool) throws(Fault) {
        let longest = isFromAPI ? longest + "req-".count : longest
        let global = try Self.checked(request.headers["X-Openstack-Request-Id"], longest: longest)
        let local = isFromAPI ? try Self.checked(request.headers["X-Vitrine-Request-Id"], longest: longest) : nil
        self.init(requestID: local ?? global ?? Self.madeName(), globalRequestID: global)
    }

    /// For a request whose own name is refused.
    static func fresh() -> Trace { Trace(requestID: madeName(), globalRequestID: nil) }

    private static func madeName() -> String {
        var random = SystemRandomNumberGenerator()
        return "req-\(ImageID.random(using: &random))"
    }

    /// - Returns: nil for an empty text, which is as good as none.
    private static func checked(_ given: String?, longest: Int) throws(Fault) -> String? {
        guard let given, !given.isEmpty else { return nil }
        guard given.utf8.count <= longest else {
            throw Fault(.headerTooLarge, "The request id is longer than \(longest) characters.")
        }
        // It goes into logs and headers: only what a name may hold.
        let isName = given.utf8.allSatisfy {
            0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || "-_.:".utf8.contains($0)
        }
        guard isName else { throw Fault(.invalid, "The request id has characters that it may not have.") }
        return given.hasPrefix("req-") ? given : "req-" + given
    }
}
