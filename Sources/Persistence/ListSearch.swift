internal import Domain
internal import MariaDB

/// Finds the ids of a page.
struct ListSearch {
    let connection: Connection
    /// Whether all statements see the same moment.
    private var isSnapshot = false
    private let few: FewMemberships

    /// - Parameter few: what other searches found.
    init(connection: Connection, few: FewMemberships) { (self.connection, self.few) = (connection, few) }

    /// The first images of a list.
    struct Found {
        /// In the list's order, each once.
        var ids: [String]
        /// Whether there may be more. There may be even if there are fewer ids than a page has: an image that the tag read first names twice, as
        /// the index takes letters of both cases for one, is found twice and counts twice.
        var isFull: Bool

        static let nothing = Found(ids: [], isFull: false)

        /// What comes before the first image that is not known: behind a full part others may come.
        func within(_ part: Found) -> ArraySlice<String> {
            guard part.isFull, let last = part.ids.last, let place = ids.firstIndex(of: last) else { return ids[...] }
            return ids[...place]
        }
    }

    func ids(_ plan: ListPlan) throws(MariaDBError) -> Found {
        guard let estimates = try estimates(plan) else { return try found(plan, .ranges(plan.orderedKeys[0])) }
        var plan = plan
        // What few images pass is asked first.
        plan.probes.sort { estimates.rows(.filter($0)) ?? .infinity < estimates.rows(.filter($1)) ?? .infinity }
        switch ListCosts(plan, estimates).choice {
        case .whole(let way, let sharing):
            plan.sharing = sharing
            return try found(plan, way)
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
    private func inSnapshot(_ body: (ListSearch) throws(MariaDBError) -> Found) throws(MariaDBError) -> Found {
        if isSnapshot { return try body(self) }
        var search = self
        search.isSnapshot = true
        try connection.begin("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        do throws(MariaDBError) {
            let found = try body(search)
            try connection.commit()
            return found
        } catch {
            connection.rollBack()
            throw error
        }
    }

    /// The part of another way's cost for which the order is read though it finds nothing. The first image may be near: where all images pass
    /// but the newest, which come first, the order is much cheaper. At worst a page costs so much more.
    private static let patience = 0.5

    /// Reads ranges in order, in pieces, until the page is full or another way is cheaper.
    func inPieces(_ plan: ListPlan, _ pieces: ListCosts.Pieces) throws(MariaDBError) -> Found {
        guard pieces.sharing == .apart else { return try rangesInPieces(plan, pieces) }
        return try inSnapshot { (search) throws(MariaDBError) in
            let shared = try search.found(plan, .memberships)
            let own = try search.rangesInPieces(plan, pieces)
            guard !shared.ids.isEmpty else { return own }
            let all = Found(ids: try search.all(plan.sorted(own.ids + shared.ids, without: nil)), isFull: false)
            let count = min(plan.limit, all.within(own).count, all.within(shared).count)
            return Found(ids: Array(all.ids.prefix(count)), isFull: own.isFull || shared.isFull || count == plan.limit)
        }
    }

    private func rangesInPieces(_ plan: ListPlan, _ pieces: ListCosts.Pieces) throws(MariaDBError) -> Found {
        var found = Found.nothing
        var piece = plan
        piece.sharing = pieces.sharing
        var (depth, spent) = (pieces.depth, 0.0)
        while true {
            let end = piece.place(depth, in: pieces.measure)
            piece.upTo = try connection.first(end.query, end.values)
            let more = try self.found(piece, .ranges(pieces.key))
            found = Found(ids: found.ids + more.ids, isFull: more.isFull)
            guard let place = piece.upTo, !found.isFull else { return found }
            (piece.after, piece.upTo, piece.limit) = (place, nil, plan.limit - found.ids.count)
            spent += Double(depth)
            depth *= 3
            guard let other = pieces.other else { continue }
            // As many rows again for each image that is missing, as those that were found took. Nothing tells how far the first one is.
            let left = found.ids.isEmpty ? 0 : spent * Double(piece.limit) / Double(found.ids.count)
            let rest = other.depth * Self.patience - spent
            var isFar = false
            if found.ids.isEmpty {
                isFar = rest < 1
                if !isFar, let distance = try distance(piece, pieces.measure, other.way) { isFar = distance > other.depth }
            }
            if left > other.depth || isFar {
                if piece.sharing != .apart { piece.sharing = other.sharing }
                let last = try self.found(piece, other.way)
                return Found(ids: found.ids + last.ids, isFull: last.isFull)
            }
            if found.ids.isEmpty { depth = min(depth, Int(rest)) }
        }
    }

    /// Roughly how many rows of a range come before the images that the index on another key has first or last.
    private func distance(_ plan: ListPlan, _ range: ListPlan.Range, _ way: ListPlan.Way) throws(MariaDBError) -> Double? {
        guard case .ranges(let key) = way, let nearest = plan.nearest(by: key) else { return nil }
        guard let place = try connection.first(nearest.query, nearest.values) else { return nil }
        return try ListEstimates.rows(plan.rows(in: range, before: place), on: connection)
    }

    /// Finds images by the first key, which an index has in order, and sorts those of the page that are equal in it.
    func inGroups(_ plan: ListPlan) throws(MariaDBError) -> Found {
        var found: [String] = []
        var rest = plan
        if let after = plan.after {
            var group = plan.group(after[0])
            group.after = Array(after.dropFirst())
            let first = try ids(group)
            guard !first.isFull else { return first }
            found = first.ids
            rest.limit -= found.count
        }
        // In the order of the first key alone all images of one value may come before those that pass the filters.
        for _ in 0..<Self.valuesAlone where rest.isByValue {
            let next = rest.nextValue
            guard let value = try connection.first(next.query, next.values) else { return Found(ids: found, isFull: false) }
            let group = try ids(rest.group(value[0]))
            found += group.ids
            guard !group.isFull else { return Found(ids: found, isFull: true) }
            (rest.after, rest.limit) = (value, rest.limit - group.ids.count)
        }
        rest.triesValues = false
        let ordered = try ids(rest.ordered)
        guard rest.orderedKeys.isEmpty else { return Found(ids: found + ordered.ids, isFull: ordered.isFull) }
        guard ordered.isFull else {
            return Found(ids: ordered.ids.isEmpty ? found : found + (try all(plan.sorted(ordered.ids, without: nil))), isFull: false)
        }
        // Of the images that are equal to the last one in the first key, others may come before it.
        let last = plan.firstKey(of: ordered.ids[ordered.ids.count - 1])
        guard let value = try connection.first(last.query, last.values)?.first else { return Found(ids: found + ordered.ids, isFull: true) }
        let before = try all(plan.sorted(ordered.ids, without: value))
        rest.limit -= before.count
        return Found(ids: found + before + (try ids(rest.group(value)).ids), isFull: true)
    }

    /// The values of the first key whose images are looked for one value at a time, before many values without images become dear.
    private static let valuesAlone = 4

    /// The images that a way finds.
    func found(_ plan: ListPlan, _ way: ListPlan.Way) throws(MariaDBError) -> Found {
        let rows = try all(plan.ids(way))
        var seen: Set<String> = []
        return Found(ids: rows.filter { seen.insert($0).inserted }, isFull: rows.count == plan.limit)
    }

    /// The ids that a statement returns.
    func all(_ ids: SQLFragment?) throws(MariaDBError) -> [String] {
        guard let ids else { return [] }
        return try connection.all(Query(ids.sql) { row throws(MariaDBError) in try row.text(0) }, ids.values)
    }
}
