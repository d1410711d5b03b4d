import Domain
import TestSupport

/// Bytes in this process's memory that clients name by a URL of the web; read as a source and as a store.
struct WebSource: ImageSource, ImageStore {
    static let url = "http://images.example/disk"
    private let injector: Injector?

    /// - Parameter injector: has reads go wrong.
    init(_ injector: Injector?) { self.injector = injector }

    private func open(from offset: Int64 = 0) -> any ByteStream {
        let bytes = MemoryStream(Array(UseCase.data[Int(offset)...]))
        return injector.map { FailingStream(bytes, .read, $0) } ?? bytes
    }

    // MARK: as a source

    func check(_ url: String) throws(Fault) {}

    func fetch(
        _ url: String, showing token: CallerToken?, atMost most: Int64, isCancelled: @escaping () -> Bool
    ) throws(Fault) -> FetchedBytes {
        FetchedBytes(announced: Int64(UseCase.data.count), hasMarkedEnd: true, reader: open())
    }

    func size(of url: String) throws(Fault) -> Int64 { Int64(UseCase.data.count) }

    // MARK: as a store

    func holds(_ url: String) -> Bool { url == Self.url }
    func bytes(at url: String) throws(Fault) -> Blob {
        Blob(size: Int64(UseCase.data.count), internalPath: nil) { offset in open(from: offset) }
    }
    func checkTakesBytes() throws(Fault) { throw Fault(.invalid, "The web takes no images.") }
    func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        throw Fault(.invalid, "The web takes no images.")
    }
    func discard(_ upload: Upload) {}
    func discardPending(_ upload: Upload) {}
    func pendingUploads(olderThan seconds: Int) -> [Upload] { [] }
    func remove(_ url: String) {}
    func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) {}
}

/// A stream of bytes in memory, in pieces that no buffer has.
final class MemoryStream: ByteStream {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = rest.prefix(min(buffer.count, 40_000))
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}
