/// All the stores of a site. New bytes go to one by its name; what is stored is found by its location.
package protocol ImageStores: Sendable {
    /// The stores that clients may name, in the order of the configuration; nil where the site has a single one, without a name.
    var named: [StoreInfo]? { get }

    /// Begins bytes that nobody can see before they are committed.
    ///
    /// - Parameter store: nil for the default one.
    /// - Throws: as `ImageStore.begin` does, and `.invalid` for a store that there is not, or that takes nothing.
    func begin(_ id: ImageID, token: String, announcing size: Int64?, in store: String?) throws(Fault) -> any BlobWriter

    /// Removes what an upload that its worker left behind may have stored, committed or not.
    func discard(_ upload: Upload) throws(Fault)

    /// Removes an upload's unfinished bytes only.
    func discardPending(_ upload: Upload) throws(Fault)

    /// Unfinished bytes that nothing was added to for some seconds, of the stores that can be asked now.
    ///
    /// - Throws: when none can.
    func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload]

    /// Removes bytes. Of what lies in no store of ours nothing is removed.
    func remove(_ url: String) throws(Fault)

    /// The same where others may have removed them, and somebody may have put other bytes there; see `ImageStore`.
    func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault)

    /// Asked before anything is changed for bytes that are to come.
    ///
    /// - Parameter store: nil for the default one.
    /// - Throws: `.invalid` for a store that never takes bytes, `.unavailable` for one that this service cannot use.
    func checkTakesBytes(in store: String?) throws(Fault)

    /// Asked before a record loses a location, so that no bytes are left that nothing tells of.
    ///
    /// - Throws: `.conflict` where the configuration keeps the service from removing what lies there.
    func checkRemovable(_ location: ImageLocation) throws(Fault)

    /// - Throws: `.notFound` when no bytes are there, `.unavailable` when the store does not answer, or none that is here has such
    ///   locations, `.forbidden` for a file that is a link to where the service may not read.
    func bytes(at location: ImageLocation) throws(Fault) -> Blob

    /// Whether a URL is one that a store of ours would read, whatever lies there.
    func holds(_ url: String) -> Bool

    /// The name of the store that a location lies in: the one that it is labelled with, or that its URL leads to; nil where there
    /// is none of that name and the URL leads nowhere.
    func store(of location: ImageLocation) -> String?
}

extension ImageStores {
    package func checkTakesBytes(in store: String?) {}
    package func checkRemovable(_ location: ImageLocation) {}

    /// Locations as they are to be read: those in preferred stores, then those in heavier ones, each kind as it was before.
    package func ordered(_ locations: [ImageLocation], preferring preferred: [String] = []) -> [ImageLocation] {
        guard locations.count > 1, let named else { return locations }
        let weights = Dictionary(named.map { ($0.id, $0.weight) }) { first, _ in first }
        let ranked = locations.enumerated().map { number, location in
            let store = store(of: location)
            let place = store.flatMap { preferred.firstIndex(of: $0) } ?? preferred.count
            return (location: location, place: place, weight: store.flatMap { weights[$0] } ?? 0, number: number)
        }
        return ranked.sorted { ($0.place, $1.weight, $0.number) < ($1.place, $0.weight, $1.number) }.map(\.location)
    }

    /// A new location, labelled with the store that its URL leads to, whatever it says itself.
    package func labelled(_ location: ImageLocation) -> ImageLocation {
        store(of: ImageLocation(url: location.url)).map { location.labelled($0) } ?? location
    }

    package func info(_ store: String) -> StoreInfo? { named?.first { $0.id == store } }
}
