internal import Glibc

/// Reads what is there, up to the size of a buffer. A signal that comes between begins the call anew.
///
/// - Parameter offset: where to read, without a change of where the next read begins; nil for there.
/// - Returns: 0 at the end; below zero when it cannot be read, for the reason in `errno`.
package func readPiece(of descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64? = nil) -> Int {
    while true {
        let count =
            if let offset { pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) } else {
                read(descriptor, buffer.baseAddress, buffer.count)
            }
        guard count < 0, errno == EINTR else { return count }
    }
}

/// Writes bytes, in as many calls as it takes. A signal that comes between begins a call anew.
///
/// - Returns: bytes that could not be written, for the reason in `errno`.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Int {
    var left = bytes
    while !left.isEmpty {
        let count = write(descriptor, left.baseAddress, left.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        left = UnsafeRawBufferPointer(rebasing: left[count...])
    }
    return left.count
}
