internal import Cryptography
internal import Domain
internal import HTTPClient
internal import Logging
internal import Threading

/// Writes an image as a multipart upload, or as a single PUT. Parts are gathered in memory and sent by threads of their own, several at once.
final class S3BlobWriter: BlobWriter, @unchecked Sendable {
    let url: String
    let upload: S3Upload
    private let sizes: S3PartSizes
    let threads: Int
    /// Bytes of a part that the server copies.
    let copyPartSize: Int
    private let label: String?
    private let logger: Logger

    /// The part that is being filled, if it has begun, its number, and the bytes of all parts before it.
    private var part: PartBuffer?
    private var number = 1
    private var total: Int64 = 0
    private let sending: S3Sending
    /// Whether the server was asked to copy parts.
    private var hasBegunCopy = false

    private enum Stage { case open, completing, copied, committed, confirmed, discarded }
    private var stage = Stage.open
    /// The object may be there still, though it was discarded.
    private var isLeft = false
    /// Whether the single PUT may arrive yet: no answer came, or one that does not refuse it.
    private var mayArriveLate = false

    /// - Parameter label: the store of the resulting location; nil for a store without a name.
    init(_ upload: S3Upload, _ sizes: S3PartSizes, copied copyPartSize: Int, threads: Int, label: String?, logger: Logger) {
        self.copyPartSize = copyPartSize
        (self.upload, self.sizes, self.threads, self.label, self.logger) = (upload, sizes, max(1, threads), label, logger)
        (url, sending) = (upload.url, S3Sending(upload))
        // The data need not wait for this.
        if !isSingle { sending.beside { isWanted throws(Fault) in try upload.nameInMark(mayRepeat: isWanted) } }
    }

    /// Whether the upload is a single PUT.
    var isSingle: Bool { upload.isSingle }

    deinit { if [.open, .completing, .copied].contains(stage) { _ = discard() } }

    var client: S3Client { upload.client }

    // MARK: parts

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        var rest = bytes
        while !rest.isEmpty {
            if let part, part.isFull { try handOver(part) }
            if part == nil { part = try PartBuffer(sizes[number], store: client.store) }
            if let part { rest = part.append(rest) }
        }
    }

    /// Gives the full part to a thread, once there is room for it and the next.
    private func handOver(_ full: PartBuffer) throws(Fault) {
        guard number < S3PartSizes.most else { throw sizes.refusal }
        // The service itself drops such data before.
        guard !isSingle else { throw Fault(.invalid, "More data came than the \(sizes[1]) bytes of one part that were announced at most.") }
        let (number, count, next) = (number, full.count, sizes[number + 1])
        (part, self.number, total) = (nil, number + 1, total + Int64(count))
        part =
            count + next <= S3PartSizes.memory
            ? try sending.begin(full, number, next: next, threads: threads) : try sending.sendAlone(full, number, next: next)
    }

    /// The refusal of a request that makes the object only where there is none.
    private func refusalOfObject(_ trouble: S3Trouble) -> Fault {
        trouble.status == 412 || trouble.code == "ConditionalRequestConflict" ? .exists(in: client.store) : upload.refusal(trouble)
    }

    // MARK: commit

    func commit() throws(Fault) -> ImageLocation {
        if stage != .copied { try finish() }
        stage = .committed
        return ImageLocation(url: client.endpoint.location(of: upload.key), in: label)
    }

    private func finish() throws(Fault) {
        guard stage == .open else { throw Fault(.unavailable, "The upload to the store '\(client.store)' has ended.") }
        if isSingle { return try putWhole() }
        // Servers that do not know the condition by which the upload is completed would replace the object.
        sending.beside { [upload] _ throws(Fault) in
            guard try S3Object(upload.key, upload.client) == nil else { throw .exists(in: upload.client.store) }
        }
        let parts = try allParts()
        stage = .completing
        let outcome = complete(parts)
        // What the server says is not enough: the answer may be lost, and RGW calls an aborted upload complete if there is an object with
        // the same parts. Only the token tells whose it is.
        try checkObject(after: outcome)
    }

    /// - Parameter outcome: what the server said against the request that made the object; nil for nothing.
    private func checkObject(after outcome: Fault?) throws(Fault) {
        guard let object = try S3Object(upload.key, client), object.token == upload.token else {
            throw try { () throws(Fault) in
                if let outcome { return outcome }
                return try S3Object(upload.key, client) == nil
                    ? upload.refusal(S3Trouble(status: 404, code: "NoSuchUpload")) : .exists(in: client.store)
            }()
        }
        guard object.size == total else {
            throw Fault(.unavailable, "The store '\(client.store)' keeps \(object.size) bytes of \(total) that were sent.")
        }
    }

    /// Makes the object by one request, which the server refuses where there is one already.
    private func putWhole() throws(Fault) {
        let body = part?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
        var headers = S3Conditions.absent + [(S3Object.tokenHeader, upload.token)]
        let digest = upload.hasChecksums ? Digest.sha256(of: body) : nil
        if let digest { headers.append(S3Upload.checksum(digest)) }
        total = Int64(body.count)
        (stage, mayArriveLate) = (.completing, true)
        let outcome: Fault
        do throws(Fault) {
            let reply = try client.send("PUT", upload.key, headers: headers, body: body, digest: digest)
            mayArriveLate = reply.status >= 500
            guard reply.status != 200 else { return part = nil }
            // Also where the request was sent twice, since no answer came to the first.
            outcome = refusalOfObject(S3Trouble(reply))
        } catch {
            outcome = error
        }
        part = nil
        try checkObject(after: outcome)
    }

    /// Sends the last part, and waits for the others. An upload has one part at least, if an empty one.
    private func allParts() throws(Fault) -> [SentPart] {
        if number == 1 || part != nil {
            let bytes = part?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
            sending.put(bytes, number)
            total += Int64(bytes.count)
            part = nil
        }
        return try sending.parts()
    }

    /// - Returns: what kept the upload from being completed; nil if nothing did.
    private func complete(_ parts: [SentPart]) -> Fault? {
        let body = Array("<CompleteMultipartUpload>\(parts.map(\.document).joined())</CompleteMultipartUpload>".utf8)
        var headers = S3Conditions.absent
        var outcome: Fault?
        for _ in 0..<client.patience.attempts {
            let trouble: S3Trouble
            do throws(Fault) {
                let reply = try client.send("POST", upload.key, query: [("uploadId", upload.id ?? "")], headers: headers, body: body)
                // Amazon begins to answer before it is done, so a failure may have the status 200.
                trouble = S3Trouble(reply)
                if reply.status == 200, trouble.code.isEmpty { return nil }
            } catch {
                return error
            }
            outcome = refusalOfObject(trouble)
            if trouble.status == 501, !headers.isEmpty {
                headers = []
            } else if trouble.status != 200 {
                return outcome
            }
        }
        return outcome
    }

    // MARK: the end

    func confirm() {
        stage = .confirmed
        guard !isSingle else { return }
        // A mark that stays is removed by the sweeper.
        attempt("remove the mark of an upload") { () throws(Fault) in try upload.removeMark() }
    }

    func discard() -> Bool {
        guard stage != .discarded, stage != .confirmed else { return !isLeft }
        let mayBeThere = stage != .open
        stage = .discarded
        if isSingle {
            part = nil
            isLeft =
                mayBeThere
                && !attempt("take an upload back") { () throws(Fault) in try upload.takeBackObject(mayArriveLate: mayArriveLate) }
            return !isLeft
        }
        let mayGetParts = sending.stop() || hasBegunCopy
        part = nil
        var isGone = attempt("end an upload") { () throws(Fault) in _ = try upload.abort(whole: false) }
        sending.wait()
        // A part that was on its way may have arrived after the end.
        if mayGetParts { isGone = attempt("end an upload") { () throws(Fault) in _ = try upload.abort(whole: true) } && isGone }
        if mayBeThere {
            isLeft = !attempt("remove the data of an upload") { () throws(Fault) in try upload.removeObject() } || !isGone
        }
        if isGone, !isLeft { attempt("remove the mark of an upload") { () throws(Fault) in try upload.removeMark() } }
        return !isLeft
    }

    @discardableResult
    private func attempt(_ what: String, _ body: () throws(Fault) -> Void) -> Bool {
        do throws(Fault) {
            try body()
            return true
        } catch {
            logger.warning("the store '\(client.store)' does not \(what) of image \(upload.image) now: \(error)")
            return false
        }
    }
}

// MARK: parts that the server copied

extension S3BlobWriter {
    /// Whether no byte was appended yet.
    var isUntouched: Bool { stage == .open && number == 1 && part == nil }

    func beginCopy() { hasBegunCopy = true }

    /// Notes the parts of a whole image that the server has copied.
    func take(_ parts: [SentPart], of size: Int64) {
        sending.note(parts)
        (number, total) = (parts.count + 1, size)
    }

    /// Completes the upload, since parts cannot be read before. No record refers to the object, and the mark stays.
    ///
    /// - Returns: the object.
    func finishCopy() throws(Fault) -> S3Object {
        try finish()
        stage = .copied
        guard let object = try S3Object(upload.key, client) else { throw upload.refusal(S3Trouble(status: 404, code: "NoSuchUpload")) }
        return object
    }
}
