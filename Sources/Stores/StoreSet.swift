package import Domain

/// The stores of a site, by their names and by the locations that they hold.
package struct StoreSet: ImageStores {
    package struct Member: Sendable {
        /// Nil for the only store of a site that new bytes go to, and for those beside it.
        let info: StoreInfo?
        let store: any ImageStore

        package init(_ info: StoreInfo?, _ store: any ImageStore) { (self.info, self.store) = (info, store) }

        fileprivate var unguarded: any ImageStore { (store as? GuardedStore)?.base ?? store }
    }

    private let members: [Member]
    private let main: any ImageStore
    package let named: [StoreInfo]?

    /// One store for new bytes, which needs no name, and others that are only read.
    package init(_ main: some ImageStore, beside others: [any ImageStore] = []) {
        self.main = main
        members = ([main] + others).map { Member(nil, $0) }
        named = nil
    }

    /// Several stores, of which one is the default.
    package init(_ members: [Member]) {
        guard let main = members.first(where: { $0.info?.isDefault == true }) else { fatalError("one of several stores is the default") }
        self.members = members
        self.main = main.store
        named = members.compactMap(\.info)
    }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?, in store: String?) throws(Fault) -> any PendingBytes {
        guard let store else { return try main.begin(id, token: token, announcing: size) }
        guard let member = members.first(where: { $0.info?.id == store }) else {
            throw Fault(.invalid, "There is no store '\(store.prefix(80))'.")
        }
        return try member.store.begin(id, token: token, announcing: size)
    }

    package func discard(_ upload: Upload) throws(Fault) {
        try all { store throws(Fault) in try store.discard(upload) }
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        try all { store throws(Fault) in try store.discardPending(upload) }
    }

    /// Asks every store, whatever the others say.
    ///
    /// - Throws: the first refusal, when all were asked.
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

    package func remove(_ url: String) throws(Fault) { try members.first { $0.store.holds(url) }?.store.remove(url) }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        try members.first { $0.store.holds(url) }?.store.remove(url, ifStill: isMeant)
    }

    package func bytes(at location: ImageLocation) throws(Fault) -> StoredBytes {
        guard let member = member(holding: location) else {
            throw Fault(.notFound, "The image's data is in no store that is enabled.")
        }
        return try member.store.bytes(at: location.url)
    }

    package func holds(_ url: String) -> Bool { members.contains { $0.store.holds(url) } }

    package func store(of location: ImageLocation) -> String? {
        guard named != nil else { return nil }
        return member(holding: location)?.info?.id
    }

    /// A label counts where the store of that name can hold such a location: operators rename stores, and move what lies in them.
    private func member(holding location: ImageLocation) -> Member? {
        if let label = location.store, let member = members.first(where: { $0.info?.id == label }), member.store.holds(location.url) {
            return member
        }
        return members.first { $0.store.holds(location.url) }
    }

    /// What can be asked whether they can be used: those that images are written to.
    package var probes: [any HealthProbe] { members.compactMap { $0.unguarded as? any HealthProbe } }
}

extension StoreSet {
    /// Where nginx is told to find files, and the folders that they lie in.
    package var internalFolders: [(prefix: String, folder: String)] {
        members.flatMap { ($0.unguarded as? FileStore)?.internalFolders ?? [] }
    }
}
