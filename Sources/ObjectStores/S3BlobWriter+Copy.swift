internal import Domain
internal import HTTPClient
internal import Glibc
internal import Text
internal import Threading

/// Copies on the server's side, by `UploadPartCopy`, within the writer's multipart upload: so all that makes an upload safe stays as it is. The
/// data of a single PUT are sent.
///
/// Source: Amazon S3 API Reference, "UploadPartCopy"; Amazon S3 User Guide, "Copying an object using multipart upload".
extension S3BlobWriter {
    func take(dataAt url: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
        guard isUntouched, !isSingle, size > 0, let source = try S3CopySource(url, size: size, for: client) else { return false }
        if isCancelled() { throw .copyCancelled() }
        let copy = S3Copy(of: source, in: upload, partSize: copyPartSize)
        beginCopy()
        // The first part tells whether the server can copy, and this key may read there.
        guard try copy.begin() else { return false }
        take(try copy.run(threads: threads, isCancelled), of: size)
        return true
    }

    /// Parts cannot be read before the upload is completed, so that is done now, and the object itself is read. The digests are thus those
    /// of what the server keeps.
    func taken() throws(Fault) -> any ByteStream { try S3Reader(try finishCopy(), from: 0, client) }
}

/// An object on the server of the store that copies it.
private struct S3CopySource: Sendable {
    /// Bucket and key, as `x-amz-copy-source` has them.
    let place: String
    /// The `ETag`: parts of another object that comes in its place are refused.
    let tag: String
    let size: Int64
    private let key: String
    private let client: S3Client

    /// - Returns: nil for what is on another server, is not there, has another size, or cannot be read with the store's key.
    init?(_ url: String, size: Int64, for client: S3Client) throws(Fault) {
        guard let (bucket, key) = client.endpoint.neighbour(of: url) else { return nil }
        (self.client, self.key, self.size) = (client.asking(bucket), key, size)
        place = "/\(percentEncoded(bucket.bucket))/\(percentEncoded(key))"
        let reply = try self.client.send("HEAD", key)
        guard reply.status == 200, reply.headers["Content-Length"].flatMap({ Int64($0) }) == size, let tag = reply.headers["ETag"] else {
            return nil
        }
        self.tag = tag
    }

    /// Checks that it is the same object still, for servers that do not obey a condition (RGW 16).
    func check() throws(Fault) {
        let reply = try client.send("HEAD", key)
        guard reply.status == 200, reply.headers["ETag"] == tag else { throw .sourceChanged(of: client.store, S3Trouble(reply)) }
    }
}

/// The parts of one copy, which threads of its own have the server make.
private final class S3Copy: Sendable {
    private let source: S3CopySource
    private let upload: S3Upload
    private let partSize: Int64
    private let count: Int
    private let progress = Monitor(Progress())

    private struct Progress {
        /// The number of the next part.
        var next = 1
        var threads = 0
        var parts: [SentPart] = []
        var failure: Fault?
        /// Whether parts are no longer wanted.
        var isStopped = false
    }

    private var client: S3Client { upload.client }

    init(of source: S3CopySource, in upload: S3Upload, partSize: Int) {
        (self.source, self.upload) = (source, upload)
        // Whole mebibytes.
        let needed = ((source.size / Int64(S3PartSizes.most)) >> 20 + 1) << 20
        self.partSize = max(Int64(partSize), needed)
        count = Int((source.size + self.partSize - 1) / self.partSize)
    }

    /// Copies the first part.
    ///
    /// - Returns: false if the server refuses it for good; sent bytes may then take its place.
    func begin() throws(Fault) -> Bool {
        switch try copied(1) {
        case .part(let part):
            progress.with { ($0.next, $0.parts) = (2, [part]) }
            return true
        case .refused(let trouble):
            let fault = refusal(trouble)
            if trouble.code == "NoSuchUpload" || trouble.isPassing || fault.kind == .tooLarge { throw fault }
            return false
        }
    }

    /// Copies the other parts, and waits for them.
    func run(threads: Int, _ isCancelled: () -> Bool) throws(Fault) -> [SentPart] {
        for _ in 0..<min(threads, count - 1) {
            progress.with { $0.threads += 1 }
            do throws(ThreadUnavailable) {
                try Thread.start { [self] in
                    while copyNext() {}
                    progress.with { $0.threads -= 1 }
                }
            } catch {
                progress.with { $0.threads -= 1 }
                break
            }
        }
        var isGone = false
        repeat {
            isGone = isGone || isCancelled()
            if isGone { progress.with { $0.isStopped = true } }
            // Without a thread of its own.
            while !isGone, progress.with({ $0.threads == 0 }), copyNext() { isGone = isCancelled() }
        } while progress.wait(atMost: 0.5, for: { $0.threads == 0 ? () : nil }) == nil
        if isGone { throw .copyCancelled() }
        let (parts, failure) = progress.with { ($0.parts, $0.failure) }
        if let failure { throw failure }
        try source.check()
        return parts
    }

    /// - Returns: false if there is no part left to copy.
    private func copyNext() -> Bool {
        let number = progress.with { state -> Int? in
            guard !state.isStopped, state.next <= count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
        guard let number else { return false }
        do throws(Fault) {
            switch try copied(number) {
            case .part(let part): progress.with { $0.parts.append(part) }
            case .refused(let trouble): throw refusal(trouble)
            }
        } catch {
            progress.with { ($0.failure, $0.isStopped) = ($0.failure ?? error, true) }
        }
        return true
    }

    private enum Outcome {
        case part(SentPart)
        case refused(S3Trouble)
    }

    private func copied(_ number: Int) throws(Fault) -> Outcome {
        let start = Int64(number - 1) * partSize
        let end = min(start + partSize, source.size) - 1
        var headers = [("x-amz-copy-source", source.place), ("x-amz-copy-source-if-match", source.tag)]
        // Of an object of 5 MiB or less S3 copies no range.
        if count > 1 { headers.append(("x-amz-copy-source-range", "bytes=\(start)-\(end)")) }
        var pause = client.patience.pause
        for attempt in 1... {
            let reply = try client.send(
                "PUT", upload.key, query: [("partNumber", String(number)), ("uploadId", upload.id ?? "")], headers: headers, body: []
            ) { !isStopped }
            let document = XMLElement(parsing: reply.body)
            let trouble = S3Trouble(reply)
            // A server that begins to answer before it has copied says in the body what went wrong.
            if reply.status == 200, trouble.code.isEmpty {
                // One that does not know the header would have taken an empty part.
                guard let tag = document?["ETag"] else { return .refused(trouble) }
                let checksum = document?["ChecksumSHA256"]
                if upload.hasChecksums, checksum == nil { return .refused(trouble) }
                return .part(SentPart(number: number, tag: tag, checksum: upload.hasChecksums ? checksum : nil))
            }
            guard reply.status == 200, trouble.isPassing, attempt < client.patience.attempts, !isStopped else { return .refused(trouble) }
            usleep(useconds_t(pause * 1_000_000))
            pause *= 2
        }
        fatalError("the last attempt returns")
    }

    private var isStopped: Bool { progress.with(\.isStopped) }

    private func refusal(_ trouble: S3Trouble) -> Fault {
        switch (trouble.status, trouble.code) {
        case (_, "NoSuchUpload"):
            Fault(.unavailable, "The upload to the store '\(client.store)' was taken back meanwhile.", cause: trouble)
        case (412, _), (_, "NoSuchKey"), (_, "PreconditionFailed"):
            .sourceChanged(of: client.store, trouble)
        default: trouble.fault(of: client.store)
        }
    }
}

extension Fault {
    fileprivate static func copyCancelled() -> Fault { Fault(.gone, "The copy was cancelled.") }

    fileprivate static func sourceChanged(of store: String, _ trouble: S3Trouble) -> Fault {
        Fault(.unavailable, "The image's data changed while the store '\(store)' copied them.", cause: trouble)
    }
}
