internal import Domain
internal import Glibc
internal import HTTPClient

/// Reads an object from an offset to its end. A connection that breaks is made again, and reading goes on where it was.
///
/// What is read ahead is what the kernel and libcurl hold of the connection.
final class S3Reader: ByteStream {
    private let object: S3Object
    private let client: S3Client
    private var offset: Int64
    private var download: Download?
    /// Attempts since the last byte.
    private var attempts = 0

    init(_ object: S3Object, from offset: Int64, _ client: S3Client) throws(Fault) {
        (self.object, self.client, self.offset) = (object, client, offset)
        while offset < object.size, download == nil {
            do throws(Fault) { download = try opened() } catch { try pause(after: error) }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        while offset < object.size {
            do throws(Fault) {
                let source: Download
                if let download { source = download } else { source = try opened() }
                download = source
                let count = try read(source, into: buffer)
                (offset, attempts) = (offset + Int64(count), 0)
                return count
            } catch {
                download = nil
                try StreamError.failing { () throws(Fault) in try pause(after: error) }
            }
        }
        return 0
    }

    /// Waits before the next attempt.
    ///
    /// - Throws: the fault itself, where another attempt would not help, or there were enough.
    private func pause(after fault: Fault) throws(Fault) {
        attempts += 1
        let isPassing = fault.kind == .unavailable && (fault.cause as? S3Trouble)?.isPassing ?? true
        guard isPassing, attempts < client.patience.attempts else { throw fault }
        usleep(useconds_t(client.patience.pause * Double(1 << (attempts - 1)) * 1_000_000))
    }

    private func read(_ source: Download, into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int {
        do throws(HTTPClientError) {
            let count = try source.read(into: buffer)
            guard 1...(object.size - offset) ~= Int64(count) else {
                throw HTTPClientError(.cut, "\(count) bytes where \(object.size - offset) are to come", mayHaveArrived: true)
            }
            return count
        } catch {
            throw .s3(error, client.store)
        }
    }

    private func opened() throws(Fault) -> Download {
        let found: Download
        do throws(HTTPClientError) {
            found = try client.download(object.key, from: offset, tag: object.tag)
        } catch {
            throw .s3(error, client.store)
        }
        let isWhole = offset == 0 && found.status == 200
        let isRest =
            offset > 0 && found.status == 206
            && found.headers["Content-Range"] == "bytes \(offset)-\(object.size - 1)/\(object.size)"
        if isWhole || isRest { return found }
        let trouble = S3Trouble(status: found.status, body: beginning(of: found))
        if trouble.code == "NoSuchKey" || found.status == 412 {
            throw Fault(.notFound, "The image's data is no longer in the store.", cause: trouble)
        }
        throw trouble.fault(of: client.store)
    }

    /// Up to 16 KiB of a refusal.
    private func beginning(of refusal: Download) -> [UInt8] {
        var (bytes, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 4096))
        while bytes.count < 16 * 1024 {
            let count = buffer.withUnsafeMutableBytes { piece in (try? refusal.read(into: piece)) ?? 0 }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}
