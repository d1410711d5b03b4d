internal import CPacking

/// Decodes a gzip file of one or several members. Source: RFC 1952.
final class GzipDecoder: Decoder {
    private let inflater = Inflater(windowBits: 15 + 16)
    private(set) var isWhole = false

    func decode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(Flaw) -> (consumed: Int, produced: Int) {
        var consumed = 0
        while consumed < input.count {
            if isWhole {
                inflater.restart()
                isWhole = false
            }
            let step = inflater.inflate(UnsafeRawBufferPointer(rebasing: input[consumed...]), into: output)
            guard step.isSound else { throw Flaw("The gzip data are damaged.") }
            consumed += step.consumed
            isWhole = step.isEnd
            if step.produced > 0 { return (consumed, step.produced) }
        }
        guard !isWhole else { return (consumed, 0) }
        let rest = inflater.inflate(UnsafeRawBufferPointer(start: nil, count: 0), into: output)
        isWhole = rest.isEnd
        return (consumed, rest.produced)
    }
}

/// A decoder of deflate by zlib.
final class Inflater {
    /// Allocated: zlib keeps the address of its stream and compares it in each call (`inflateStateCheck`).
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter windowBits: as in zlib: negative for bare deflate, plus 16 for gzip.
    init(windowBits: CInt) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard vitrine_inflate_begin(stream, windowBits) == Z_OK else { fatalError("zlib has no memory") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func restart() { inflateReset(stream) }

    /// - Returns: `isSound` is false for damaged data. Without input it returns the bytes that are still buffered.
    func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> (consumed: Int, produced: Int, isEnd: Bool, isSound: Bool) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: output.count)
        let capacity = stream.pointee.avail_out
        let code = CPacking.inflate(stream, Z_NO_FLUSH)
        return (
            input.count - Int(stream.pointee.avail_in), Int(capacity - stream.pointee.avail_out), code == Z_STREAM_END,
            [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(code)
        )
    }
}

/// Decodes a bzip2 file of one or several streams.
final class Bzip2Decoder: Decoder {
    /// Allocated: libbz2 keeps the address of its stream and compares it in each call.
    private let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)
    private(set) var isWhole = false

    init() { begin() }

    deinit {
        BZ2_bzDecompressEnd(stream)
        stream.deallocate()
    }

    private func begin() {
        stream.initialize(to: bz_stream())
        guard BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else { fatalError("bzip2 has no memory") }
    }

    func decode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(Flaw) -> (consumed: Int, produced: Int) {
        var consumed = 0
        while true {
            if isWhole {
                guard consumed < input.count else { return (consumed, 0) }
                BZ2_bzDecompressEnd(stream)
                begin()
                isWhole = false
            }
            let piece = UnsafeRawBufferPointer(rebasing: input[consumed...])
            stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress?.assumingMemoryBound(to: CChar.self))
            stream.pointee.avail_in = UInt32(piece.count)
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
            stream.pointee.avail_out = UInt32(clamping: output.count)
            let capacity = stream.pointee.avail_out
            let code = BZ2_bzDecompress(stream)
            guard code == BZ_OK || code == BZ_STREAM_END else { throw Flaw("The bzip2 data are damaged.") }
            consumed += piece.count - Int(stream.pointee.avail_in)
            isWhole = code == BZ_STREAM_END
            let produced = Int(capacity - stream.pointee.avail_out)
            if produced > 0 || !isWhole { return (consumed, produced) }
        }
    }
}

/// The largest window of previous output that a decoder may keep, in bytes.
private let largestWindow = 128 << 20

/// Decodes an xz file of one or several streams.
final class XZDecoder: Decoder {
    /// Allocated like the others, whether or not liblzma compares the address.
    private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
    private(set) var isWhole = false

    init() {
        stream.initialize(to: lzma_stream())
        guard lzma_stream_decoder(stream, UInt64(largestWindow), vitrine_lzma_concatenated) == LZMA_OK else {
            fatalError("liblzma has no memory")
        }
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    func decode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(Flaw) -> (consumed: Int, produced: Int) {
        guard !isWhole else { return (0, 0) }
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = input.count
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = output.count
        let code = lzma_code(stream, isLast ? LZMA_FINISH : LZMA_RUN)
        switch code {
        // There was no input, and nothing was buffered.
        case LZMA_OK, LZMA_BUF_ERROR: break
        case LZMA_STREAM_END: isWhole = true
        case LZMA_MEMLIMIT_ERROR, LZMA_MEM_ERROR: throw Flaw("The xz data need more than 128 MiB to be unpacked.")
        default: throw Flaw("The xz data are damaged.")
        }
        return (input.count - stream.pointee.avail_in, output.count - stream.pointee.avail_out)
    }
}

/// Decodes Zstandard frames. Source: RFC 8878.
final class ZstdDecoder: Decoder {
    private let context: OpaquePointer
    private(set) var isWhole = false
    /// The header of the current frame, and the number of bytes that it has produced.
    private var head: [UInt8] = []
    private var came: UInt64 = 0

    /// The largest size of a frame's header in bytes.
    private static let longestHead = 18

    init() {
        guard let context = ZSTD_createDCtx() else { fatalError("zstd has no memory") }
        self.context = context
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    }

    deinit { ZSTD_freeDCtx(context) }

    func decode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(Flaw) -> (consumed: Int, produced: Int) {
        var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        repeat {
            if isWhole {
                // Between two frames and without further input, the library would begin to wait for the next frame.
                if from.pos == from.size { break }
                (head, came) = ([], 0)
            }
            let (before, given) = (from.pos, to.pos)
            let left = ZSTD_decompressStream(context, &to, &from)
            if ZSTD_isError(left) != 0 {
                let isTooLarge = ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge
                throw Flaw(isTooLarge ? "The zstd data need more than 128 MiB to be unpacked." : "The zstd data are damaged.")
            }
            head += input[before..<from.pos].prefix(Self.longestHead - head.count)
            came += UInt64(to.pos - given)
            isWhole = left == 0
            if isWhole { try checkSize() }
            if from.pos == before && to.pos == given { break }
        } while to.pos == 0
        return (from.pos, to.pos)
    }

    /// Checks a frame's size: the library does so only when it gets a whole frame at once.
    private func checkSize() throws(Flaw) {
        let said = ZSTD_getFrameContentSize(head, head.count)
        // The two largest values mean that the size is unknown.
        guard said >= UInt64.max - 1 || said == came else { throw Flaw("The zstd data are damaged.") }
    }
}
