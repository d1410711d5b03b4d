package import Domain

/// Unpacks what an import brings. Source: Glance, the plugin `image_decompression`, which knows gzip, zip and lha.
package struct StreamUnpacker: Domain.Unpacking {
    package init() {}

    package func unpacked(_ reader: any ByteReader) -> any ByteReader { UnpackedReader(reader) }
}

private final class UnpackedReader: ByteReader {
    private let unpacker: Unpacker<Fault>

    init(_ reader: any ByteReader) {
        let source: Unpacker<Fault>.Source = { (buffer) throws(Fault) in try reader.read(into: buffer) }
        unpacker = Unpacker(source)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int {
        do throws(UnpackingError<Fault>) {
            return try unpacker.read(into: buffer)
        } catch {
            switch error {
            case .source(let fault): throw fault
            case .flaw(let words): throw Fault(.invalid, words)
            }
        }
    }
}
