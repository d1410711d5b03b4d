/// Bytes read from front to back: what a client sends, or what a store has.
package protocol ByteReader: AnyObject {
    /// Reads the next bytes, as many as are there and fit.
    ///
    /// - Returns: 0 at the end.
    /// - Throws: when the end came too early. Bytes that are not whole never end like whole ones.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int

    /// The same, and asks about once a second whether to wait on.
    ///
    /// - Throws: what `check` throws too.
    func read(into buffer: UnsafeMutableRawBufferPointer, whileWaiting check: () throws(Fault) -> Void) throws(Fault) -> Int
}

extension ByteReader {
    /// Of a reader with a patience of its own.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, whileWaiting check: () throws(Fault) -> Void
    ) throws(Fault) -> Int { try read(into: buffer) }
}
