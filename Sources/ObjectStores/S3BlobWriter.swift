internal import Cryptography
internal import Domain
internal import HTTPClient
internal import Logging
internal import Threading

/// Writes an image as a multipart upload, or as a single PUT. Parts are gathered in memory and sent by threads of their own, several at once.
final class S3BlobWriter: BlobWriter, @unchecked Sendable {
    let url: String
    let upload: S3Upload
    private let id: String
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
    private let sending = Monitor(Sending())
    /// Whether the server was asked to copy parts.
    private var hasBegunCopy = false

    private enum Stage { case open, completing, copied, committed, confirmed, discarded }
    private var stage = Stage.open
    /// The object may be there still, though it was discarded.
    private var isLeft = false
    /// Whether the single PUT may arrive yet: no answer came, or one that does not refuse it.
    private var mayArriveLate = false

    private struct Sending {
        /// Requests on their way, and the bytes of the parts among them.
        var (count, bytes) = (0, 0)
        /// The parts that arrived, by their numbers.
        var parts: [Int: SentPart] = [:]
        var failure: Fault?
        /// Whether parts are no longer wanted.
        var isStopped = false
        /// Memory of parts that were sent.
        var spare: [PartBuffer] = []

        /// The memory of a part that was sent, for one of this size. What has another size is freed: parts only grow.
        mutating func reused(of size: Int) -> PartBuffer? {
            while let last = spare.popLast() { if last.capacity == size { return last } }
            return nil
        }
    }

    /// - Parameter label: the store of the resulting location; nil for a store without a name.
    init(_ upload: S3Upload, _ sizes: S3PartSizes, copied copyPartSize: Int, threads: Int, label: String?, logger: Logger) {
        self.copyPartSize = copyPartSize
        (self.upload, self.sizes, self.threads, self.label, self.logger) = (upload, sizes, max(1, threads), label, logger)
        (url, id) = (upload.url, upload.id ?? "")
        // The data need not wait for this.
        if !isSingle { beside { () throws(Fault) in try upload.nameInMark() } }
    }

    /// Whether the upload is a single PUT.
    var isSingle: Bool { upload.id == nil }

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
        let (count, next) = (full.count, sizes[number + 1])
        guard count + next <= S3PartSizes.memory else { return try sendAlone(full) }
        let room = sending.wait { [threads] state -> Result<PartBuffer?, Fault>? in
            if let failure = state.failure { return .failure(failure) }
            guard state.count == 0 || state.count < threads && state.bytes + count + next <= S3PartSizes.memory else { return nil }
            state.count += 1
            state.bytes += count
            return .success(state.reused(of: next))
        }
        part = try room.get()
        let number = number
        self.number += 1
        total += Int64(count)
        do throws(ThreadUnavailable) {
            try Thread.start { [self] in send(full, number) }
        } catch {
            send(full, number)
        }
    }

    /// Sends the full part before the next one is filled, and in the same memory: there is no room for two.
    private func sendAlone(_ full: PartBuffer) throws(Fault) {
        waitForRequests()
        let failure = sending.with { state -> Fault? in
            guard state.failure == nil else { return state.failure }
            (state.count, state.bytes, state.spare) = (1, full.count, [])
            return nil
        }
        if let failure { throw failure }
        let number = number
        part = nil
        self.number += 1
        total += Int64(full.count)
        send(full, number)
        let next = sizes[self.number]
        part = sending.with { $0.reused(of: next) }
    }

    /// Sends a part and notes how that went.
    private func send(_ full: PartBuffer, _ number: Int) {
        var sent: SentPart?
        var failure: Fault?
        let count = full.count
        do throws(Fault) { sent = try put(full.bytes, number) } catch { failure = error }
        full.removeAll()
        sending.with { state in
            state.count -= 1
            state.bytes -= count
            state.parts[number] = sent
            state.failure = state.failure ?? failure
            if !state.isStopped { state.spare.append(full) }
        }
    }

    /// Sends a request by a thread of its own, beside the parts. If it fails, the upload does.
    private func beside(_ request: @escaping @Sendable () throws(Fault) -> Void) {
        sending.with { $0.count += 1 }
        let run: @Sendable () -> Void = { [sending] in
            var failure: Fault?
            do throws(Fault) { try request() } catch { failure = error }
            sending.with { state in
                state.count -= 1
                state.failure = state.failure ?? failure
            }
        }
        do throws(ThreadUnavailable) { try Thread.start(run) } catch { run() }
    }

    private func put(_ body: UnsafeRawBufferPointer, _ number: Int) throws(Fault) -> SentPart {
        let checksum = upload.hasChecksums ? Digest.base64SHA256(of: body) : nil
        let reply = try client.send(
            "PUT", upload.key, query: [("partNumber", String(number)), ("uploadId", id)],
            headers: checksum.map { [("x-amz-checksum-sha256", $0)] } ?? [], body: body
        ) { [sending] in sending.with { !$0.isStopped } }
        guard reply.status == 200, let tag = reply.headers["ETag"] else { throw refusal(S3Trouble(reply)) }
        return SentPart(number: number, tag: tag, checksum: checksum)
    }

    func refusal(_ trouble: S3Trouble) -> Fault {
        guard trouble.code == "NoSuchUpload" else { return trouble.fault(of: client.store) }
        return Fault(.unavailable, "The upload to the store '\(client.store)' was taken back meanwhile.", cause: trouble)
    }

    /// The refusal of a request that makes the object only where there is none.
    private func refusalOfObject(_ trouble: S3Trouble) -> Fault {
        trouble.status == 412 || trouble.code == "ConditionalRequestConflict" ? .exists(in: client.store) : refusal(trouble)
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
        beside { [upload] () throws(Fault) in
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
                    ? refusal(S3Trouble(status: 404, code: "NoSuchUpload")) : .exists(in: client.store)
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
        if upload.hasChecksums { headers.append(("x-amz-checksum-sha256", Digest.base64SHA256(of: body))) }
        total = Int64(body.count)
        (stage, mayArriveLate) = (.completing, true)
        let outcome: Fault
        do throws(Fault) {
            let reply = try client.send("PUT", upload.key, headers: headers, body: body)
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
            let sent = try put(bytes, number)
            total += Int64(bytes.count)
            part = nil
            let number = number
            sending.with { $0.parts[number] = sent }
        }
        waitForRequests()
        let (parts, failure) = sending.with { state in
            state.spare = []
            return (state.parts, state.failure)
        }
        if let failure { throw failure }
        return parts.values.sorted { $0.number < $1.number }
    }

    private func waitForRequests() { sending.wait { $0.count == 0 ? () : nil } }

    /// - Returns: what kept the upload from being completed; nil if nothing did.
    private func complete(_ parts: [SentPart]) -> Fault? {
        let body = Array("<CompleteMultipartUpload>\(parts.map(\.document).joined())</CompleteMultipartUpload>".utf8)
        var headers = S3Conditions.absent
        var outcome: Fault?
        for _ in 0..<client.patience.attempts {
            let trouble: S3Trouble
            do throws(Fault) {
                let reply = try client.send("POST", upload.key, query: [("uploadId", id)], headers: headers, body: body)
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
                !attempt("take an upload back") { () throws(Fault) in
                    let wasThere = mayBeThere ? try upload.removeObject() : false
                    if mayArriveLate, !wasThere { try upload.expectLateObject() } else { try upload.removeMark() }
                } && mayBeThere
            return !isLeft
        }
        let hadParts = sending.with { state in
            (state.isStopped, state.spare) = (true, [])
            return state.count > 0 || hasBegunCopy
        }
        part = nil
        var isGone = attempt("end an upload") { () throws(Fault) in try upload.abort(whole: false) }
        waitForRequests()
        // A part that was on its way may have arrived after the end.
        if hadParts { isGone = attempt("end an upload") { () throws(Fault) in try upload.abort(whole: true) } && isGone }
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
        sending.with { $0.parts = Dictionary(uniqueKeysWithValues: parts.map { ($0.number, $0) }) }
        (number, total) = (parts.count + 1, size)
    }

    /// Completes the upload, since parts cannot be read before. No record refers to the object, and the mark stays.
    ///
    /// - Returns: the object.
    func finishCopy() throws(Fault) -> S3Object {
        try finish()
        stage = .copied
        guard let object = try S3Object(upload.key, client) else { throw refusal(S3Trouble(status: 404, code: "NoSuchUpload")) }
        return object
    }
}

/// What the server said of a part.
struct SentPart: Sendable {
    let number: Int
    /// Its `ETag`.
    let tag: String
    let checksum: String?

    /// As the list of parts has it.
    var document: String {
        let sum = checksum.map { "<ChecksumSHA256>\($0)</ChecksumSHA256>" } ?? ""
        return "<Part><PartNumber>\(number)</PartNumber><ETag>\(xmlEscaped(tag))</ETag>\(sum)</Part>"
    }
}
