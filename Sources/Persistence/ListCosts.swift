internal import Domain
internal import MariaDB

/// Chooses the way to a page by what each costs.
///
/// Reading in the list's order is quick if many images pass the filters, and reading what a filter names is quick if few do. Where few of the
/// first images pass and many of the last (a filter on times, sorted by age), the estimate for the order is wrong; so the ranges are read
/// in pieces, each larger than the one before, until what was found says that another way is quicker.
struct ListCosts {
    enum Choice {
        /// One statement.
        case whole(ListPlan.Way, readsSharedInOrder: Bool)
        /// Pieces of ranges in order.
        case pieces(Pieces)
        /// No index has the order, so images that are equal in the first key are found group by group.
        case groups
    }

    struct Pieces {
        let key: ImageListing.Sort.Key
        let readsSharedInOrder: Bool
        /// The largest range, by which pieces are measured, and how many of its rows the first piece has.
        let measure: ListPlan.Range
        let depth: Int
        /// Another way, and the rows of that range that cost as much; nil for none.
        let other: (way: ListPlan.Way, depth: Double)?
    }

    /// Roughly what MariaDB 10.11 needs, in µs (10,000 images in memory, on a machine that was busy): for a row of an index that has all
    /// columns in question, for one whose image must be looked at besides, for a look whether a row of another table is there, for sorting
    /// a row, and for one more statement.
    private enum Cost {
        static let indexed = 0.3
        static let looked = 2.0
        static let joined = 2.5
        static let sorted = 0.2
        static let statement = 150.0
    }

    /// The most memberships that are read and sorted without a second thought.
    static let fewMemberships = 300.0
    /// So much of a cost is not worth dividing, in µs.
    private static let small = 600.0

    private let plan: ListPlan
    private let estimates: ListEstimates
    private let ranges: Int

    init(_ plan: ListPlan, _ estimates: ListEstimates) {
        (self.plan, self.estimates) = (plan, estimates)
        ranges = plan.ranges(.createdAt).count
    }

    var choice: Choice {
        let isInOrder = !plan.orderedKeys.isEmpty
        let orders = plan.ordered.orderedKeys.flatMap(orders)
        let other = others.min { $0.cost < $1.cost }
        guard let best = orders.min(by: { $0.likely < $1.likely }) else {
            return .whole(other?.way ?? .ranges(plan.keys[0].key), readsSharedInOrder: false)
        }
        if let other, other.cost <= best.likely + (isInOrder ? 0 : 3 * Cost.statement) {
            return .whole(other.way, readsSharedInOrder: false)
        }
        guard isInOrder else { return .groups }
        let isBounded = best.most <= max(Self.small, 2 * min(best.likely, other?.cost ?? .infinity))
        let depth = max(100, 1.4 * best.rows) * best.share
        guard !isBounded, !best.isWhole, depth < 0.7 * best.all * best.share, let measure = best.measure else {
            return .whole(.ranges(best.key), readsSharedInOrder: best.readsSharedInOrder)
        }
        return .pieces(
            Pieces(
                key: best.key, readsSharedInOrder: best.readsSharedInOrder, measure: measure, depth: max(1, Int(depth)),
                other: other.map { ($0.way, $0.cost / best.row * best.share) }))
    }

    // MARK: in order

    private struct Order {
        let key: ImageListing.Sort.Key
        let readsSharedInOrder: Bool
        /// The rows to be read: probably, and at most.
        let rows, all: Double
        /// µs for a row.
        let row: Double
        /// µs for the images that are found by the caller's memberships.
        let fixed: Double
        /// The largest range, and its part of all rows.
        let measure: ListPlan.Range?
        let share: Double

        /// Whether it is not read in pieces, each of which would read the memberships again.
        let isWhole: Bool

        var likely: Double { isWhole ? most : fixed + rows * row }
        var most: Double { fixed + all * row }
    }

    private func orders(_ key: ImageListing.Sort.Key) -> [Order] {
        let byMembership = order(key, readsSharedInOrder: false)
        guard plan.deletedValues.count == 1, estimates[.memberships] > Self.fewMemberships else { return [byMembership] }
        return [byMembership, order(key, readsSharedInOrder: true)]
    }

    private func order(_ key: ImageListing.Sort.Key, readsSharedInOrder: Bool) -> Order {
        let passing = selectivity(without: key)
        var measures = plan.ranges(key)
        var remaining = (0..<ranges).map { place in
            plan.after == nil ? filtered(key, place) : estimates[.remaining(key, place)]
        }
        var scanned = (0..<ranges).reduce(0) { $0 + filtered(key, $1) }
        var matching = scanned * passing
        if readsSharedInOrder {
            measures.append(plan.sharedRange(key))
            remaining.append(estimates[.shared])
            scanned += estimates[.shared]
            // Nobody knows how many of an owner's images are shared with this caller.
            if plan.onlyOwner == nil { matching += min(estimates[.shared], estimates[.memberships]) * passing }
        }
        let all = remaining.reduce(0, +)
        let limit = Double(plan.limit)
        let largest = remaining.indices.max { remaining[$0] < remaining[$1] }
        return Order(
            key: key, readsSharedInOrder: readsSharedInOrder, rows: matching <= limit ? all : min(all, limit * scanned / matching),
            all: all,
            row: row(key) + (readsSharedInOrder ? Cost.looked + Cost.joined : 0),
            fixed: readsSharedInOrder ? 0 : estimates[.memberships] * (Cost.looked + Double(plan.joinCount) * Cost.joined),
            measure: largest.map { measures[$0] }, share: largest.map { remaining[$0] / max(1, all) } ?? 1,
            isWhole: !readsSharedInOrder && estimates[.memberships] > Self.fewMemberships)
    }

    private func filtered(_ key: ImageListing.Sort.Key, _ place: Int) -> Double {
        plan.columnConditions(key).isEmpty ? estimates[.whole(place)] : estimates[.filtered(key, place)]
    }

    /// The part of the images that passes all filters but those on one key's column.
    private func selectivity(without key: ImageListing.Sort.Key) -> Double {
        let whole = max(1, estimates.sum(ranges) { .whole($0) })
        var part = 1.0
        for other in plan.filteredKeys where other != key { part *= min(1, estimates.sum(ranges) { .filtered(other, $0) } / whole) }
        for place in plan.startingFilters { part *= min(1, estimates[.filter(place)] / max(1, estimates[.all])) }
        return part
    }

    /// µs for a row of a range by the index on a key.
    private func row(_ key: ImageListing.Sort.Key) -> Double {
        Cost.indexed + (plan.isCovered(by: key) ? 0 : Cost.looked) + Double(plan.joinCount) * Cost.joined
    }

    // MARK: other ways

    private var others: [(way: ListPlan.Way, cost: Double)] {
        let memberships = estimates[.memberships] * Cost.looked
        var ways: [(ListPlan.Way, Double)] = plan.filteredKeys.map { key in
            (.ranges(key), memberships + estimates.sum(ranges) { .filtered(key, $0) } * (row(key) + Cost.sorted))
        }
        if plan.orderedKeys.isEmpty {
            let key = plan.keys[0].key
            let all = (0..<ranges).reduce(0) { $0 + filtered(key, $1) }
            ways.append((.ranges(key), memberships + all * (row(key) + Cost.sorted)))
        }
        for place in plan.startingFilters {
            ways.append((.filter(place), estimates[.filter(place)] * (Cost.looked + Double(plan.joinCount) * Cost.joined)))
        }
        return ways
    }
}

extension ListPlan {
    /// The sort keys whose columns filters restrict, other than the id.
    var filteredKeys: Set<ImageListing.Sort.Key> {
        Set(ImageListing.Sort.Key.allCases.filter { $0 != .id && !columnConditions($0).isEmpty })
    }

    /// The places of the filters whose images can be read first. There may be many tags, so only some filters count.
    var startingFilters: [Int] { Array(listing.filters.indices.filter { counted($0) != nil }.prefix(8)) }

    /// The rows that are counted to learn how many images pass a filter, and the others on its column.
    func counted(_ place: Int) -> (tables: SQLFragment, condition: SQLFragment)? {
        let filter = listing.filters[place]
        let others = listing.filters.indices.filter { $0 != place && filter.column != nil && listing.filters[$0].column == filter.column }
        return filter.counted(isLive).map { counted in
            (counted.tables, ([counted.condition] + others.compactMap { listing.filters[$0].condition }).allOfThem)
        }
    }

    /// The number of other tables that are asked for each image.
    var joinCount: Int { listing.filters.count { $0.column == nil && !$0.isNothing } }

    /// Whether the index on a key has all columns that filters and sort keys ask.
    func isCovered(by key: ImageListing.Sort.Key) -> Bool {
        var known: Set<String> = [key.rawValue, "id", "status"]
        if key != .id { known.insert("created_at") }
        if ranges(key).allSatisfy({ if case .owner = $0.base { true } else { false } }) { known.insert("owner") }
        return listing.filters.allSatisfy { $0.column.map(known.contains) ?? true } && keys.allSatisfy { known.contains($0.key.rawValue) }
            && given.allSatisfy { known.contains($0.key.rawValue) }
    }

    // MARK: order

    private func isFixed(_ key: ImageListing.Sort.Key) -> Bool {
        guard key != .id else { return false }
        return given.contains { $0.key == key } || listing.filters.contains { $0.column == key.rawValue && $0.isEquality }
    }

    /// The keys whose index has the ranges in the list's order: the first sort key that filters leave open, or one that they fix.
    var orderedKeys: [ImageListing.Sort.Key] {
        let open = keys.filter { !isFixed($0.key) }
        guard let first = open.first, open.allSatisfy({ $0.direction == first.direction }) else { return [] }
        return ([first.key] + ImageListing.Sort.Key.allCases.filter { isFixed($0) && $0 != first.key }).filter { key in
            let columns: [ImageListing.Sort.Key] = key == .id ? [.id] : key == .createdAt ? [.createdAt, .id] : [key, .createdAt, .id]
            return open.map(\.key) == columns.filter { !isFixed($0) }
        }
    }

    /// The list in an order that an index has: by the first key alone, then by age.
    var ordered: ListPlan {
        guard orderedKeys.isEmpty else { return self }
        var other = self
        let direction = keys[0].direction
        let all = [keys[0].key] + [.createdAt, .id].filter { $0 != keys[0].key }
        other.keys = all.map { ImageListing.Sort($0, direction) }.uptoID
        other.after = after.map { [$0[0]] }
        return other
    }

    /// The images that are equal in the first key, sorted by the others.
    func group(_ value: SQLValue) -> ListPlan {
        var group = self
        group.given.append((keys[0].key, value))
        group.keys = Array(keys.dropFirst())
        group.after = nil
        return group
    }
}
