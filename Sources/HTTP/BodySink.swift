/// Where the body of an answer goes, piece by piece.
package protocol BodySink: AnyObject {
    /// - Returns: false when nobody takes what comes further: the client is gone, or wants the header alone.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool
}
