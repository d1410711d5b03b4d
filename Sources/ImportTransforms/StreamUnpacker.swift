package import Domain

/// Unpacks the data of imports. Source: Glance, the plugin `image_decompression`, which supports gzip, zip and lha.
package struct StreamUnpacker: Domain.Unpacking {
    /// Makes one.
    package init() {}

    package func unpacked(_ reader: any ByteStream) -> any ByteStream { UnpackedReader(reader) }
}

private final class UnpackedReader: ByteStream {
    private let unpacker: Unpacker<StreamError>

    init(_ reader: any ByteStream) {
        let source: Unpacker<StreamError>.Source = { (buffer) throws(StreamError) in try reader.read(into: buffer) }
        unpacker = Unpacker(source)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        do throws(UnpackingError<StreamError>) {
            return try unpacker.read(into: buffer)
        } catch {
            switch error {
            case .source(let error): throw error
            case .flaw(let words): throw .failed(Fault(.invalid, words))
            }
        }
    }
}
