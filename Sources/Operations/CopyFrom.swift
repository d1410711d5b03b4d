package import Domain
internal import Logging
internal import ServiceMetrics
internal import Threading

extension ImageService {
    /// Orders that `glance-tasks` copies an image's data from a URL.
    ///
    /// - Parameter image: its whole record, including properties that the caller may not read.
    /// - Throws: `.conflict` unless the image is queued; `.invalid` when the service itself cannot check the image's signature, since no
    ///   caller's token is at hand when it copies.
    func copy(_ image: Image, from url: String, by caller: Caller) throws(Fault) {
        for rule in PolicyRule.ofCopies { try policy.require(rule, on: image, by: caller) }
        guard image.status == .queued else {
            throw Fault(.conflict, "Image \(image.id) takes no data in status \(image.status.rawValue).")
        }
        try stores.checkTakesBytes(in: nil)
        _ = try signingCertificate(of: image, for: .service)
        try uploads.order(OrderedCopy(image: image.id, url: url, trace: Trace.current))
    }

    /// Asks for the size of the data at a URL that a client gave, in bytes.
    ///
    /// - Throws: `.invalid` for a URL that is not allowed, and in the same words when nobody answers; `.notFound` when there is no data;
    ///   `.tooLarge` past the size limit of an image.
    package func size(at url: String) throws(Fault) -> Int64 {
        let size: Int64
        do throws(Fault) {
            size = try source.size(of: url)
        } catch {
            throw error.kind == .unavailable && !error.isOverload ? Fault(.invalid, error.message, cause: error.cause) : error
        }
        try limits.check(size: size)
        return size
    }
}

extension PolicyRule {
    /// The rules for a caller who orders a copy: the image gets data as by an upload.
    package static let ofCopies: [PolicyRule] = [.copyFrom, .uploadImage]
}

/// Makes the ordered copies, one after another. Many threads may work at once, in any number of processes: an image's upload can be begun
/// once, and only one thread of a process tries.
package struct Copier: Sendable {
    private let service: ImageService
    private let orders: any JobCatalog
    private let isEnding: @Sendable () -> Bool
    private let begun = Monitor<Set<ImageID>>([])

    /// Makes a copier.
    ///
    /// - Parameter isEnding: called between pieces; another process makes a copy that is interrupted.
    package init(service: ImageService, orders: any JobCatalog, isEnding: @escaping @Sendable () -> Bool) {
        self.service = service
        self.orders = orders
        self.isEnding = isEnding
    }

    /// Makes one copy.
    ///
    /// - Returns: false when no copy waited.
    /// - Throws: when the catalog cannot be asked. A copy that fails moves its image to killed.
    package func makeOne() throws(Fault) -> Bool {
        for order in try orders.waitingCopies(atMost: 16) where !isEnding() {
            guard begun.with({ $0.insert(order.image).inserted }) else { continue }
            defer { begun.with { _ = $0.remove(order.image) } }
            let isMade: Bool
            do throws(Fault) {
                isMade = try Trace.following(order.trace) { () throws(Fault) in try make(order) }
            } catch {
                ServiceMetrics.imports.ended.add(.copyFrom, .interrupted)
                throw error
            }
            if isMade { return true }
        }
        return false
    }

    /// - Returns: false when another process makes the copy, or it can no longer be made.
    private func make(_ order: OrderedCopy) throws(Fault) -> Bool {
        let image: Image
        do throws(Fault) {
            image = try service.images.image(order.image, visibleTo: .service)
        } catch {
            guard error.kind == .notFound else { throw error }
            return false
        }
        let began = monotonicSeconds()
        let source = LateReader(of: image, from: order.url, service, isEnding)
        do throws(Fault) {
            var claim = try service.claim(for: image.owner, bytes: image.size)
            // The number of concurrent copies is limited by the number of threads that make them.
            claim?.limits.imageCountUploading = nil
            try service.receive(
                image, from: source, announced: nil, claiming: claim, by: .service, failed: { isEnding() ? .queued : .killed })
            ServiceMetrics.imports.ended.add(.copyFrom, .success)
            ServiceMetrics.imports.bytes.add(.copyFrom, by: source.count)
            service.logger.info("image \(order.image) was copied")
        } catch {
            if error.kind == .conflict { return false }
            // The database is unavailable; the upload is aborted when its lease expires.
            if error.kind == .unavailable && !source.hasFailed { throw error }
            ServiceMetrics.imports.ended.add(.copyFrom, isEnding() ? .interrupted : .failure)
            service.logger.warning("image \(order.image) was not copied: \(error)")
            if error.kind == .tooLarge && !source.hasBegun { kill(image, for: error) }
        }
        ServiceMetrics.imports.durations.record(seconds: monotonicSeconds() - began, .copyFrom)
        return true
    }

    /// Moves an image whose data exceeds the quota to killed, by the way of every failed copy.
    private func kill(_ image: Image, for refusal: Fault) {
        do throws(Fault) {
            try service.receive(image, from: Refused(refusal), announced: nil, claiming: nil, by: .service, failed: { .killed })
        } catch {
            if error.kind != .tooLarge { service.logger.warning("image \(image.id) was not moved to killed: \(error)") }
        }
    }
}

/// A stream that fails at once.
private final class Refused: ByteStream {
    private let refusal: Fault

    init(_ refusal: Fault) { self.refusal = refusal }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int { throw .failed(refusal) }
}

/// Requests the data when the first byte is read: before that, another process may have begun the image's upload.
private final class LateReader: ByteStream {
    private let image: Image
    private let url: String
    private let service: ImageService
    private let isEnding: @Sendable () -> Bool
    private var reader: (any ByteStream)?
    private(set) var count: Int64 = 0
    /// Whether the data could not be read completely.
    private(set) var hasFailed = false
    /// Whether a first byte was asked for.
    private(set) var hasBegun = false

    init(of image: Image, from url: String, _ service: ImageService, _ isEnding: @escaping @Sendable () -> Bool) {
        self.image = image
        self.url = url
        self.service = service
        self.isEnding = isEnding
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        do throws(StreamError) {
            let read = try begun().read(into: buffer)
            count += Int64(read)
            if read == 0, let size = image.size, size != count {
                throw .failed(Fault(.invalid, "The source sent \(count) bytes instead of \(size)."))
            }
            return read
        } catch {
            hasFailed = true
            throw error
        }
    }

    private func begun() throws(StreamError) -> any ByteStream {
        if let reader { return reader }
        hasBegun = true
        let fetched = try StreamError.failing { () throws(Fault) in
            try service.source.fetch(url, atMost: service.limits.size, isCancelled: isEnding)
        }
        reader = fetched.reader
        return fetched.reader
    }
}
