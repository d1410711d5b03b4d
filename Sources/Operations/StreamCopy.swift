package import Domain
package import Threading

/// Copies one stream of image data to several readers at once.
package struct StreamCopy {
    private let limits: ImageLimits
    /// The number of bytes that will come; nil when it is unknown.
    private let announced: Int64?
    /// The remaining quota in bytes, and its claim.
    private let remaining: (bytes: Int64, claim: QuotaClaim)?

    /// Makes a copy of its limits.
    package init(limits: ImageLimits, announced: Int64?, remaining: Int64? = nil, of claim: QuotaClaim? = nil) {
        (self.limits, self.announced) = (limits, announced)
        self.remaining = if let remaining, let claim { (remaining, claim) } else { nil }
    }

    /// Reads to the end of the stream. Chunks of 512 KiB go to the readers, which run in parallel; memory does not grow with the stream.
    ///
    /// - Parameters:
    ///   - isSlowAllowed: whether the lowest rate of a client does not apply.
    ///   - check: called at every piece, and each second while none comes, with the number of bytes so far; throws to end the copy.
    /// - Returns: the number of bytes.
    /// - Throws: what the source, a reader or `check` throws; `.invalid` for fewer or more bytes than announced, `.tooLarge` past the size
    ///   limit or the remaining quota, `.tooSlow` for a stream below the lowest rate.
    package func run(
        from source: any ByteStream, to readers: [StreamTee<Fault>.Reader], isSlowAllowed: Bool = false,
        while check: (_ size: Int64) throws(Fault) -> Void
    ) throws(Fault) -> Int64 {
        let tee = try StreamTee<Fault>(buffersOf: 512 * 1024, count: 4, readers: readers, orThrow: Fault.noThread)
        defer { tee.cancel() }
        // Bytes beyond the announced number are read to their end and dropped. They may exceed a limit too, and the fault must not depend
        // on the pieces in which they arrive.
        var isMore = false
        var pace = Pace(over: ImageLimits.rateWindow)
        var size: Int64 = 0
        func checkPace() throws(Fault) {
            if !isSlowAllowed { try limits.check(received: pace.bytes, in: pace.seconds) }
        }
        while true {
            let buffer = try tee.nextBuffer()
            var count = 0
            while count < buffer.count {
                var asked = monotonicSeconds()
                func noteWait() {
                    let now = monotonicSeconds()
                    pace.wait(now - asked)
                    asked = now
                }
                var found = try Self.read(source, into: buffer, from: count)
                while found == nil {
                    noteWait()
                    try check(size)
                    try checkPace()
                    found = try Self.read(source, into: buffer, from: count)
                }
                noteWait()
                guard let read = found, read > 0 else { break }
                (count, size) = (count + read, size + Int64(read))
                pace.add(Int64(read))
                try check(size)
                try limits.check(size: size)
                if let remaining, size > remaining.bytes { throw Self.overQuota(remaining.claim, remaining.bytes, for: size) }
                try checkPace()
                if let announced, size > announced { isMore = true }
                if isMore { count = 0 }
            }
            if count == 0 { break }
            try tee.submit(count)
        }
        if let announced, isMore { throw Self.wrongSize(announced, received: "more") }
        if let announced, size < announced { throw Self.wrongSize(announced, received: "\(size)") }
        try tee.finish()
        return size
    }

    /// - Returns: nil when nothing came within a second.
    private static func read(
        _ source: any ByteStream, into buffer: UnsafeMutableRawBufferPointer, from start: Int
    ) throws(Fault) -> Int? {
        do throws(StreamError) {
            return try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]), waitingAtMost: 1)
        } catch {
            throw error.fault
        }
    }

    private static func wrongSize(_ announced: Int64, received: String) -> Fault {
        Fault(.invalid, "The size of the data does not match: \(announced) bytes were announced, \(received) received.")
    }

    private static func overQuota(_ claim: QuotaClaim, _ remaining: Int64, for size: Int64) -> Fault {
        let isStaged = claim.staged != 0
        let limit = (isStaged ? claim.limits.imageStageTotal : claim.limits.imageSizeTotal) ?? 0
        return .overLimit(isStaged ? "image_stage_total" : "image_size_total", used: limit - remaining, limit: limit, asked: size, "bytes")
    }
}

extension Fault {
    /// The fault when the system can create no further thread, or has no memory for one.
    static func noThread(_ cause: ThreadUnavailable) -> Fault {
        Fault(.unavailable, "The service cannot create a thread for this request now; try again later.", cause: cause)
    }
}
