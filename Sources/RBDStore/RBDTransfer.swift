internal import CRBD
internal import Glibc
internal import Threading

/// A piece of memory, and one read or write of it under way. librbd's thread ends it; whoever started it may have left by then.
final class RBDTransfer: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    /// What came of it: a number of bytes, or an error as a negative number; nil while it is under way.
    private let result = Monitor<Int?>(nil)
    private var image: RBDImage?

    /// Takes memory from the system, to which it returns when the transfer goes: the C library would keep it.
    ///
    /// - Parameter size: of the memory, in bytes.
    /// - Throws: ENOMEM.
    init(size: Int) throws(CephError) {
        guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED else {
            throw CephError(code: ENOMEM, doing: "taking memory for an image's data")
        }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: size)
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }

    func read(_ count: Int, at offset: Int64, of image: RBDImage) throws(CephError) {
        let start = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
        try begin(on: image, "reading an image") { $1.rbd_aio_read($0, UInt64(offset), count, start, $2) }
    }

    func write(_ count: Int, at offset: Int64, of image: RBDImage) throws(CephError) {
        let start = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
        try begin(on: image, "writing an image") { $1.rbd_aio_write($0, UInt64(offset), count, start, $2) }
    }

    private func begin(
        on image: RBDImage, _ doing: String,
        _ transfer: (_ image: UnsafeMutableRawPointer, _ calls: vitrine_ceph, _ completion: UnsafeMutableRawPointer) -> CInt
    ) throws(CephError) {
        try image.call(doing) { raw, calls throws(CephError) in
            result.with { $0 = nil }
            self.image = image
            // Until its end, the transfer keeps itself, the memory and the image.
            let own = Unmanaged.passRetained(self)
            var made: UnsafeMutableRawPointer?
            let code = calls.rbd_aio_create_completion(
                own.toOpaque(),
                { completion, transfer in
                    Unmanaged<RBDTransfer>.fromOpaque(transfer!).takeRetainedValue().end(completion!)
                }, &made)
            guard code >= 0, let completion = made else {
                own.release()
                throw CephError(code: code < 0 ? -code : ENOMEM, doing: doing)
            }
            let begun = transfer(raw, calls, completion)
            guard begun >= 0 else {
                calls.rbd_aio_release(completion)
                own.release()
                throw CephError(code: -begun, doing: doing)
            }
        }
    }

    private func end(_ completion: UnsafeMutableRawPointer) {
        guard let image else { return }
        let calls = image.connection.calls.pointee
        let value = calls.rbd_aio_get_return_value(completion)
        calls.rbd_aio_release(completion)
        self.image = nil
        result.with { $0 = value }
    }

    /// Whether it has ended, well or not.
    var hasEnded: Bool { result.with { $0 != nil } }

    /// Waits for its end.
    ///
    /// - Returns: the number of bytes that were read.
    /// - Throws: ETIMEDOUT when it does not end in time; then the memory must not be used again.
    func wait(atMost seconds: Double, _ doing: String) throws(CephError) -> Int {
        guard let value = result.wait(atMost: seconds, for: { $0 }) else { throw CephError(code: ETIMEDOUT, doing: doing) }
        guard value >= 0 else { throw CephError(code: CInt(clamping: -value), doing: doing) }
        return value
    }
}
