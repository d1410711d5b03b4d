/// Bytes read from front to back: what a client sends, or what a store has.
package protocol ByteReader: AnyObject {
    /// Reads the next bytes, as many as are there and fit.
    ///
    /// - Returns: 0 at the end.
    /// - Throws: when the end came too early. Bytes that are not whole never end like whole ones.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int
}
