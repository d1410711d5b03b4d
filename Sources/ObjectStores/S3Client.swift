internal import Cryptography
internal import Domain
internal import Glibc
package import HTTPClient
internal import Text
internal import Threading

/// Sends signed requests to the S3 server of one store, and repeats those that a server in trouble did not answer.
package struct S3Client: Sendable {
    /// Limits of time, in seconds.
    package struct Patience: Sendable {
        /// To resolve a name and to make a connection.
        package var connect = 5.0
        /// Without a byte in either direction.
        package var silence = 60
        /// For a whole request, that of a part included.
        package var exchange = 900.0
        /// How often a request is sent at most, and the pause before the second time; each further one is twice as long.
        package var attempts = 6
        package var pause = 0.2
        /// After so long a request is not sent again.
        package var longest = 60.0

        package init() {}
    }

    private(set) var endpoint: S3Endpoint
    /// The store's name, for faults.
    let store: String
    let patience: Patience
    let certificateAuthority: String?
    let proxies: Proxies
    /// Whether the server heeds `If-None-Match: *` of a PUT, so that an object never takes another's place.
    let conditions = S3Conditions()
    /// Whether the server heeds `If-Match` of a GET.
    let tagConditions = S3Conditions()
    private let signer: S3Signer
    private let http: HTTPClient
    private let clock = ServerClock()

    package init(
        _ endpoint: S3Endpoint, _ signer: S3Signer, store: String, certificateAuthority: String? = nil, proxies: Proxies = Proxies(),
        patience: Patience = Patience()
    ) {
        (self.endpoint, self.signer, self.store, self.patience) = (endpoint, signer, store, patience)
        (self.certificateAuthority, self.proxies) = (certificateAuthority, proxies)
        http = HTTPClient(
            timeouts: .init(connect: patience.connect, exchange: patience.exchange, silence: patience.silence),
            trust: TLSSettings(certificateAuthority: certificateAuthority), proxies: proxies)
    }

    /// A client of another bucket on the same server.
    func asking(_ endpoint: S3Endpoint) -> S3Client {
        var client = self
        client.endpoint = endpoint
        return client
    }

    /// Sends a request, again where the server is in trouble for a moment.
    ///
    /// Almost all requests of this store may be repeated: they name what they change.
    ///
    /// - Parameters:
    ///   - key: nil for the bucket.
    ///   - mayRepeat: asked before it is sent again.
    /// - Returns: the answer, whatever its status.
    /// - Throws: `.unavailable` when no whole answer comes.
    func send(
        _ method: String, _ key: String?, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        body: [UInt8]?, longest: Int = 64 * 1024, mayRepeat: () -> Bool = { true }
    ) throws(Fault) -> HTTPClient.Reply {
        guard let body else { return try send(method, key, query: query, headers: headers, longest: longest, mayRepeat: mayRepeat) }
        return try body.withUnsafeBufferPointer { bytes throws(Fault) in
            try send(
                method, key, query: query, headers: headers, body: UnsafeRawBufferPointer(bytes), longest: longest, mayRepeat: mayRepeat)
        }
    }

    /// As above, of a body in any memory.
    ///
    /// - Parameter digest: the body's SHA-256 in hexadecimal, where the caller knows it; otherwise it is computed if the signature needs it.
    func send(
        _ method: String, _ key: String?, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        body: UnsafeRawBufferPointer? = nil, digest: String? = nil, longest: Int = 64 * 1024, mayRepeat: () -> Bool = { true }
    ) throws(Fault) -> HTTPClient.Reply {
        let path = endpoint.path(of: key)
        let request = S3Signer.Request(method, host: endpoint.requestHost, path: path, query: query, headers: headers)
        let url = endpoint.url(path, query: S3Signer.canonical(query))
        // TLS protects a body already; without it a signature does.
        let signed =
            endpoint.isSecure ? S3Signer.unsigned : digest ?? Digest.sha256(of: body ?? UnsafeRawBufferPointer(start: nil, count: 0))
        let (began, attempts) = (monotonicSeconds(), max(1, patience.attempts))
        var pause = patience.pause
        for attempt in 1...attempts {
            let isLast = attempt == attempts
            do throws(HTTPClientError) {
                func sent() throws(HTTPClientError) -> HTTPClient.Reply {
                    try http.send(
                        method, url, headers: signer.headers(of: request, digest: signed, at: clock.now), body: body, longest: longest)
                }
                var reply = try sent()
                if clock.learns(from: reply), mayRepeat() { reply = try sent() }
                guard reply.status >= 400, !isLast, S3Trouble(reply).isPassing, mayRepeat() else { return reply }
            } catch {
                let isPassing = [.broken, .cut, .unreachable, .timedOut].contains(error.kind)
                guard isPassing, !isLast, monotonicSeconds() - began + pause < patience.longest, mayRepeat() else {
                    throw .s3(error, store)
                }
            }
            usleep(useconds_t(pause * 1_000_000))
            pause *= 2
        }
        fatalError("the last attempt returns or throws")
    }

    /// Sends a request that has to succeed.
    ///
    /// - Throws: also for an answer with another status than 200 to 204 and 206.
    func succeed(
        _ method: String, _ key: String?, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, longest: Int = 64 * 1024, mayRepeat: () -> Bool = { true }
    ) throws(Fault) -> HTTPClient.Reply {
        let reply = try send(method, key, query: query, headers: headers, body: body, longest: longest, mayRepeat: mayRepeat)
        guard 200...206 ~= reply.status else { throw S3Trouble(reply).fault(of: store) }
        return reply
    }

    /// A document that the server has to answer with.
    func document(
        _ method: String, _ key: String?, query: [(name: String, value: String)], headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, mayRepeat: () -> Bool = { true }
    ) throws(Fault) -> (document: XMLElement, reply: HTTPClient.Reply) {
        let reply = try succeed(
            method, key, query: query, headers: headers, body: body, longest: 4 * 1024 * 1024, mayRepeat: mayRepeat)
        guard let document = XMLElement(parsing: reply.body) else {
            throw Fault(.unavailable, "The store '\(store)' cannot be used now: its answer makes no sense.", cause: S3Trouble(reply))
        }
        return (document, reply)
    }

    /// Begins to read an object.
    ///
    /// - Parameters:
    ///   - offset: where to begin; there must be a byte.
    ///   - tag: the `ETag` that the object must have.
    func download(_ key: String, from offset: Int64, tag: String) throws(HTTPClientError) -> Download {
        let path = endpoint.path(of: key)
        let request = S3Signer.Request("GET", host: endpoint.requestHost, path: path, headers: [("if-match", tag)])
        var headers = signer.headers(
            of: request, digest: endpoint.isSecure ? S3Signer.unsigned : Digest.sha256(of: [UInt8]()), at: clock.now)
        if offset > 0 { headers.append(("range", "bytes=\(offset)-")) }
        let url = endpoint.url(path, query: "")
        let seconds = Double(patience.silence)
        return try Download(
            url, headers: headers, limits: .init(connect: patience.connect, leastRate: 1, averaged: seconds, grace: seconds),
            certificateAuthority: certificateAuthority, proxies: proxies,
            // A redirect is not followed: the signature is for this server.
            judge: { $0 == url ? { _ in true } : nil })
    }

    /// A URL by which anybody can read an object for some time.
    ///
    /// - Parameter validity: in seconds from now, by the server's clock.
    func presignedURL(of object: S3Object, validity: Int) -> String {
        let path = endpoint.path(of: object.key)
        let request = S3Signer.Request("GET", host: endpoint.requestHost, path: path)
        return endpoint.url(path, query: signer.presignedQuery(of: request, validity: validity, at: time(nil) + object.clockLead))
    }
}

extension S3Client.Patience {
    /// For a check of health, which somebody waits for.
    package static var short: Self {
        var patience = Self()
        (patience.connect, patience.silence, patience.exchange, patience.attempts) = (3, 5, 10, 1)
        return patience
    }
}
