/// All stores of an installation. New data goes to a store by its name; existing data is found by its location.
package protocol ImageStores: Sendable {
    /// The stores that clients may name, in the order of the configuration; nil when there is a single store without a name.
    var named: [StoreInfo]? { get }

    /// Begins to write data, which is not visible before it is committed.
    ///
    /// - Parameter store: the store's name; nil for the default store.
    /// - Throws: as `ImageStore.begin` does, and `.invalid` for a store that does not exist or takes no data.
    func begin(_ id: ImageID, token: String, announcing size: Int64?, in store: String?) throws(Fault) -> any BlobWriter

    /// Removes the data that an abandoned upload may have written, committed or not.
    func discard(_ upload: Upload) throws(Fault)

    /// Removes the unfinished data of an upload only.
    func discardPending(_ upload: Upload) throws(Fault)

    /// Finds uploads with unfinished data that was not written to for some seconds, in the stores that answer now.
    ///
    /// - Throws: when no store answers.
    func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload]

    /// Removes data. Data on external web servers is left alone.
    ///
    /// - Throws: as `ImageStore.remove` does, and `.unavailable` for a location that no store can remove, or of which it is not known which
    ///   store's it is.
    func remove(_ location: ImageLocation) throws(Fault)

    /// Removes data that others may have removed or replaced; see `ImageStore`.
    func remove(_ location: ImageLocation, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault)

    /// Checks that a store takes data, before anything else is changed for an upload.
    ///
    /// - Parameter store: the store's name; nil for the default store.
    /// - Throws: `.invalid` for a store that never takes data, `.unavailable` for one that this service cannot use.
    func checkTakesBytes(in store: String?) throws(Fault)

    /// Checks that the data at a location can be removed, before a record loses the location, so that no data stays without a record.
    ///
    /// - Throws: `.conflict` when the configuration keeps the service from removing it.
    func checkRemovable(_ location: ImageLocation) throws(Fault)

    /// Finds the data at a location.
    ///
    /// - Throws: `.notFound` when there is none, `.unavailable` when the store does not answer or no configured store has such locations,
    ///   `.forbidden` for a link to a file that the service may not read.
    func bytes(at location: ImageLocation) throws(Fault) -> Blob

    /// The data at a location as its store remembers them, for nginx to fetch; see `ImageStore`.
    func rememberedBytes(at location: ImageLocation, size: Int64) -> Blob?

    /// Whether a configured store reads such URLs. No store is asked whether data is there.
    func holds(_ url: String) -> Bool

    /// Whether this service can read the data of a location at all; false when its store's engine is not here. No store is asked.
    func canRead(_ location: ImageLocation) -> Bool

    /// The location as it is recorded today: with the label of its store and in the form that the store writes. A location of which nobody
    /// can tell the store stays as it is.
    func current(_ location: ImageLocation) -> ImageLocation

    /// The name of the store that holds a location: the one in its label, or the one that its URL belongs to; nil when no store has that
    /// name and the URL belongs to none.
    func store(of location: ImageLocation) -> String?

    /// Whether two locations are in the same store of this service; false for those on external web servers. No store is asked.
    func shareStore(_ one: ImageLocation, _ other: ImageLocation) -> Bool
}

extension ImageStores {
    /// The default: stores take data.
    package func checkTakesBytes(in store: String?) {}
    /// The default: data can be removed.
    package func checkRemovable(_ location: ImageLocation) {}
    /// The default: nothing is remembered.
    package func rememberedBytes(at location: ImageLocation, size: Int64) -> Blob? { nil }
    /// The default: data can be read.
    package func canRead(_ location: ImageLocation) -> Bool { true }
    /// The default: nobody can tell.
    package func shareStore(_ one: ImageLocation, _ other: ImageLocation) -> Bool { false }
    /// The default: only the label is brought up to date.
    package func current(_ location: ImageLocation) -> ImageLocation { store(of: location).map { location.labelled($0) } ?? location }

    /// Sorts locations in the order in which to read them: those in preferred stores first, then by the weight of their stores, heaviest
    /// first; otherwise the order stays.
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

    /// A new location as it is recorded: labelled with the store that its URL belongs to, whatever its own label is, in the form that this
    /// store writes.
    package func named(_ location: ImageLocation) -> ImageLocation {
        let current = current(ImageLocation(url: location.url))
        let new = ImageLocation(url: current.url, metadata: location.metadata)
        return current.store.map { new.labelled($0) } ?? new
    }

    /// Labels a location with the store that its URL belongs to, whatever its own label is.
    package func labelled(_ location: ImageLocation) -> ImageLocation {
        store(of: ImageLocation(url: location.url)).map { location.labelled($0) } ?? location
    }

    /// The description of a named store; nil when there is none of that name.
    package func info(_ store: String) -> StoreInfo? { named?.first { $0.id == store } }
}
