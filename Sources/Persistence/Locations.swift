package import Domain
internal import JSONDocument
internal import MariaDB

extension MariaDBCatalog: LocationCatalog {
    package func place(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> (image: Image, owed: [OwedRemoval]) {
        try checkPossible(id)
        return try database.transaction("Changing image \(id)") { connection in
            let (before, after) = try changed(id, visibleTo: caller, claim, on: connection, change)
            return (after, try oweLost(from: before, to: after, on: connection))
        }
    }

    package func relabel(_ location: ImageLocation, as labelled: ImageLocation, of image: ImageID) throws(Fault) {
        try database.run("Labelling a location of image \(image)") { connection in
            try ImageChanges.relabel(location, as: labelled, of: image, at: nil, column, on: connection)
        }
    }
}

/// The difference between two lists of locations.
struct LocationChanges {
    private(set) var dropped: [ImageLocation] = []
    private(set) var added: [ImageLocation] = []
    /// Locations with the same URL and other metadata.
    private(set) var relabelled: [(ImageLocation, ImageLocation)] = []

    init(from old: [ImageLocation], to new: [ImageLocation]) {
        added = new
        for location in old {
            if let place = added.firstIndex(of: location) { added.remove(at: place) } else { dropped.append(location) }
        }
        dropped.removeAll { location in
            guard let place = added.firstIndex(where: { $0.url.isSame(as: location.url) }) else { return false }
            relabelled.append((location, added.remove(at: place)))
            return true
        }
    }

    var isEmpty: Bool { dropped.isEmpty && added.isEmpty && relabelled.isEmpty }
}
