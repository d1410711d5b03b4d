internal import Domain
internal import HTTPClient

/// An object of a bucket, as the server describes it.
struct S3Object: Sendable {
    let key: String
    let size: Int64
    /// The `ETag`.
    let tag: String
    /// The token of the upload that wrote it; nil for the object of another program.
    let token: String?
    /// The IP address of the server.
    let address: String?
    /// Seconds by which the server's clock is ahead of this one's.
    let clockLead: Int

    /// The header that holds the token of an upload.
    static let tokenHeader = "x-amz-meta-vitrine-upload"

    /// Asks for an object.
    ///
    /// - Returns: nil if there is none.
    /// - Throws: `.unavailable` also if the bucket does not exist.
    init?(_ key: String, _ client: S3Client) throws(Fault) {
        let reply = try client.send("HEAD", key)
        guard reply.status == 200 else {
            // An answer to HEAD has no words: another request tells what is wrong.
            try Self.checkBucket(client)
            guard reply.status == 404 else { throw S3Trouble(reply).fault(of: client.store) }
            return nil
        }
        guard let size = reply.headers["Content-Length"].flatMap({ Int64($0) }), let tag = reply.headers["ETag"] else {
            throw Fault(.unavailable, "The store '\(client.store)' cannot be used now: its answer makes no sense.")
        }
        (self.key, self.size, self.tag, address) = (key, size, tag, client.proxies.isEmpty ? reply.address : nil)
        token = reply.headers[Self.tokenHeader]
        clockLead = ServerClock.lead(of: reply) ?? 0
    }

    /// Whether a condition can name the object by its tag, which is a strong one, and it has a byte to ask for.
    var hasPlainTag: Bool {
        size > 0 && 3...200 ~= tag.utf8.count && tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }

    /// Asks the server for a byte of the object, by another tag and by its own.
    ///
    /// - Returns: whether it gives it for its own alone.
    /// - Throws: also when the answer tells neither, for example since the object is not there any more.
    func isComparedByTag(_ client: S3Client) throws(Fault) -> Bool {
        func status(_ tag: String) throws(Fault) -> Int {
            let reply = try client.send("GET", key, headers: [("if-match", tag), ("range", "bytes=0-0")])
            guard [200, 206, 412].contains(reply.status) else { throw S3Trouble(reply).fault(of: client.store) }
            return reply.status
        }
        guard try status("\"\(String(repeating: "0", count: 32))\"") == 412 else { return false }
        return try status(tag) == 206
    }

    /// Checks that the server answers, takes the key, and has the bucket.
    static func checkBucket(_ client: S3Client) throws(Fault) {
        _ = try client.succeed(
            "GET", nil, query: [("list-type", "2"), ("max-keys", "1"), ("prefix", S3Upload.prefix)], longest: 1024 * 1024)
    }

    /// Checks that the key may write, by a part of an upload that does not exist: servers look at the key's rights first, and nothing is kept.
    ///
    /// - Throws: if it may not. Any other answer tells nothing of that, and is none of a server that is ill.
    static func checkWritable(_ client: S3Client) throws(Fault) {
        let reply = try client.send(
            "PUT", "\(S3Upload.prefix)health", query: [("partNumber", "1"), ("uploadId", "none")], body: [])
        guard reply.status == 401 || reply.status == 403 else { return }
        throw S3Trouble(reply).fault(of: client.store)
    }

    /// Removes an object. One that is not there is no error.
    ///
    /// - Parameter tag: the `ETag` that it must have; nil for any. A server that cannot compare it removes the object in any case.
    static func remove(_ key: String, tag: String?, _ client: S3Client) throws(Fault) {
        var reply = try client.send("DELETE", key, headers: tag.map { [("if-match", $0)] } ?? [])
        if reply.status == 501, tag != nil { reply = try client.send("DELETE", key) }
        guard !(200...204 ~= reply.status), reply.status != 412 else { return }
        let trouble = S3Trouble(reply)
        guard reply.status == 404, !trouble.isMissingBucket else { throw trouble.fault(of: client.store) }
        // S3 removes what is not there without a word: another server may have said so.
        if trouble.code != "NoSuchKey" { try checkBucket(client) }
    }
}
