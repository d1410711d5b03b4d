internal import Domain
internal import Glibc
internal import HTTP
internal import Synchronization
internal import Text

extension Trace {
    /// Reads the ids of a request: the client's own id with `req-` before it, or a generated one.
    ///
    /// As in Glance, an id from the client is the request's id here and in the other services of the cloud. A request of `glance-api` to
    /// the registry has two: the id of its own request, and the client's.
    ///
    /// - Parameters:
    ///   - longest: characters that a client's id may have, `max_request_id_length`.
    ///   - isFromAPI: whether the client is `glance-api`, whose own id for the request is taken over.
    /// - Throws: `.headerTooLarge` for a longer id, `.invalid` for one with characters outside `A-Z a-z 0-9 - _ . :`.
    init(of request: Request, longest: Int, isFromAPI: Bool) throws(Fault) {
        let longest = isFromAPI ? longest + "req-".count : longest
        let global = try Self.checked(request.headers["X-Openstack-Request-Id"], longest: longest)
        let local = isFromAPI ? try Self.checked(request.headers["X-Vitrine-Request-Id"], longest: longest) : nil
        self.init(requestID: local ?? global ?? Self.madeName(), globalRequestID: global)
    }

    /// A generated id, for a request whose own id is refused.
    static func fresh() -> Trace { Trace(requestID: madeName(), globalRequestID: nil) }

    private static func madeName() -> String {
        var random = RequestNumbers()
        return "req-\(ImageID.random(using: &random))"
    }

    /// Checks an id from a header, and adds `req-` if it is missing.
    ///
    /// - Returns: nil for a missing or empty header.
    private static func checked(_ given: String?, longest: Int) throws(Fault) -> String? {
        guard let given, !given.isEmpty else { return nil }
        guard given.utf8.count <= longest else {
            throw Fault(.headerTooLarge, "The request id is longer than \(longest) characters.")
        }
        // The id is written to logs and headers, so only harmless characters are allowed.
        let isName = given.allBytes {
            0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || "-_.:".utf8.contains($0)
        }
        guard isName else {
            throw Fault(.invalid, "The request id contains characters that are not allowed; use A-Z, a-z, 0-9, -, _, . and :.")
        }
        return given.hasPrefix("req-") ? given : "req-" + given
    }
}

/// Random numbers for request ids. The system is asked for those of sixteen requests at once, since each call costs more than the rest of
/// making an id.
private struct RequestNumbers: RandomNumberGenerator {
    private static let drawn = Mutex<[UInt64]>([])

    mutating func next() -> UInt64 {
        Self.drawn.withLock { drawn in
            if drawn.isEmpty { drawn = Self.draw() }
            return drawn.removeLast()
        }
    }

    /// `getentropy` gives 256 bytes at most, and then does not fail.
    private static func draw() -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: 32) { numbers, count in
            guard getentropy(numbers.baseAddress!, 256) == 0 else { fatalError("the system gives no random numbers") }
            count = 32
        }
    }
}
