internal import Domain
internal import HTTPClient

/// Reads an object from an offset, in pieces: Swift gives a large object's segments at one a second after the first ten of an answer, if its
/// configuration does not say otherwise. A download that was cut goes on from where it was, as often as the options say, while the object is
/// the same. Source: swift, `common/middleware/dlo.py`, `rate_limit_after_segment`.
final class SwiftReader: ByteStream {
    private let object: SwiftObject
    private let size: Int64
    private let entity: String?
    private var offset: Int64
    /// The end of the piece that `download` gives.
    private var end: Int64 = 0
    /// Nil when there is nothing to read.
    private var download: Download?
    private var retries: Int

    /// - Parameters:
    ///   - size: the bytes of the whole object.
    ///   - entity: the object's ETag; nil when it is not known.
    init(_ object: SwiftObject, size: Int64, entity: String?, from offset: Int64) throws(Fault) {
        (self.object, self.size, self.entity, self.offset) = (object, size, entity, offset)
        retries = object.account.settings.readRetries
        if offset < size { download = try open() }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        while let download {
            let trouble: String?
            do throws(HTTPClientError) {
                let count = try download.read(into: buffer)
                offset += Int64(count)
                guard offset <= end else { throw HTTPClientError(.tooLong, "more bytes came than were asked for") }
                if count > 0 { return count }
                if offset == size { return 0 }
                trouble = offset == end ? nil : "the data ended after \(offset) of \(size) bytes"
            } catch {
                trouble = error.message
            }
            guard let trouble else {
                self.download = try StreamError.failing { () throws(Fault) in try open() }
                continue
            }
            try goOn(after: trouble)
        }
        return 0
    }

    private func goOn(after trouble: String) throws(StreamError) {
        download = nil
        while true {
            guard retries > 0 else {
                throw .failed(
                    Fault(
                        .unavailable, "The store '\(object.account.store)' ended before its data did.",
                        cause: SwiftTrouble(description: "Swift: \(trouble)")))
            }
            retries -= 1
            do throws(Fault) {
                download = try open()
                return
            } catch {
                guard error.kind == .unavailable, retries > 0 else { throw .failed(error) }
            }
        }
    }

    /// Whether the piece is all of the object.
    private var isWhole: Bool { offset == 0 && end == size }

    private func open() throws(Fault) -> Download {
        let account = object.account
        end = min(size, offset + account.settings.limits.piece)
        let access = try account.access()
        let first = try ask(access)
        let download = first.status == 401 ? try ask(try account.access(besides: access.token)) : first
        guard download.status != 404 else { throw Fault(.notFound, "The store has no such data.") }
        guard download.status == (isWhole ? 200 : 206) else { throw account.refusal(download.status, "GET of an object") }
        let isSame = entity == nil || download.headers["ETag"] == nil || download.headers["ETag"] == entity
        let range = isWhole ? nil : "bytes \(offset)-\(end - 1)/\(size)"
        guard isSame, range == nil || download.headers["Content-Range"] == range,
            download.announced == nil || download.announced == end - offset
        else { throw Fault(.unavailable, "The data in the store '\(account.store)' have changed while they were read.") }
        return download
    }

    private func ask(_ access: SwiftAccount.Access) throws(Fault) -> Download {
        let settings = object.account.settings
        let silence = settings.limits.silence
        let limits = Download.Limits(connect: settings.limits.connect, averaged: min(10, silence), grace: silence)
        let range = isWhole ? [] : [("Range", "bytes=\(offset)-\(end - 1)")]
        let url = access.storage + object.path
        do throws(HTTPClientError) {
            // Swift does not redirect; where something else does, the token does not go there.
            return try Download(
                url, headers: [("X-Auth-Token", access.token)] + range, limits: limits,
                certificateAuthority: settings.trust.certificateAuthority, isBlind: settings.trust.isBlind,
                judge: { $0 == url ? { _ in true } : nil })
        } catch {
            throw object.account.away("GET: \(error.message)")
        }
    }
}
