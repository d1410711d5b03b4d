package import Domain
internal import JSONDocument

/// All stores of an installation, by their names and by the locations that they hold.
package struct StoreSet: ImageStores {
    /// A store and its description.
    package struct Member: Sendable {
        /// Nil for a single store without a name, and for the read-only ones beside it.
        let info: StoreInfo?
        let store: any ImageStore

        /// Makes a member of its parts.
        package init(_ info: StoreInfo?, _ store: any ImageStore) { (self.info, self.store) = (info, store) }

        fileprivate var unguarded: any ImageStore { (store as? GuardedStore)?.base ?? store }
    }

    private let members: [Member]
    private let main: any ImageStore
    /// The files outside of the stores' folders; nil when none are read.
    private let outside: (any ImageStore)?
    package let named: [StoreInfo]?

    /// Makes a set of one store for new data, which needs no name, and others that are only read.
    package init(_ main: some ImageStore, beside others: [any ImageStore] = [], outside: (any ImageStore)? = nil) {
        (self.main, self.outside) = (main, outside)
        members = ([main] + others).map { Member(nil, $0) }
        named = nil
    }

    /// Makes a set of several stores, one of which is the default.
    package init(_ members: [Member], outside: (any ImageStore)? = nil) {
        guard let main = members.first(where: { $0.info?.isDefault == true }) else { fatalError("one of several stores is the default") }
        (self.members, self.outside) = (members, outside)
        self.main = main.store
        named = members.compactMap(\.info)
    }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?, in store: String?) throws(Fault) -> any BlobWriter {
        try taker(store).begin(id, token: token, announcing: size)
    }

    package func checkTakesBytes(in store: String?) throws(Fault) { try taker(store).checkTakesBytes() }

    private func taker(_ name: String?) throws(Fault) -> any ImageStore {
        guard let name else { return main }
        guard let member = members.first(where: { $0.info?.id == name }) else {
            throw Fault(.invalid, "There is no store '\(name.prefix(80))'.")
        }
        return member.store
    }

    package func discard(_ upload: Upload) throws(Fault) {
        try all { store throws(Fault) in try store.discard(upload) }
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        try all { store throws(Fault) in try store.discardPending(upload) }
    }

    /// Asks every store, even if one throws.
    ///
    /// - Throws: the first fault, after all were asked.
    private func all(_ ask: (any ImageStore) throws(Fault) -> Void) throws(Fault) {
        var refusal: Fault?
        for member in members {
            do throws(Fault) { try ask(member.store) } catch { refusal = refusal ?? error }
        }
        if let refusal { throw refusal }
    }

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        var uploads: [Upload] = []
        var refusals: [Fault] = []
        for member in members {
            do throws(Fault) { uploads += try member.store.pendingUploads(olderThan: seconds) } catch { refusals.append(error) }
        }
        if let refusal = refusals.first, refusals.count == members.count { throw refusal }
        return uploads
    }

    package func remove(_ location: ImageLocation) throws(Fault) { try remover(of: location, .unavailable)?.remove(location.url) }

    package func remove(_ location: ImageLocation, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        try remover(of: location, .unavailable)?.remove(location.url, ifStill: isMeant)
    }

    /// - Returns: nil for data on external web servers, which is not removed.
    /// - Throws: for a location that no store can remove, or of which it is not known which store's it is: its removal stays owed, since
    ///   the other store may have data of the image under the same name.
    private func remover(of location: ImageLocation, _ kind: Fault.Kind) throws(Fault) -> (any ImageStore)? {
        if let holder = member(holding: location) {
            guard !isAmbiguous(location) else { throw .severalStores(kind) }
            return holder.store
        }
        if let holder = outsideStore(of: location.url) { return holder }
        guard !HTTPStore.isWebURL(location.url) else { return nil }
        throw .noStore(of: location, kind)
    }

    package func checkRemovable(_ location: ImageLocation) throws(Fault) {
        try remover(of: location, .conflict)?.checkRemovable(location.url)
    }

    package func bytes(at location: ImageLocation) throws(Fault) -> Blob {
        guard let holder = member(holding: location)?.store ?? outsideStore(of: location.url) else {
            throw .noStore(of: location, .unavailable)
        }
        return try holder.bytes(at: location.url)
    }

    package func rememberedBytes(at location: ImageLocation, size: Int64) -> Blob? {
        member(holding: location)?.store.rememberedBytes(at: location.url, size: size)
    }

    private func outsideStore(of url: String) -> (any ImageStore)? { outside.flatMap { $0.holds(url) ? $0 : nil } }

    package func holds(_ url: String) -> Bool { members.contains { $0.store.holds(url) } }

    package func canRead(_ location: ImageLocation) -> Bool { member(holding: location)?.store.isReadable ?? false }

    package func shareStore(_ one: ImageLocation, _ other: ImageLocation) -> Bool {
        func place(_ location: ImageLocation) -> Int? {
            members.firstIndex { $0.store.holds(location.url) && !HTTPStore.isWebURL(location.url) }
        }
        return place(one).map { $0 == place(other) } ?? false
    }

    package func current(_ location: ImageLocation) -> ImageLocation {
        // A single store has no label, and rewrites nothing.
        guard named != nil else { return location }
        guard let member = member(holding: location) else { return store(of: location).map { location.labelled($0) } ?? location }
        let label = member.info?.id
        let isLabelled = label != nil && location.store == label
        guard isLabelled || !isAmbiguous(location) else { return location }
        guard let url = member.store.currentURL(of: location.url, isLabelled: isLabelled) else { return location }
        let current = url.isSame(as: location.url) ? location : ImageLocation(url: url, metadata: location.metadata)
        guard let label, !isLabelled else { return current }
        return current.labelled(label)
    }

    package func store(of location: ImageLocation) -> String? {
        guard named != nil else { return nil }
        if let member = member(holding: location) { return member.info?.id }
        // The file was written when that store had another folder. Source: Glance, which goes by the label alone.
        guard let label = location.store, outsideStore(of: location.url) != nil else { return nil }
        return members.first { $0.info?.id == label && $0.info?.type == "file" }?.info?.id
    }

    /// The store of a location. The label counts only if that store can hold the location: operators rename stores, and move their data.
    private func member(holding location: ImageLocation) -> Member? {
        if let label = location.store, let member = members.first(where: { $0.info?.id == label }), member.store.holds(location.url) {
            return member
        }
        return members.first { $0.store.holds(location.url) }
    }

    /// Whether stores in several places have locations of this URL, and the label names none of them. So it is with the oldest form of RBD's
    /// and two pools, and with two stores in Swift that have the same names for their accounts and containers.
    private func isAmbiguous(_ location: ImageLocation) -> Bool {
        let places = members.filter { $0.store.holds(location.url) }.map { ($0.info?.id, ($0.unguarded as? any PlacedStore)?.place) }
        if let label = location.store, places.contains(where: { $0.0 == label }) { return false }
        return places.dropFirst().contains { $0.1 != nil && $0.1 != places[0].1 }
    }

    /// The health probes of the stores that images are written to.
    package var probes: [any HealthProbe] { members.compactMap { $0.unguarded as? any HealthProbe } }
}

extension StoreSet: StoreSpaces {
    package var measuredStores: [String] {
        members.compactMap { $0.unguarded is any MeasuredStore ? $0.countedName : nil }
    }

    package func space(of store: String) throws(Fault) -> StoreSpace {
        guard let found = members.first(where: { $0.countedName == store })?.unguarded as? any MeasuredStore else {
            throw Fault(.notFound, "There is no store '\(store.prefix(80))' with a space of its own.")
        }
        return try found.space()
    }
}

extension StoreSet.Member {
    /// The name in metrics and findings: that of the configuration, or the type of a single store.
    fileprivate var countedName: String {
        if let name = info?.id ?? (store as? GuardedStore)?.name { return name }
        return switch store {
        case is HTTPStore: "http"
        case let store as AbsentStore: store.name
        default: "file"
        }
    }
}

extension StoreSet {
    /// The paths under which nginx finds files, and their folders.
    package var internalFolders: [(prefix: String, folder: String)] {
        members.flatMap { ($0.unguarded as? FileStore)?.internalFolders ?? [] }
    }

    /// The paths under which nginx fetches data from stores' servers, and the stores.
    package var remotePlaces: [(prefix: String, store: any RemoteStore)] {
        members.compactMap { member in
            guard let path = (member.store as? GuardedStore)?.remotePath, let store = member.unguarded as? any RemoteStore else {
                return nil
            }
            return (path, store)
        }
    }
}

extension StoreSet {
    /// The folders of the file stores as this process sees them, by the stores' names; nil while that is not known of a store.
    package var seenFolders: [String: [NodeSetup.Folder]?] {
        var seen: [String: [NodeSetup.Folder]?] = [:]
        for member in members {
            if let store = member.unguarded as? FileStore { seen.updateValue(store.seenFolders, forKey: member.countedName) }
        }
        return seen
    }

    /// Where the stores on servers keep images, by the stores' names.
    package var places: [String: [String: String?]] {
        var places: [String: [String: String?]] = [:]
        for member in members {
            if let store = member.unguarded as? any PlacedStore { places[member.countedName] = store.place }
        }
        return places
    }
}

/// What a verification asks of the stores.
extension StoreSet {
    /// The stores without their guards, by the names that findings have.
    var verified: [(name: String, store: any ImageStore)] { members.map { ($0.countedName, $0.unguarded) } }

    /// The store that a location belongs to; nil when it lies in none.
    func verifiedHolder(of location: ImageLocation) -> (name: String, store: any ImageStore)? {
        member(holding: location).map { ($0.countedName, $0.unguarded) }
    }

    /// The name of the store that a location belongs to; nil when it lies in none.
    package func verifiedName(of location: ImageLocation) -> String? { member(holding: location).map(\.countedName) }

    /// The folders in which files outside of the stores' folders are read; nil when none are.
    var readableFolders: ReadableFolders? {
        ((outside as? GuardedStore)?.base ?? outside as? OutsideFiles).flatMap { ($0 as? OutsideFiles)?.folders }
    }
}

extension Fault {
    /// - Parameter location: as it is recorded.
    fileprivate static func noStore(of location: ImageLocation, _ kind: Kind) -> Fault {
        let scheme = location.url.utf8.firstRange(of: "://".utf8).map { location.url[..<$0.lowerBound] }
        let reason =
            scheme.map { "no store that is enabled here has locations of '\($0.prefix(40))://'" }
            ?? "its location is no URL; is [DEFAULT] metadata_encryption_key the key that it was encrypted with?"
        let label = location.store ?? ""
        let place =
            label.isEmpty
            ? "in no store that is enabled here" : "in the store '\(label.prefix(80))', which is not enabled here or keeps images elsewhere"
        return Fault(kind, "The image's data lie \(place).", cause: NoStore(description: reason))
    }

    fileprivate static func severalStores(_ kind: Kind) -> Fault {
        Fault(
            kind, "The image's data may lie in several stores that are enabled here.",
            cause: NoStore(description: "its location is one of several stores, and its metadata names none of them as its \"store\""))
    }
}

/// The reason why no store is asked for an image's data, for the log.
private struct NoStore: Error, CustomStringConvertible {
    let description: String
}
