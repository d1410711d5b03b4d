internal import Domain
internal import MariaDB

/// Finds the ids of a page.
struct ListSearch {
    let connection: Connection
    /// Whether all statements see the same moment.
    private var isSnapshot = false

    init(connection: Connection) { self.connection = connection }

    func ids(_ plan: ListPlan) throws(MariaDBError) -> [String] {
        guard let choice = try choice(plan) else { return try all(plan.ids(.ranges(plan.orderedKeys[0]))) }
        switch choice {
        case .whole(let way, let readsSharedInOrder):
            var plan = plan
            plan.readsSharedInOrder = readsSharedInOrder
            return try all(plan.ids(way))
        case .pieces(let pieces): return try inPieces(plan, pieces)
        case .groups: return try inSnapshot { (search) throws(MariaDBError) in try search.inGroups(plan) }
        }
    }

    /// - Returns: nil for the order of an index without anything that could make it slow.
    private func choice(_ plan: ListPlan) throws(MariaDBError) -> ListCosts.Choice? {
        if !plan.orderedKeys.isEmpty, plan.listing.filters.isEmpty, plan.given.isEmpty {
            guard plan.memberships != nil else { return nil }
            let memberships = try ListEstimates(membershipsOf: plan, on: connection)[.memberships]
            if memberships <= ListCosts.fewMemberships { return nil }
        }
        return ListCosts(plan, try ListEstimates(plan, on: connection)).choice
    }

    /// Has all statements of a search see the same moment.
    private func inSnapshot(_ body: (ListSearch) throws(MariaDBError) -> [String]) throws(MariaDBError) -> [String] {
        if isSnapshot { return try body(self) }
        var search = self
        search.isSnapshot = true
        try connection.begin("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        do throws(MariaDBError) {
            let ids = try body(search)
            try connection.commit()
            return ids
        } catch {
            connection.rollBack()
            throw error
        }
    }

    /// Reads ranges in order, in pieces, until the page is full or another way is cheaper.
    func inPieces(_ plan: ListPlan, _ pieces: ListCosts.Pieces) throws(MariaDBError) -> [String] {
        var found: [String] = []
        var piece = plan
        piece.readsSharedInOrder = pieces.readsSharedInOrder
        var (depth, spent) = (pieces.depth, 0.0)
        while true {
            let end = piece.place(depth, in: pieces.measure)
            piece.upTo = try connection.first(end.query, end.values)
            found += try all(piece.ids(.ranges(pieces.key)))
            guard let place = piece.upTo, found.count < plan.limit else { return found }
            (piece.after, piece.upTo, piece.limit) = (place, nil, plan.limit - found.count)
            spent += Double(depth)
            // As many rows again for each image that is missing, as those that were found took.
            let left = spent * Double(piece.limit) / max(0.5, Double(found.count))
            if let other = pieces.other, left > other.depth {
                piece.readsSharedInOrder = false
                return found + (try all(piece.ids(other.way)))
            }
            depth *= 3
        }
    }

    /// Finds images by the first key, which an index has in order, and sorts those of the page that are equal in it.
    func inGroups(_ plan: ListPlan) throws(MariaDBError) -> [String] {
        var found: [String] = []
        if let after = plan.after {
            var group = plan.group(after[0])
            group.after = Array(after.dropFirst())
            found = try ids(group)
            guard found.count < plan.limit else { return found }
        }
        var next = plan.ordered
        next.limit = plan.limit - found.count
        let ids = try ids(next)
        guard ids.count == next.limit else { return ids.isEmpty ? found : found + (try all(plan.sorted(ids, without: nil))) }
        // Of the images that are equal to the last one in the first key, others may come before it.
        let last = plan.firstKey(of: ids[ids.count - 1])
        guard let value = try connection.first(last.query, last.values)?.first else { return found + ids }
        found += try all(plan.sorted(ids, without: value))
        var group = plan.group(value)
        group.limit = plan.limit - found.count
        return found + (try self.ids(group))
    }

    /// The ids that a statement returns.
    func all(_ ids: SQLFragment?) throws(MariaDBError) -> [String] {
        guard let ids else { return [] }
        return try connection.all(Query(ids.sql) { row throws(MariaDBError) in try row.text(0) }, ids.values)
    }
}
