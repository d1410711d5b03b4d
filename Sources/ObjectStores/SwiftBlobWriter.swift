internal import Cryptography
internal import Domain
internal import Glibc
internal import HTTPClient
internal import JSONDocument
internal import Threading

/// Writes an image's object or its segments and manifest. One thread uses it; when it is dropped without a commit, nothing is left.
///
/// A segment is sent by a thread of its own while the next comes in. Both are in memory: 32 MiB at most, whatever the image's size.
final class SwiftBlobWriter: BlobWriter, @unchecked Sendable {
    let url: String
    private let store: SwiftStore
    private let upload: SwiftUpload
    private let account: SwiftAccount
    /// The bytes that were not sent yet; nil for none.
    private var piece: PartBuffer?
    private var segments = 0
    private var written: Int64 = 0
    private var sending: SegmentSending?
    /// Whether a request was sent that makes the data visible.
    private var mayBeVisible = false
    private var isDone = false

    init(_ upload: SwiftUpload, of store: SwiftStore, announcing size: Int64?) {
        (self.upload, self.store, account) = (upload, store, store.locations.main)
        url = store.locations.url(upload.container, upload.marker)
    }

    deinit {
        // A commit that was not confirmed may be recorded.
        if !mayBeVisible { _ = discard() }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        var left = bytes
        while !left.isEmpty {
            if let piece, piece.isFull { try send(piece) }
            if piece == nil { piece = try PartBuffer(store.settings.segmentSize, store: account.store) }
            if let piece { left = piece.append(left) }
        }
        written += Int64(bytes.count)
    }

    // MARK: segments

    /// Begins to send the bytes as a segment, once the one before has been sent.
    private func send(_ full: PartBuffer) throws(Fault) {
        try waitForSegment()
        guard segments < SwiftUpload.mostSegments else { throw store.tooMuch() }
        segments += 1
        let name = upload.segment(segments)
        piece = nil
        sending = SegmentSending { [account, store, upload] () throws(Fault) in
            let status = try Self.put(full, as: name, in: upload.container, of: account)
            guard 200...299 ~= status else { throw account.refusal(status, "PUT of a segment") }
            guard try store.isThere(upload, upload.marker) else { throw .takenBack() }
        }
    }

    private func waitForSegment() throws(Fault) {
        defer { sending = nil }
        try sending?.wait()
    }

    /// Writes an object. The server refuses it (422) if what came does not have the digest.
    ///
    /// - Returns: the status of the answer.
    private static func put(
        _ bytes: PartBuffer?, as name: String, in container: String, of account: SwiftAccount,
        _ headers: [(name: String, value: String)] = []
    ) throws(Fault) -> Int {
        // There is none in OpenSSL's FIPS mode.
        let digest = Digest("md5")
        if let bytes { digest?.update(bytes.bytes) }
        let sum = digest?.finish()
        var request = SwiftAccount.Request(
            "PUT", SwiftObject.path(container, name),
            [("Content-Type", "application/octet-stream")] + headers + (sum.map { [("ETag", $0)] } ?? []), body: bytes == nil ? [] : nil)
        request.data = bytes
        let reply = try account.send(request)
        guard 200...299 ~= reply.status, let sum, let answered = reply.headers["ETag"] else { return reply.status }
        guard answered.filter({ $0 != "\"" }).lowercased() == sum else {
            throw account.away("the digest of an object is \(answered.prefix(40)) instead of \(sum)")
        }
        return reply.status
    }

    // MARK: commit

    func commit() throws(Fault) -> ImageLocation {
        let isWhole = segments == 0 && (written < store.settings.largeObject || written == 0)
        if !isWhole, let piece { try send(piece) }
        try waitForSegment()
        guard try store.isThere(upload, upload.marker) else { throw .takenBack() }
        mayBeVisible = true
        let status = try makeVisible(isWhole)
        guard 200...299 ~= status else { throw account.refusal(status, "PUT of an image") }
        // A process that took the upload back in between did not see the object.
        guard try store.isThere(upload, upload.marker) else { throw .takenBack() }
        return ImageLocation(url: store.locations.url(upload.container, upload.stem), in: store.name)
    }

    /// Waits until the container lists all segments, of which an image of theirs consists.
    private func waitForListing() throws(Fault) {
        let end = monotonicSeconds() + store.settings.limits.listing
        while true {
            let items = try store.list(upload.container, prefix: upload.segments, in: account)
            let bytes = items.reduce(Int64(0)) { $0 &+ $1.bytes }
            if items.count == segments, bytes == written { return }
            guard monotonicSeconds() < end else {
                throw account.away("\(items.count) of \(segments) segments, \(bytes) of \(written) bytes are listed")
            }
            usleep(500_000)
        }
    }

    /// Gives the data their name.
    ///
    /// - Returns: the status of the answer.
    private func makeVisible(_ isWhole: Bool) throws(Fault) -> Int {
        let own = [(name: SwiftStore.sizeField, value: String(written))]
        if isWhole { return try Self.put(piece, as: upload.stem, in: upload.container, of: account, own) }
        let headers = own + [("Content-Type", "application/octet-stream")]
        if try putStaticManifest(headers) { return 201 }
        try waitForListing()
        let manifest = "\(SwiftObject.path(upload.container).dropFirst())/\(upload.segments)"
        return try account.send(
            .init("PUT", SwiftObject.path(upload.container, upload.stem), headers + [("X-Object-Manifest", manifest)], body: [])
        ).status
    }

    /// Writes a manifest that names each segment. What it says stays true whatever the container lists, and Swift reads it faster.
    ///
    /// - Returns: false where the server takes none; then a manifest of the other kind takes its place.
    private func putStaticManifest(_ headers: [(name: String, value: String)]) throws(Fault) -> Bool {
        guard segments <= SwiftUpload.mostOfStatic else { return false }
        let size = Int64(store.settings.segmentSize)
        let list = (1...segments).map { number -> JSON in
            [
                "path": .string("/\(upload.container)/\(upload.segment(number))"),
                "size_bytes": .int(number < segments ? size : written - size * Int64(segments - 1)),
            ]
        }
        let path = SwiftObject.path(upload.container, upload.stem)
        let put = try account.send(.init("PUT", path, query: "multipart-manifest=put", headers, body: Array(JSON.array(list).text)))
        guard 200...299 ~= put.status else { return false }
        // A server that does not know the query has written the list as an object.
        let reply = try account.send(.init("HEAD", path))
        return 200...299 ~= reply.status && SwiftStore.isStatic(reply) && reply.headers["Content-Length"] == String(written)
    }

    /// A marker that stays after an error is removed by the sweeper, which sees that the data have a name.
    func confirm() {
        isDone = true
        _ = try? store.delete(upload.container, upload.marker, in: account)
    }

    // MARK: discard

    func discard() -> Bool {
        guard !isDone else { return true }
        piece = nil
        try? waitForSegment()
        do throws(Fault) {
            for number in stride(from: 1, through: segments, by: 1) {
                try store.delete(upload.container, upload.segment(number), in: account)
            }
            if mayBeVisible { try store.delete(upload.container, upload.stem, in: account) }
            try store.delete(upload.container, upload.marker, in: account)
        } catch {
            // The marker stays, and leads the sweeper to the rest.
            isDone = !mayBeVisible
            return !mayBeVisible
        }
        isDone = true
        return true
    }
}

/// A segment that a thread sends.
private final class SegmentSending {
    private let outcome = Monitor<Result<Void, Fault>?>(nil)

    init(_ body: @escaping @Sendable () throws(Fault) -> Void) {
        let run: @Sendable () -> Void = { [outcome] in
            let result: Result<Void, Fault>
            do throws(Fault) {
                try body()
                result = .success(())
            } catch {
                result = .failure(error)
            }
            outcome.with { $0 = result }
        }
        do throws(ThreadUnavailable) { try Thread.start(run) } catch { run() }
    }

    func wait() throws(Fault) { try outcome.wait { $0 }.get() }
}

extension Fault {
    fileprivate static func takenBack() -> Fault { Fault(.conflict, "The upload was taken back before its data were whole.") }
}
