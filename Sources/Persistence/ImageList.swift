package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func page(_ listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage {
        while true {
            let found = try database.read("Listing images", within: Database.long) { connection in
                try self.ids(of: listing, caller, on: connection)
            }
            guard let (ids, isFull) = found, !ids.isEmpty else { return .nothing }
            let (images, rest) = try load(ids, remains: listing.deletion != .absent)
            // All images of the page were deleted meanwhile, so the page is read again.
            if isFull && images.isEmpty { continue }
            return ImagePage(images: images, isFull: isFull, rest: rest)
        }
    }

    package func page(of rest: [ImageID], in listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage {
        guard !rest.isEmpty else { return .nothing }
        for id in rest { try checkPossible(id) }
        let plan = ListPlan(listing: listing, caller: caller, marker: nil)
        let known = try database.read("Listing images", within: Database.long) { connection in
            Set(try search(connection).all(plan.idsStillListed(rest.map(\.text))))
        }
        let (images, left) = try load(rest.map(\.text).filter(known.contains), remains: listing.deletion != .absent)
        return ImagePage(images: images, isFull: false, rest: left)
    }

    /// - Returns: the ids of a page, and whether the page is full; nil if the page is certainly empty.
    private func ids(of listing: ImageListing, _ caller: Caller, on connection: Connection) throws -> (ids: [String], isFull: Bool)? {
        let marker = try listing.marker.map { try self.marker($0, of: listing, caller, connection) }
        guard listing.limit > 0, !listing.filters.contains(where: \.isNothing) else { return nil }
        let found = try search(connection).ids(ListPlan(listing: listing, caller: caller, marker: marker))
        return (found.ids, found.isFull)
    }

    private func search(_ connection: Connection) -> ListSearch { ListSearch(connection: connection, few: fewMemberships) }

    /// Reads images by id, as many of the first ones as memory allows, and returns the ids of the others.
    ///
    /// It tries all at once. If they need too much memory it tries fewer, down to one, which is read whole in any case.
    private func load(_ ids: [String], remains: Bool) throws(Fault) -> (images: [Image], rest: [ImageID]) {
        var images: [Image] = []
        var (done, held, step) = (0, 0, ids.count)
        while done < ids.count, held <= ImagePage.memoryLimit / 2 {
            let next = Array(ids[done..<min(done + step, ids.count)])
            let remaining = next.count == 1 && images.isEmpty ? Int.max : ImagePage.memoryLimit - held
            let part = try database.read("Listing images", within: Database.long) { connection in
                try ImageRows.load(next, within: remaining, locations: showsLocations, remains: remains, on: connection)
            }
            switch part {
            case .whole(var more, let memory):
                column.read(&more)
                images.take(more)
                (done, held) = (done + next.count, held + memory)
            case .tooMuch(let whole):
                if !images.isEmpty { return (images, ids[done...].map { ImageID($0) }) }
                step = max(1, min(whole, next.count / 2))
            }
        }
        return (images, ids[done...].map { ImageID($0) })
    }

    private func marker(_ id: ImageID, of listing: ImageListing, _ caller: Caller, _ connection: Connection) throws -> Image {
        do {
            return try connection.readingLate {
                try visibleImage(id, to: caller, remains: listing.deletion != .absent, on: connection)
            }
        } catch let fault as Fault where fault.kind == .notFound {
            throw Fault(.invalid, "Invalid marker. Image \(id) could not be found.")
        }
    }
}
