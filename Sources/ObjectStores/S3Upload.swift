internal import Cryptography
internal import Domain
internal import Glibc
internal import HTTPClient
internal import Text

/// An upload of an image, and its mark.
///
/// S3 lists the multipart uploads of a bucket with their keys, and without a word of who began them. So each upload of this service has a
/// mark: an object `.vitrine/uploads/<image>.<token>`. It is made before the multipart upload, then gets its id as content, and is removed
/// when the data are confirmed or taken back. The object that the upload makes has the token among its metadata. Thus whoever finds the mark
/// can take back all that an upload left, and nothing of any other; and of two uploads neither is taken for the other.
///
/// An image of one part whose length is announced is a single PUT with `If-None-Match: *`, where the server heeds that. Nothing of it is sent
/// before it is committed, and by then the database has its URL, which says that it is a single PUT. So it needs no mark, and no other request.
/// Nothing can end such a request on its way: whoever takes it back and does not find its object leaves a mark for a later look. What comes
/// late cannot take the place of another's data.
struct S3Upload: Sendable {
    let image: ImageID
    let token: String
    /// The id of the multipart upload; nil in an upload that was found by its mark, or is a single PUT.
    let id: String?
    /// Whether it is known to be a single PUT.
    var isSingle = false
    /// Whether each part has a checksum that the server keeps.
    var hasChecksums = false
    let client: S3Client

    static let prefix = ".vitrine/uploads/"

    var key: String { image.text }
    private var mark: String { "\(Self.prefix)\(image).\(token)" }
    /// What is recorded of it: the location that the data will have, the token, and the id of the multipart upload or that there is none.
    var url: String { Self.url(image, token, id, client) + (isSingle ? "&single" : "") }

    static func url(_ image: ImageID, _ token: String, _ id: String?, _ client: S3Client) -> String {
        "\(client.endpoint.location(of: image.text))?token=\(token)\(id.map { "&upload=\(percentEncoded($0))" } ?? "")"
    }

    /// The longest URL that can be recorded.
    private static let longestURL = 1000

    /// Begins an upload. `nameInMark` completes its mark.
    init(beginning image: ImageID, token: String, hasChecksums: Bool, _ client: S3Client) throws(Fault) {
        guard isUploadToken(token) else { throw Fault(.invalid, "The upload's token is not letters and digits.") }
        let mark = S3Upload(image: image, token: token, id: nil, client)
        try mark.writeMark("")
        do throws(Fault) {
            let id = try mark.beginMultipart(hasChecksums: hasChecksums)
            self.init(image: image, token: token, id: id, client)
            self.hasChecksums = hasChecksums
            guard url.utf8.count <= Self.longestURL else {
                throw Fault(.unavailable, "The store '\(client.store)' cannot be used: its names of uploads are too long.")
            }
        } catch {
            do throws(Fault) { if try mark.abort(whole: false) { try mark.removeMark() } } catch {}  // The sweeper finds the mark.
            throw error
        }
    }

    /// Contents of marks that have no id of a multipart upload; no server's ids look like this.
    private enum Content {
        /// Earlier releases made such a mark before each single PUT. Now the server is asked with one whether it heeds a condition.
        static let single = "single PUT"
        /// A single PUT was taken back without a trace of its object.
        static let takenBack = "single PUT, taken back"
    }

    /// Begins an upload that is a single PUT. The server is asked once whether it heeds a condition, and then nothing.
    ///
    /// - Returns: nil where it does not; then nothing is left.
    init?(single image: ImageID, token: String, hasChecksums: Bool, _ client: S3Client) throws(Fault) {
        guard isUploadToken(token) else { throw Fault(.invalid, "The upload's token is not letters and digits.") }
        self.init(image: image, token: token, id: nil, client)
        (self.isSingle, self.hasChecksums) = (true, hasChecksums)
        guard try client.conditions.areHeeded(refusesMarkTwice) else { return nil }
    }

    /// Whether the server refuses the mark, which is there, where there must be none. The mark is removed.
    private func refusesMarkTwice() throws(Fault) -> Bool {
        try writeMark(Content.single)
        let isRefused: Bool
        do throws(Fault) {
            let reply = try client.send("PUT", mark, headers: S3Conditions.absent, body: Array(Content.single.utf8))
            guard reply.status < 500 || reply.status == 501 else { throw S3Trouble(reply).fault(of: client.store) }
            isRefused = reply.status == 412
        } catch {
            do throws(Fault) { try removeMark() } catch {}  // The sweeper finds the mark.
            throw error
        }
        try removeMark()
        return isRefused
    }

    /// Begins the multipart upload, again where no answer came. The one that may have begun then is ended first: its id is unknown.
    ///
    /// - Returns: its id.
    private func beginMultipart(hasChecksums: Bool) throws(Fault) -> String {
        let headers = [(S3Object.tokenHeader, token)] + (hasChecksums ? [("x-amz-checksum-algorithm", "SHA256")] : [])
        var attempts = client.patience.attempts
        while true {
            do throws(Fault) {
                let answer = try client.document("POST", key, query: [("uploads", "")], headers: headers, body: []) { false }
                if let id = answer.document["UploadId"], !id.isEmpty { return id }
                throw Fault(.unavailable, "The store '\(client.store)' cannot be used now: its answer makes no sense.")
            } catch {
                attempts -= 1
                let isPassing = (error.cause as? S3Trouble)?.isPassing ?? ((error.cause as? HTTPClientError)?.mayHaveArrived == true)
                guard isPassing, attempts > 0, try abort(whole: false) else { throw error }
                usleep(useconds_t(client.patience.pause * 1_000_000))
            }
        }
    }

    /// The upload that a record describes; nil for one to another store.
    init?(_ upload: Upload, _ client: S3Client) {
        let parts = upload.pendingURL.split(separator: "?", maxSplits: 1)
        guard parts.count == 2, client.endpoint.key(of: String(parts[0])) == upload.image.text, upload.image.isUUID else { return nil }
        var (token, id): (String?, String?)
        var isSingle = false
        for field in parts[1].split(separator: "&") {
            if field == "single" { isSingle = true }
            if field.hasPrefix("token=") { token = String(field.dropFirst(6)) }
            if field.hasPrefix("upload=") { id = percentDecoded(field.dropFirst(7)) }
        }
        guard let token, isUploadToken(token) else { return nil }
        self.init(image: upload.image, token: token, id: id, client)
        self.isSingle = isSingle
    }

    private init(image: ImageID, token: String, id: String?, _ client: S3Client) {
        (self.image, self.token, self.id, self.client) = (image, token, id, client)
    }

    // MARK: parts

    /// The header with the checksum of a body.
    ///
    /// - Parameter digest: the body's SHA-256 in hexadecimal.
    static func checksum(_ digest: String) -> (name: String, value: String) {
        ("x-amz-checksum-sha256", Digest.base64(ofHexadecimal: digest))
    }

    /// The fault of a request that the server refused.
    func refusal(_ trouble: S3Trouble) -> Fault {
        guard trouble.code == "NoSuchUpload" else { return trouble.fault(of: client.store) }
        return Fault(.unavailable, "The upload to the store '\(client.store)' was taken back meanwhile.", cause: trouble)
    }

    // MARK: taking back

    /// Ends the multipart upload, so that it takes no more parts and cannot be completed. One that has ended is no error.
    ///
    /// - Parameter whole: whether also parts that are on their way are to be removed, which one request cannot.
    /// - Returns: false if it is not known yet which multipart upload is meant.
    func abort(whole: Bool) throws(Fault) -> Bool {
        let found: [String]?
        if let id { found = [id] } else { found = try idsByMark() }
        guard let ids = found else { return false }
        for id in ids {
            for _ in 0..<(whole ? 2 : 1) where try !abort(id) { break }
        }
        return true
    }

    /// - Returns: false if there is no such multipart upload.
    private func abort(_ id: String) throws(Fault) -> Bool {
        let reply = try client.send("DELETE", key, query: [("uploadId", id)])
        guard !(200...204 ~= reply.status) else { return true }
        let trouble = S3Trouble(reply)
        guard reply.status == 404, !trouble.isMissingBucket else { throw trouble.fault(of: client.store) }
        return false
    }

    /// The ids of the upload that the mark belongs to: the one in it. If the service died before it wrote that, all those of the image that
    /// no other mark names.
    ///
    /// - Returns: nil if another upload of the image is just beginning, whose mark does not name it yet.
    private func idsByMark() throws(Fault) -> [String]? {
        guard let own = try content(of: mark) else { return [] }
        guard ![Content.single, Content.takenBack].contains(own) else { return [] }
        guard own.isEmpty else { return [own] }
        var named: Set<String> = []
        for other in try Self.marks(of: client, image: image) where other.token != token {
            let id = try content(of: S3Upload(image: image, token: other.token, id: nil, client).mark)
            if id == "", other.age < Self.beginning { return nil }
            if let id { named.insert(id) }
        }
        let answer = try client.document("GET", nil, query: [("uploads", ""), ("prefix", key)]).document
        return answer.all("Upload").filter { $0["Key"] == key }.compactMap { $0["UploadId"] }.filter { !named.contains($0) }
    }

    /// Seconds after which an upload is no longer just beginning.
    private static let beginning = 300

    /// Removes the object that this upload made; that of another stays.
    ///
    /// - Returns: whether it was there.
    @discardableResult
    func removeObject() throws(Fault) -> Bool {
        guard let object = try S3Object(key, client), object.token == token else { return false }
        try S3Object.remove(key, tag: object.tag, client)
        return true
    }

    /// Removes all that the upload left, committed or not. Without its mark a multipart upload was confirmed, or taken back already. Where it is
    /// not known yet, the mark stays for the sweeper. A single PUT is not confirmed as long as the database has its record.
    func takeBack() throws(Fault) {
        if isSingle { return try takeBackObject(mayArriveLate: true) }
        let own = try content(of: mark)
        guard try abort(whole: true), let own else { return }
        let wasThere = try removeObject()
        // Of an earlier release, whose URLs did not say that it is a single PUT.
        if own == Content.single, !wasThere { try expectLateObject() } else { try removeMark() }
    }

    /// Removes the object of a single PUT.
    ///
    /// - Parameter mayArriveLate: whether the request that makes it may be on its way still. Then the sweeper looks later for what is not there.
    func takeBackObject(mayArriveLate: Bool) throws(Fault) {
        if try !removeObject(), mayArriveLate { try expectLateObject() }
    }

    /// Removes what is unfinished of the upload: not an object that a record may refer to.
    func takeBackPending() throws(Fault) {
        if try content(of: mark) == Content.takenBack { try removeObject() } else if try !abort(whole: true) { return }
        try removeMark()
    }

    /// Has the sweeper look later for the object of a single PUT.
    private func expectLateObject() throws(Fault) { try writeMark(Content.takenBack) }

    // MARK: marks

    /// Writes the id of the multipart upload into the mark.
    ///
    /// - Parameter mayRepeat: asked before it is sent again.
    func nameInMark(mayRepeat: () -> Bool) throws(Fault) { try writeMark(id ?? "", mayRepeat: mayRepeat) }

    private func writeMark(_ id: String, mayRepeat: () -> Bool = { true }) throws(Fault) {
        _ = try client.succeed("PUT", mark, body: Array(id.utf8), mayRepeat: mayRepeat)
    }

    func removeMark() throws(Fault) { try S3Object.remove(mark, tag: nil, client) }

    private func content(of mark: String) throws(Fault) -> String? {
        let reply = try client.send("GET", mark, longest: 4096)
        if reply.status == 200 { return String(decoding: reply.body, as: UTF8.self) }
        let trouble = S3Trouble(reply)
        guard reply.status == 404, !trouble.isMissingBucket else { throw trouble.fault(of: client.store) }
        return nil
    }

    /// A mark in the bucket.
    struct Mark {
        let image: ImageID
        let token: String
        /// Seconds since it was written, by the server's clock.
        let age: Int
    }

    /// - Parameter image: nil for those of all images.
    static func marks(of client: S3Client, image: ImageID? = nil) throws(Fault) -> [Mark] {
        var (marks, more): ([Mark], String?) = ([], nil)
        // A server whose answers never say that they are the last would be asked for ever.
        for _ in 0..<mostPages {
            var query = [("list-type", "2"), ("prefix", image.map { "\(prefix)\($0)." } ?? prefix)]
            if let more { query.append(("continuation-token", more)) }
            let (document, reply) = try client.document("GET", nil, query: query)
            let now = reply.serverTime ?? time(nil)
            for entry in document.all("Contents") {
                guard let key = entry["Key"], key.hasPrefix(prefix), let written = entry["LastModified"].flatMap(CivilTime.init(prefixOf:))
                else { continue }
                let parts = key.dropFirst(prefix.count).split(separator: ".", omittingEmptySubsequences: false)
                guard parts.count == 2, isUploadToken(parts[1]), ImageID(String(parts[0])).isUUID else { continue }
                marks.append(Mark(image: ImageID(String(parts[0])), token: String(parts[1]), age: now - written.seconds))
            }
            more = document["IsTruncated"] == "true" ? document["NextContinuationToken"] : nil
            if more == nil || marks.count >= most { return marks }
        }
        throw Fault(.unavailable, "The store '\(client.store)' cannot be used now: its list of objects does not end.")
    }

    /// As many marks, and answers of a listing, as are looked at; more uploads at once are not to be expected.
    private static let (most, mostPages) = (10_000, 1000)
}
