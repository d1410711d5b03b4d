/// Unpacks a stream in bounded memory. A stream without a packing passes unchanged; of several nested packings the outermost is removed.
///
/// The reader must limit the output: it may be a thousand times as large as the input.
package final class Unpacker<Failure: Error> {
    /// Reads some bytes; returns 0 at the end.
    package typealias Source = (UnsafeMutableRawBufferPointer) throws(Failure) -> Int

    private let source: Source
    private let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    /// The range of the storage that was read and not decoded yet.
    private var window = 0..<0
    private var hasEnded = false
    private var hasBegun = false
    private var decoder: (any Decoder)?
    /// The packing; nil when there is none, and before the first reading.
    package private(set) var packing: Packing?

    /// Makes an unpacker of a source.
    package init(_ source: @escaping Source) { self.source = source }

    deinit { storage.deallocate() }

    /// Reads some bytes.
    ///
    /// - Returns: 0 at the end; only then all data was valid.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(UnpackingError<Failure>) -> Int {
        guard !buffer.isEmpty else { return 0 }
        if !hasBegun { try begin() }
        guard let decoder else { return try readAsItIs(into: buffer) }
        while true {
            if window.isEmpty && !hasEnded { try fill() }
            let step: (consumed: Int, produced: Int)
            do throws(Flaw) {
                step = try decoder.decode(UnsafeRawBufferPointer(rebasing: storage[window]), isLast: hasEnded, into: buffer)
            } catch {
                throw .flaw(error.words)
            }
            window = (window.lowerBound + step.consumed)..<window.upperBound
            if step.produced > 0 { return step.produced }
            guard hasEnded && window.isEmpty else { continue }
            guard decoder.isWhole else { throw .flaw("The \(packing?.rawValue ?? "packed") data end too early.") }
            return 0
        }
    }

    private func begin() throws(UnpackingError<Failure>) {
        while window.count < Packing.beginning && !hasEnded { try fill() }
        hasBegun = true
        packing = Packing(storage[window])
        decoder =
            switch packing {
            case .gzip: GzipDecoder()
            case .bzip2: Bzip2Decoder()
            case .xz: XZDecoder()
            case .zstd: ZstdDecoder()
            case .zip: ZipDecoder()
            case nil: nil
            }
    }

    private func readAsItIs(into buffer: UnsafeMutableRawBufferPointer) throws(UnpackingError<Failure>) -> Int {
        guard !window.isEmpty else { return hasEnded ? 0 : try ask(buffer) }
        let count = min(window.count, buffer.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[window.prefix(count)]))
        window = window.dropFirst(count)
        return count
    }

    /// Reads more input behind the window, which is empty or begins at the start of the storage.
    private func fill() throws(UnpackingError<Failure>) {
        if window.isEmpty { window = 0..<0 }
        let count = try ask(UnsafeMutableRawBufferPointer(rebasing: storage[window.upperBound...]))
        if count == 0 { hasEnded = true }
        window = window.lowerBound..<(window.upperBound + count)
    }

    private func ask(_ buffer: UnsafeMutableRawBufferPointer) throws(UnpackingError<Failure>) -> Int {
        do throws(Failure) {
            return try source(buffer)
        } catch {
            throw .source(error)
        }
    }
}

/// Decodes one packing piece by piece.
protocol Decoder: AnyObject {
    /// Whether the data so far is complete.
    var isWhole: Bool { get }

    /// - Parameter isLast: whether no further input follows.
    /// - Returns: the number of bytes that were taken from the input, and of those that were produced. If none were produced, all input was
    ///   taken.
    func decode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(Flaw) -> (consumed: Int, produced: Int)
}
