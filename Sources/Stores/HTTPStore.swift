package import Domain
package import HTTPClient

/// A store of images on external web servers, which is read only.
///
/// Unlike Glance's http store it checks certificates, and applies the rules for fetched URLs to locations and redirects too.
package struct HTTPStore: ImageStore, ImageSource {
    private let rules: FetchRules
    private let limits: Download.Limits
    private let certificateAuthority: String?
    private let proxies: Proxies

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - certificateAuthority: a PEM file in place of the system's certificates.
    ///   - proxies: the proxies by which the servers are asked.
    package init(
        rules: FetchRules, limits: Download.Limits = .init(), certificateAuthority: String? = nil, proxies: Proxies = Proxies()
    ) {
        (self.rules, self.limits, self.certificateAuthority) = (rules, limits, certificateAuthority)
        self.proxies = proxies
    }

    // MARK: ImageSource

    package func check(_ url: String) throws(Fault) { _ = try rules.judge(url) }

    package func fetch(
        _ url: String, showing token: CallerToken?, atMost most: Int64, isCancelled: @escaping () -> Bool
    ) throws(Fault) -> FetchedBytes {
        var limits = limits
        limits.largest = min(limits.largest, most)
        let headers = token.map { [("X-Auth-Token", $0.text)] } ?? []
        let download = try ask(url, headers: headers, limits: limits, isCancelled: isCancelled)
        guard download.status == 200 else { throw .answered(download.status) }
        let reader = RemoteReader(download, of: download.announced)
        return FetchedBytes(announced: download.announced, hasMarkedEnd: download.hasMarkedEnd, reader: reader)
    }

    package func size(of url: String) throws(Fault) -> Int64 {
        let download = try ask(url, method: .head, limits: limits)
        guard download.status == 200 else { throw .answered(download.status) }
        guard let size = download.announced else { throw Fault(.invalid, "The source does not tell the size of its data.") }
        return size
    }

    // MARK: ImageStore

    /// - Throws: `.notFound` also for a URL that is not allowed, or no longer, as if there were no data.
    package func bytes(at url: String) throws(Fault) -> Blob {
        let size: Int64
        do throws(Fault) {
            size = try self.size(of: url)
        } catch {
            throw error.kind == .invalid ? Fault(.notFound, error.message, cause: error.cause) : error
        }
        return Blob(size: size, internalPath: nil) { offset throws(Fault) in try open(url, from: offset, of: size) }
    }

    package func holds(_ url: String) -> Bool { Self.isWebURL(url) }

    static func isWebURL(_ url: String) -> Bool {
        let start = url.prefix(8).lowercased()
        return start.hasPrefix("http://") || start.hasPrefix("https://")
    }

    /// Does nothing: data on external servers is not removed.
    package func remove(_ url: String) {}
    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) {}

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter { throw Self.refusal }

    package func checkTakesBytes() throws(Fault) { throw Self.refusal }

    private static let refusal = Fault(.invalid, "The http store takes no data: it is read only.")

    package func discard(_ upload: Upload) {}
    package func discardPending(_ upload: Upload) {}
    package func pendingUploads(olderThan seconds: Int) -> [Upload] { [] }

    /// - Parameter size: the size that the source has told before; the answer must be of data of the same size.
    private func open(_ url: String, from offset: Int64, of size: Int64) throws(Fault) -> any ByteStream {
        guard offset < size else { return RemoteReader(nil, of: 0) }
        let download = try ask(url, headers: offset > 0 ? [("Range", "bytes=\(offset)-")] : [], limits: limits)
        let isWhole = offset == 0 && download.status == 200
        let isRest = offset > 0 && download.status == 206 && download.headers["Content-Range"] == "bytes \(offset)-\(size - 1)/\(size)"
        guard isWhole || isRest else { throw .answered(download.status) }
        guard download.announced == nil || download.announced == size - offset else {
            throw Fault(.unavailable, "The data at the source has changed.")
        }
        return RemoteReader(download, of: size - offset)
    }

    private func ask(
        _ url: String, method: Download.Method = .get, headers: [(name: String, value: String)] = [], limits: Download.Limits,
        isCancelled: @escaping () -> Bool = { false }
    ) throws(Fault) -> Download {
        _ = try rules.judge(url)
        var refusal: FetchRefusal?
        func judge(_ url: String) -> Download.AddressJudge? {
            do throws(Fault) {
                let target = try rules.judge(url)
                return { NetworkAddress($0).map(target.permits) ?? false }
            } catch {
                refusal = error.cause as? FetchRefusal
                return nil
            }
        }
        do throws(HTTPClientError) {
            return try Download(
                url, method: method, headers: headers, limits: limits, certificateAuthority: certificateAuthority,
                proxies: proxies, judge: judge, isCancelled: isCancelled)
        } catch {
            switch error.kind {
            case .tooLong: throw .tooMuch(error)
            case .proxyAway:
                throw Fault(.unavailable, "The proxy by which this service fetches data cannot be reached.", cause: error)
            // No server was asked: the text discloses the rules, but not which servers exist.
            case .misdirected:
                let reason = refusal.map { "this service does not fetch from there: \($0.shown)" } ?? error.message
                let cause: any Error = refusal ?? error
                throw Fault(.unavailable, "The source redirects to a URL that is not fetched: \(reason).", cause: cause)
            // One text for every failure before an HTTP answer.
            default: throw Fault(.unavailable, "The data cannot be fetched from its source.", cause: error)
            }
        }
    }
}

/// Reads and counts the data of an external server.
private final class RemoteReader: ByteStream {
    /// Nil when there is nothing to read.
    private let download: Download?
    /// The number of bytes that are still to come; nil when it is unknown.
    private var left: Int64?

    init(_ download: Download?, of size: Int64?) { (self.download, left) = (download, size) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        guard let download else { return 0 }
        let count: Int
        do throws(HTTPClientError) {
            count = try download.read(into: buffer)
        } catch {
            throw .failed(Fault(reading: error))
        }
        guard let left else { return count }
        self.left = left - Int64(count)
        guard count == 0 ? left == 0 : left >= count else {
            throw .failed(Fault(.unavailable, "The source sent another number of bytes than it announced."))
        }
        return count
    }
}

extension Fault {
    /// The fault for an error within an answer that had begun.
    fileprivate init(reading error: HTTPClientError) {
        switch error.kind {
        case .tooLong: self = .tooMuch(error)
        case .tooSlow, .timedOut: self.init(.unavailable, "The source sends too slowly.", cause: error)
        case .cancelled: self.init(.gone, "The download was cancelled.", cause: error)
        case .cut, .broken, .invalid, .unreachable, .untrusted, .refused, .misdirected, .proxyAway:
            self.init(.unavailable, "The source ended before its data did.", cause: error)
        }
    }

    fileprivate static func tooMuch(_ error: HTTPClientError) -> Fault {
        Fault(.tooLarge, "The source has more data than is allowed.", cause: error)
    }

    fileprivate static func answered(_ status: Int) -> Fault {
        status == 404 || status == 410
            ? Fault(.notFound, "The source has no such data.") : Fault(.unavailable, "The source answers with status \(status).")
    }
}
