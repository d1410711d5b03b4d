package import Domain
internal import JSONDocument
internal import Threading

extension LocationService {
    /// Applies changes to an image's record, some of them to its locations, all or none.
    ///
    /// The network is asked before the row is locked. So the changes are applied twice: first to a copy of the record, asking the network,
    /// and then to the locked record, with the answers.
    ///
    /// - Throws: what `ImageService.update` throws, and besides: `.conflict` for an image that is neither active nor queued, and for
    ///   digests that are not those of the data; `.invalid` for a location that clients may not name, or that has no data; `.forbidden` for
    ///   emptying the list; `.tooLarge` past a quota.
    ///
    /// Source: https://docs.openstack.org/api-ref/image/v2/#update-image
    package func update(_ id: ImageID, _ changes: [ImageChange], by caller: Caller) throws(Fault) -> Image {
        guard areForClients, changes.contains(where: \.isOfLocations) else { return try service.update(id, changes, by: caller) }
        var draft = try service.images.locatedImage(id, visibleTo: caller)
        let before = draft
        let search = LocationSearch(verifies: verifies, service)
        try service.make(changes, of: &draft, by: caller) { (change, image) throws(Fault) in
            try make(change, of: &image, by: caller) { (new, image) throws(Fault) in
                try service.checkIsOwn(new.location.url, of: image.id, namedBy: caller)
                return try search.look(at: new, for: image, by: caller)
            }
        }
        let more = draft.storedBytes - before.storedBytes
        let claim = more > 0 ? try service.claim(for: draft.owner, bytes: more) : nil
        let (image, owed) = try locations.place(id, visibleTo: caller, claiming: claim) { image throws(Fault) in
            try service.make(changes, of: &image, by: caller) { (change, image) throws(Fault) in
                try make(change, of: &image, by: caller) { (new, _) throws(Fault) in try search.answer(about: new) }
            }
        }
        service.carryOut(owed)
        return service.readable(image, by: caller)
    }

    private func make(
        _ change: LocationChange, of image: inout Image, by caller: Caller,
        finding find: (NewLocation, Image) throws(Fault) -> FoundBytes
    ) throws(Fault) {
        if case .remove = change {
            try service.policy.require(.deleteImageLocation, on: image, by: caller)
        } else {
            try service.policy.require(.setImageLocation, on: image, by: caller)
        }
        let mayBeQueued = if case .remove = change { false } else { true }
        guard image.status == .active || (mayBeQueued && image.status == .queued) else {
            throw Fault(.conflict, "It's not allowed to change locations if image status is \(image.status.rawValue).")
        }
        switch change {
        case .add(let new, let text):
            let position = try Self.position(text, of: image.locations.count + 1)
            try take([new], into: &image, at: position, by: caller, find)
        case .replace(let all): try replace(all, in: &image, by: caller, find)
        case .remove(let text):
            guard image.locations.count > 1 else { throw Fault(.forbidden, "Cannot remove last location in the image.") }
            let shown = service.stores.ordered(image.locations)
            let removed = shown[try Self.position(text, of: shown.count)]
            try service.stores.checkRemovable(removed)
            image.locations.remove(at: image.locations.firstIndex(of: removed)!)
        }
    }

    /// Replaces an existing list. The URLs must stay the same; only their metadata may change.
    private func replace(
        _ all: [NewLocation], in image: inout Image, by caller: Caller, _ find: (NewLocation, Image) throws(Fault) -> FoundBytes
    ) throws(Fault) {
        guard !all.isEmpty else { throw Fault(.forbidden, "Cannot set locations to empty list.") }
        guard !image.locations.isEmpty else { return try take(all, into: &image, at: 0, by: caller, find) }
        for new in all { try check(new.expected, image) }
        var given = all.map { new in
            // The client may send back what it was shown, which has no password.
            let shown = image.locations.first { $0.shownURL.isSame(as: new.location.url) }
            return service.stores.labelled(ImageLocation(url: shown?.url ?? new.location.url, metadata: new.location.metadata))
        }
        guard given.map(\.url).sorted().elementsEqual(image.locations.map(\.url).sorted(), by: { $0.isSame(as: $1) }) else {
            throw Fault(.invalid, "Original locations is not empty: the same URLs must be given again.")
        }
        for (index, location) in image.locations.enumerated() {
            image.locations[index] = given.remove(at: given.firstIndex { $0.url.isSame(as: location.url) }!)
        }
        guard image.locations.enumerated().allSatisfy({ image.locations.firstIndex(of: $1) == $0 }) else { throw Self.duplicate }
    }

    /// Adds locations. The first ones of a queued image make it active.
    private func take(
        _ new: [NewLocation], into image: inout Image, at position: Int, by caller: Caller,
        _ find: (NewLocation, Image) throws(Fault) -> FoundBytes
    ) throws(Fault) {
        let before = image.locations
        if image.status == .queued { try service.checkMayBeLocated(image.properties) }
        for (offset, new) in new.enumerated() {
            try check(new.expected, image)
            let location = service.stores.named(new.location)
            guard !image.locations.contains(where: { $0.isSame(as: location) }) else { throw Self.duplicate }
            try service.checkLocation(new.location.url, namedBy: caller)
            // Two locations in a store may be two names of the same data, which would go with either.
            guard !image.locations.contains(where: { service.stores.shareStore($0, location) }) else {
                throw Fault(.invalid, "The image has a location in that store already.")
            }
            let found = try find(new, image)
            if let size = image.size, let there = found.size, size != there {
                throw Fault(.invalid, "There are \(there) bytes at the location, and the image has \(size).")
            }
            image.locations.insert(location, at: position + offset)
            image.size = found.size ?? image.size
            if let digests = found.digests { (image.checksum, image.hash) = (digests.checksum ?? image.checksum, digests.hash) }
        }
        try service.limits.check(locations: image.locations, before: before)
        image.status = .active
    }

    /// - Throws: `.conflict` for digests other than the image's, and for new ones when the image has its data.
    private func check(_ expected: ExpectedDigests?, _ image: Image) throws(Fault) {
        guard let expected else { return }
        let isKnown = image.hash == expected.hash && (expected.checksum == nil || expected.checksum == image.checksum)
        guard !isKnown else { return }
        if image.hash != nil || image.checksum != nil { throw Fault(.conflict, "The image has other digests already.") }
        guard image.status == .queued else {
            throw Fault(.conflict, "New values for digests may only be provided when image status is 'queued'.")
        }
        try expected.check(service.hashAlgorithm)
    }

    /// - Parameter count: the number of positions; `-` is the last one.
    private static func position(_ text: String, of count: Int) throws(Fault) -> Int {
        if text == "-" { return count - 1 }
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let position = Int(text), position < count else {
            throw Fault(.invalid, "Invalid position for changing a location.")
        }
        return position
    }

    private static let duplicate = Fault(.invalid, "The location is given twice, or there already.")
}

/// The data at a location.
struct FoundBytes {
    /// Nil when nobody can tell, since the engine of the store is not here.
    let size: Int64?
    /// The digests that the image gets with it.
    let digests: ExpectedDigests?
}

/// Looks at the data of locations, once for each.
private final class LocationSearch {
    private let verifies: Bool
    private let service: ImageService
    private var found: [String: FoundBytes] = [:]
    private let end = monotonicSeconds() + patience

    /// Seconds for all locations of a request. A client with larger data adds each location by POST, and `glance-tasks` looks at it later.
    private static let patience = 60.0

    init(verifies: Bool, _ service: ImageService) { (self.verifies, self.service) = (verifies, service) }

    /// - Throws: `.invalid` for an empty location and one that does not answer; `.conflict` for data other than expected, or than the image
    ///   has.
    func look(at new: NewLocation, for image: Image, by caller: Caller) throws(Fault) -> FoundBytes {
        let url = new.location.url
        let data: LocatedData?
        do throws(Fault) {
            data = try service.data(at: url, from: service.source)
        } catch {
            if error.isOverload { throw error }
            throw Fault(.invalid, "The location cannot be used: \(error.message)", cause: error)
        }
        if let data { try service.limits.check(size: data.size) }
        let bytes = FoundBytes(size: data?.size, digests: try verified(new, data, image, caller))
        found[url] = bytes
        return bytes
    }

    func answer(about new: NewLocation) throws(Fault) -> FoundBytes {
        guard let bytes = found[new.location.url] else { throw Fault(.conflict, "The image was changed meanwhile. Try again.") }
        return bytes
    }

    /// Reads the data and compares its digests. An image never gets a location with other data, since a reader may be sent either.
    private func verified(
        _ new: NewLocation, _ data: LocatedData?, _ image: Image, _ caller: Caller
    ) throws(Fault) -> ExpectedDigests? {
        guard verifies else { return new.expected }
        guard let expected = image.hash.map({ ExpectedDigests(checksum: image.checksum, hash: $0) }) ?? new.expected else {
            guard image.status == .queued || caller.isAdmin else {
                throw Fault(.conflict, "The image has no digest that the data at another location could be compared with.")
            }
            return nil
        }
        guard let data else {
            throw Fault(.conflict, "The data at the location cannot be compared with the image's digests: its store's engine is not here.")
        }
        guard try digests(of: data, expected) == expected else {
            throw Fault(.conflict, "The data at the location have other digests.")
        }
        return expected
    }

    private func digests(of data: LocatedData, _ expected: ExpectedDigests) throws(Fault) -> ExpectedDigests {
        guard let digests = DigestPair(expected.hash.algorithm) else {
            throw Fault(.conflict, "The algorithm \(expected.hash.algorithm) is not known.")
        }
        let end = end
        do throws(Fault) {
            let reader = try data.open { monotonicSeconds() > end }
            let copyStream = StreamCopy(limits: service.limits, announced: data.size)
            _ = try copyStream.run(from: reader, to: digests.readers()) { _ throws(Fault) in
                if monotonicSeconds() > end { throw Fault(.tooSlow, "The data takes too long.") }
            }
        } catch {
            if error.isOverload { throw error }
            let isLate = monotonicSeconds() > end
            let reason = isLate ? "it takes too long; add it with POST /v2/images/ID/locations" : error.message
            throw Fault(isLate ? .conflict : .invalid, "The data at the location cannot be checked: \(reason)", cause: error)
        }
        let (hash, checksum) = digests.finish()
        return ExpectedDigests(checksum: expected.checksum == nil ? nil : checksum, hash: hash)
    }
}

extension Image {
    /// The bytes that count for the quota: the size for each location.
    fileprivate var storedBytes: Int64 { (size ?? 0) * Int64(locations.count) }
}
