package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func page(_ listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage {
        try database.read("Listing images", within: Database.long) { connection in
            let marker = try listing.marker.map { try self.marker($0, of: listing, caller, connection) }
            guard listing.limit > 0, !listing.filters.contains(where: \.isNothing) else { return ImagePage(images: [], isFull: false) }
            let plan = ListPlan(listing: listing, caller: caller, marker: marker)
            let ids = try ids(of: plan, on: connection)
            let images = try ImageRows.load(
                ids, locations: showsLocations, remains: listing.deletion != .absent, on: connection)
            return ImagePage(images: images, isFull: ids.count == listing.limit)
        }
    }

    private func ids(of plan: ListPlan, on connection: Connection) throws(MariaDBError) -> [String] {
        guard plan.listing.deletion == .absent else { return try all(plan.idsWithDeleted, on: connection) }
        var best: (filter: ImageListing.Filter, count: Int64)?
        for filter in plan.listing.filters {
            guard let probe = plan.probe(filter) else { continue }
            let count = try connection.first(Query(probe.sql) { row throws(MariaDBError) in try row.int(0) }, probe.values) ?? 0
            if count == 0 { return [] }
            if count <= ListPlan.few && count < best?.count ?? .max { best = (filter, count) }
        }
        let statement = best.flatMap { plan.idsFromFew($0.filter) } ?? plan.idsInOrder
        // A tag that Glance wrote twice names its image twice.
        var seen: Set<String> = []
        return try all(statement, on: connection).filter { seen.insert($0).inserted }
    }

    private func all(_ ids: SQLFragment, on connection: Connection) throws(MariaDBError) -> [String] {
        try connection.all(Query(ids.sql) { row throws(MariaDBError) in try row.text(0) }, ids.values)
    }

    private func marker(_ id: ImageID, of listing: ImageListing, _ caller: Caller, _ connection: Connection) throws -> Image {
        do {
            return try visibleImage(id, to: caller, remains: listing.deletion != .absent, on: connection)
        } catch let fault as Fault where fault.kind == .notFound {
            throw Fault(.invalid, "Invalid marker. Image \(id) could not be found.")
        }
    }
}
