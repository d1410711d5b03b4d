internal import Cryptography
internal import Domain
internal import HTTPClient
internal import Text
internal import Threading

/// The requests of one upload that are under way, each sent by a thread of its own, and what came of them.
///
/// The threads keep this object, and not the writer. So a writer that is let go takes the upload back before its owner goes on; if threads
/// kept the writer, the last of them would do that at some later time.
final class S3Sending: Sendable {
    private let upload: S3Upload
    private let state = Monitor(State())

    private struct State {
        /// Requests under way, and the bytes of the parts among them.
        var (count, bytes) = (0, 0)
        /// The parts that arrived, by their numbers.
        var parts: [Int: SentPart] = [:]
        /// Why the upload cannot be completed.
        var failure: Fault?
        /// Whether the upload is being taken back, so that nothing is sent again.
        var isStopped = false
        /// Memory of parts that were sent.
        var spare: [PartBuffer] = []

        /// The memory of a part that was sent, for one of this size. What has another size is freed: parts only grow.
        mutating func reused(of size: Int) -> PartBuffer? {
            while let last = spare.popLast() { if last.capacity == size { return last } }
            return nil
        }
    }

    init(_ upload: S3Upload) { self.upload = upload }

    // MARK: parts

    /// Has a thread send a full part, once there is room for it and the next one.
    ///
    /// - Parameters:
    ///   - next: the size of the next part.
    ///   - threads: the most requests at once.
    /// - Returns: the memory of a part that was sent, for the next one; nil if there is none.
    /// - Throws: the failure of an earlier request.
    func begin(_ full: PartBuffer, _ number: Int, next: Int, threads: Int) throws(Fault) -> PartBuffer? {
        let count = full.count
        let room = state.wait { state -> Result<PartBuffer?, Fault>? in
            if let failure = state.failure { return .failure(failure) }
            guard state.count == 0 || state.count < threads && state.bytes + count + next <= S3PartSizes.memory else { return nil }
            state.count += 1
            state.bytes += count
            return .success(state.reused(of: next))
        }
        let memory = try room.get()
        do throws(ThreadUnavailable) { try Thread.start { [self] in send(full, number) } } catch { send(full, number) }
        return memory
    }

    /// Sends a full part before the next one is filled: there is no room for two.
    ///
    /// - Returns: its memory, if the next part fits it.
    /// - Throws: the failure of an earlier request.
    func sendAlone(_ full: PartBuffer, _ number: Int, next: Int) throws(Fault) -> PartBuffer? {
        wait()
        let failure = state.with { state -> Fault? in
            guard state.failure == nil else { return state.failure }
            (state.count, state.bytes, state.spare) = (1, full.count, [])
            return nil
        }
        if let failure { throw failure }
        send(full, number)
        return state.with { $0.reused(of: next) }
    }

    /// Sends a part that counts as under way.
    private func send(_ full: PartBuffer, _ number: Int) {
        let count = full.count
        put(full.bytes, number)
        full.removeAll()
        state.with { state in
            state.count -= 1
            state.bytes -= count
            if !state.isStopped { state.spare.append(full) }
        }
    }

    /// Sends a part by the caller's thread, and notes what came of it.
    func put(_ body: UnsafeRawBufferPointer, _ number: Int) {
        do throws(Fault) {
            let part = try sent(body, number)
            state.with { $0.parts[number] = part }
        } catch {
            fail(error)
        }
    }

    private func sent(_ body: UnsafeRawBufferPointer, _ number: Int) throws(Fault) -> SentPart {
        let digest = upload.hasChecksums ? Digest.sha256(of: body) : nil
        let checksum = digest.map(S3Upload.checksum)
        let reply = try upload.client.send(
            "PUT", upload.key, query: [("partNumber", String(number)), ("uploadId", upload.id ?? "")],
            headers: checksum.map { [$0] } ?? [], body: body, digest: digest
        ) { isWanted }
        guard reply.status == 200, let tag = reply.headers["ETag"] else { throw upload.refusal(S3Trouble(reply)) }
        return SentPart(number: number, tag: tag, checksum: checksum?.value)
    }

    /// Notes parts that the server copied.
    func note(_ copied: [SentPart]) {
        state.with { $0.parts = Dictionary(uniqueKeysWithValues: copied.map { ($0.number, $0) }) }
    }

    /// Waits for all requests.
    ///
    /// - Returns: the parts by their numbers.
    /// - Throws: the first failure, without waiting for the others.
    func parts() throws(Fault) -> [SentPart] {
        let parts = state.wait { state -> Result<[SentPart], Fault>? in
            if let failure = state.failure { return .failure(failure) }
            guard state.count == 0 else { return nil }
            state.spare = []
            return .success(state.parts.values.sorted { $0.number < $1.number })
        }
        return try parts.get()
    }

    // MARK: other requests

    /// Has a thread send a request, beside the parts. If it fails, the upload does.
    ///
    /// - Parameter request: gets a question whether it may be sent again.
    func beside(_ request: @escaping @Sendable (_ isWanted: () -> Bool) throws(Fault) -> Void) {
        state.with { $0.count += 1 }
        let run: @Sendable () -> Void = { [self] in
            do throws(Fault) { try request { isWanted } } catch { fail(error) }
            state.with { $0.count -= 1 }
        }
        do throws(ThreadUnavailable) { try Thread.start(run) } catch { run() }
    }

    private func fail(_ failure: Fault) { state.with { $0.failure = $0.failure ?? failure } }

    // MARK: the end

    private var isWanted: Bool { state.with { !$0.isStopped } }

    /// Has nothing sent again from now on.
    ///
    /// - Returns: whether a part may arrive still: one is under way, or no answer has told what became of it.
    func stop() -> Bool {
        state.with { state in
            (state.isStopped, state.spare) = (true, [])
            return state.count > 0 || state.failure != nil
        }
    }

    /// Waits for all requests, whatever comes of them.
    func wait() { state.wait { $0.count == 0 ? () : nil } }
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
        return "<Part><PartNumber>\(number)</PartNumber><ETag>\(escapedForHTML(tag))</ETag>\(sum)</Part>"
    }
}
