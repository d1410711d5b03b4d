internal import Domain
internal import MariaDB

/// Finds the ids of a page.
///
/// An image that the tag read first names twice, as the index takes letters of both cases for one, is found twice and counts twice. So a page may have
/// fewer images than its limit although others follow. As many ids as the limit always mean that others may follow.
struct ListSearch {
    let connection: Connection
    /// Whether all statements see the same moment.
    private var isSnapshot = false
    private let few: FewMemberships

    /// - Parameter few: what other searches found.
    init(connection: Connection, few: FewMemberships) { (self.connection, self.few) = (connection, few) }

    func ids(_ plan: ListPlan) throws(MariaDBError) -> [String] {
        guard let estimates = try estimates(plan) else { return try all(plan.ids(.ranges(plan.orderedKeys[0]))) }
        var plan = plan
        // What few images pass is asked first.
        plan.probes.sort { estimates.rows(of: $0) ?? .infinity < estimates.rows(of: $1) ?? .infinity }
        switch ListCosts(plan, estimates).choice {
        case .whole(let way, let sharing):
            plan.sharing = sharing
            return try all(plan.ids(way))
        case .pieces(let pieces): return try inPieces(plan, pieces)
        case .groups: return try inSnapshot { [plan] (search) throws(MariaDBError) in try search.inGroups(plan) }
        }
    }

    /// - Returns: nil for the order of an index without anything that could make it slow. Only the caller's memberships may do that in a list
    ///   without filters.
    private func estimates(_ plan: ListPlan) throws(MariaDBError) -> ListEstimates? {
        let isOrderAlone = !plan.orderedKeys.isEmpty && plan.isUnfiltered
        if isOrderAlone {
            guard let project = plan.sharingProject, !few.contains(project, plan.listing.memberStatus) else { return nil }
        }
        let estimates = try ListEstimates(plan, on: connection)
        guard let project = plan.sharingProject, estimates[.memberships] <= ListCosts.fewMemberships else { return estimates }
        few.insert(project, plan.listing.memberStatus)
        return isOrderAlone ? nil : estimates
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

    /// The part of another way's cost for which the order is read though it finds nothing. The first image may be near: where all images pass
    /// but the newest, which come first, the order is much cheaper. At worst a page costs so much more.
    private static let patience = 0.5

    /// Reads ranges in order, in pieces, until the page is full or another way is cheaper.
    func inPieces(_ plan: ListPlan, _ pieces: ListCosts.Pieces) throws(MariaDBError) -> [String] {
        guard pieces.sharing == .apart else { return try rangesInPieces(plan, pieces) }
        return try inSnapshot { (search) throws(MariaDBError) in
            let shared = try search.all(plan.ids(.memberships))
            let own = try search.rangesInPieces(plan, pieces)
            guard !shared.isEmpty else { return own }
            var ids = try search.all(plan.sorted(own + shared, without: nil))
            // Where one of the two has a page's ids, others of its images may lie behind the last one.
            let ends = [own, shared].filter { $0.count >= plan.limit }.compactMap { $0.last }
            if let end = ids.firstIndex(where: ends.contains) { ids.removeSubrange((end + 1)...) }
            return plan.filled(ids, isFull: !ends.isEmpty)
        }
    }

    private func rangesInPieces(_ plan: ListPlan, _ pieces: ListCosts.Pieces) throws(MariaDBError) -> [String] {
        var found: [String] = []
        var piece = plan
        piece.sharing = pieces.sharing
        var (depth, spent) = (pieces.depth, 0.0)
        while true {
            let end = piece.place(depth, in: pieces.measure)
            piece.upTo = try connection.first(end.query, end.values)
            found += try all(piece.ids(.ranges(pieces.key)))
            guard let place = piece.upTo, found.count < plan.limit else { return found }
            (piece.after, piece.upTo, piece.limit) = (place, nil, plan.limit - found.count)
            spent += Double(depth)
            depth *= 3
            guard let other = pieces.other else { continue }
            // As many rows again for each image that is missing, as those that were found took. Nothing tells how far the first one is.
            let left = found.isEmpty ? 0 : spent * Double(piece.limit) / Double(found.count)
            let rest = other.depth * Self.patience - spent
            if left > other.depth || (found.isEmpty && rest < 1) {
                if piece.sharing == .inOrder { piece.sharing = .byMembership }
                return found + (try all(piece.ids(other.way)))
            }
            if found.isEmpty { depth = min(depth, Int(rest)) }
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
        return plan.filled(found + (try self.ids(group)), isFull: true)
    }

    /// The ids that a statement returns.
    func all(_ ids: SQLFragment?) throws(MariaDBError) -> [String] {
        guard let ids else { return [] }
        return try connection.all(Query(ids.sql) { row throws(MariaDBError) in try row.text(0) }, ids.values)
    }
}

extension ListPlan {
    /// The ids of a page, the last one repeated if others may follow.
    fileprivate func filled(_ ids: [String], isFull: Bool) -> [String] {
        guard isFull, let last = ids.last else { return Array(ids.prefix(limit)) }
        return Array(ids.prefix(limit)) + repeatElement(last, count: max(0, limit - ids.count))
    }
}
