package import Domain
internal import Logging
internal import Threading

extension ImageService {
    /// Orders an image's bytes from an address. `glance-tasks` fetches them.
    ///
    /// - Parameter image: its whole record: also what the caller may not read of it is heeded.
    /// - Throws: `.conflict` unless the image is queued; `.invalid` where its signature cannot be checked by the service itself, which
    ///   has nobody's token when it copies.
    func copy(_ image: Image, from url: String, by caller: Caller) throws(Fault) {
        for rule in PolicyRule.ofCopies { try policy.require(rule, on: image, by: caller) }
        guard image.status == .queued else {
            throw Fault(.conflict, "Image \(image.id) takes no data in status \(image.status.rawValue).")
        }
        try stores.checkTakesBytes(in: nil)
        _ = try signingCertificate(of: image, for: .service)
        try uploads.order(OrderedCopy(image: image.id, url: url, trace: Trace.current))
    }

    /// Bytes at an address that a client gave.
    ///
    /// - Throws: `.invalid` for an address that may not be asked, and, in the same words, where nobody answers; `.notFound` where
    ///   there is nothing; `.tooLarge` for more than an image may have.
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
    /// Of whoever has the service fetch an image's bytes: they are given to it as by an upload.
    package static let ofCopies: [PolicyRule] = [.copyFrom, .uploadImage]
}

/// Makes the copies that were ordered, one after another. Many may work at once, in any number of processes: who begins an
/// image's upload has it, and of one process a single thread tries.
package struct Copier: Sendable {
    private let service: ImageService
    private let orders: any JobCatalog
    private let isEnding: @Sendable () -> Bool
    private let begun = Monitor<Set<ImageID>>([])

    /// - Parameter isEnding: asked between pieces; a copy that is left half-way is made by somebody else.
    package init(service: ImageService, orders: any JobCatalog, isEnding: @escaping @Sendable () -> Bool) {
        self.service = service
        self.orders = orders
        self.isEnding = isEnding
    }

    /// Makes one copy.
    ///
    /// - Returns: false when none was waiting.
    /// - Throws: when the catalog cannot be asked. A copy that fails kills its image.
    package func makeOne() throws(Fault) -> Bool {
        for order in try orders.waitingCopies(atMost: 16) where !isEnding() {
            guard begun.with({ $0.insert(order.image).inserted }) else { continue }
            defer { begun.with { _ = $0.remove(order.image) } }
            let isMade = try Trace.following(order.trace) { () throws(Fault) in try make(order) }
            if isMade { return true }
        }
        return false
    }

    /// - Returns: false when somebody else makes it, or nobody can any more.
    private func make(_ order: OrderedCopy) throws(Fault) -> Bool {
        let image: Image
        do throws(Fault) {
            image = try service.images.image(order.image, visibleTo: .service)
        } catch {
            guard error.kind == .notFound else { throw error }
            return false
        }
        let source = LateReader(of: image, from: order.url, service, isEnding)
        do throws(Fault) {
            var claim = try service.claim(for: image.owner, bytes: image.size)
            // How many copies there are at once is said by how many make them.
            claim?.limits.imageCountUploading = nil
            try service.receive(
                image, from: source, announced: nil, claiming: claim, by: .service, failed: { isEnding() ? .queued : .killed })
            service.logger.info("image \(order.image) was copied")
        } catch {
            if error.kind == .conflict { return false }
            // The database is away; whatever was begun is given back when its lease ends.
            if error.kind == .unavailable && !source.hasFailed { throw error }
            service.logger.warning("image \(order.image) was not copied: \(error)")
            if error.kind == .tooLarge && !source.hasBegun { kill(image, for: error) }
        }
        return true
    }

    /// Ends an image for whose bytes there is no room, by the way of every copy that fails.
    private func kill(_ image: Image, for refusal: Fault) {
        do throws(Fault) {
            try service.receive(image, from: Refused(refusal), announced: nil, claiming: nil, by: .service, failed: { .killed })
        } catch {
            if error.kind != .tooLarge { service.logger.warning("image \(image.id) was not given up: \(error)") }
        }
    }
}

/// Bytes that nobody asks for.
private final class Refused: ByteStream {
    private let refusal: Fault

    init(_ refusal: Fault) { self.refusal = refusal }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int { throw .failed(refusal) }
}

/// Bytes from elsewhere, asked for when the first is read: until then the image may be somebody else's.
private final class LateReader: ByteStream {
    private let image: Image
    private let url: String
    private let service: ImageService
    private let isEnding: @Sendable () -> Bool
    private var reader: (any ByteStream)?
    private var count: Int64 = 0
    /// The bytes did not come, or not all.
    private(set) var hasFailed = false
    /// Somebody wanted the first.
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
                throw .failed(Fault(.invalid, "The source was to have \(size) bytes and sent \(count)."))
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
