internal import Domain
internal import MariaDB

/// Chooses the way to a page by what each costs.
///
/// Reading in the list's order is quick if many images pass the filters, and reading what a filter names is quick if few do. Where few of the
/// first images pass and many of the last (a filter on times, sorted by age), the estimate for the order is wrong; so the ranges are read
/// in pieces, each larger than the one before, until what was found says that another way is quicker, or nothing was found for long.
struct ListCosts {
    enum Choice {
        /// One statement.
        case whole(ListPlan.Way, ListPlan.Sharing)
        /// Pieces of ranges in order.
        case pieces(Pieces)
        /// Images that are equal in the first key are found group by group, as no index has the order, or it has many first that do not pass.
        case groups
    }

    struct Pieces {
        let key: ImageListing.Sort.Key
        let sharing: ListPlan.Sharing
        /// The largest range, by which pieces are measured, and how many of its rows the first piece has.
        let measure: ListPlan.Range
        let depth: Int
        /// Another way, and the rows of that range that cost as much; nil for none.
        let other: (way: ListPlan.Way, sharing: ListPlan.Sharing, depth: Double)?
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

    init(_ plan: ListPlan, _ estimates: ListEstimates) { (self.plan, self.estimates) = (plan, estimates) }

    var choice: Choice {
        let isInOrder = !plan.orderedKeys.isEmpty
        let orders = plan.ordered.orderedKeys.flatMap(orders)
        let other = others.min { $0.cost < $1.cost }
        guard let best = orders.min(by: { $0.likely < $1.likely }) else {
            return .whole(other?.way ?? .ranges(plan.keys[0].key), other?.sharing ?? .byMembership)
        }
        if let other, other.cost <= best.likely + (isInOrder ? 0 : 3 * Cost.statement) {
            return .whole(other.way, other.sharing)
        }
        guard isInOrder else { return .groups }
        // Without filters each range ends where the page is full.
        let endsEarly = plan.isUnfiltered && best.sharing != .inOrder
        let isBounded = endsEarly || best.most <= max(Self.small, 2 * min(best.likely, other?.cost ?? .infinity))
        let depth = max(100, 1.4 * best.rows) * best.share
        guard !isBounded, !plan.sortsByFixedKey, depth < 0.7 * best.all * best.share, let measure = best.measure else {
            return .whole(.ranges(best.key), best.sharing == .inOrder ? .inOrder : .byMembership)
        }
        // The order has the images of each value by age, so that for each a filter on the age tells where to begin.
        if plan.isByValue, plan.listing.filters.contains(where: { $0.column == "created_at" }) { return .groups }
        return .pieces(
            Pieces(
                key: best.key, sharing: best.sharing, measure: measure, depth: max(1, Int(depth)),
                other: other.map { ($0.way, $0.sharing, $0.cost / best.row * best.share) }))
    }

    // MARK: in order

    private struct Order {
        let key: ImageListing.Sort.Key
        let sharing: ListPlan.Sharing
        /// The rows to be read: probably, and at most.
        let rows, all: Double
        /// µs for a row.
        let row: Double
        /// µs for the images that are found by the caller's memberships.
        let fixed: Double
        /// The largest range, and its part of all rows.
        let measure: ListPlan.Range?
        let share: Double

        var likely: Double { fixed + rows * row }
        var most: Double { fixed + all * row }
    }

    private func orders(_ key: ImageListing.Sort.Key) -> [Order] {
        // Each piece would read many memberships again.
        guard estimates[.memberships] > Self.fewMemberships else { return [order(key, .byMembership)] }
        guard plan.deletedValues.count == 1, plan.severalValues(key) == nil else { return [order(key, .apart)] }
        return [order(key, .apart), order(key, .inOrder)]
    }

    private func order(_ key: ImageListing.Sort.Key, _ sharing: ListPlan.Sharing) -> Order {
        let passing = selectivity(without: key)
        var measures = plan.ranges(key)
        var remaining = measures.indices.map { place in
            plan.after == nil ? bounded(key, place) : estimates[.remaining(key, place)]
        }
        var scanned = bounded(key)
        var matching = scanned * passing
        let isSharedInOrder = sharing == .inOrder
        if isSharedInOrder {
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
            key: key, sharing: sharing, rows: matching <= limit ? all : min(all, limit * scanned / matching), all: all,
            row: row(key) + (isSharedInOrder ? Cost.looked + Cost.joined : 0),
            fixed: isSharedInOrder ? 0 : estimates[.memberships] * (Cost.looked + probing()),
            measure: largest.map { measures[$0] }, share: largest.map { remaining[$0] / max(1, all) } ?? 1)
    }

    private func filtered(_ key: ImageListing.Sort.Key, _ place: Int) -> Double {
        plan.columnConditions(key).isEmpty ? estimates[.whole(place)] : estimates[.filtered(key, place)]
    }

    private func bounded(_ key: ImageListing.Sort.Key, _ place: Int) -> Double {
        estimates.rows(.bounded(key, place)) ?? filtered(key, place)
    }

    /// The rows of all ranges that pass the filters that bound them.
    private func bounded(_ key: ImageListing.Sort.Key) -> Double { plan.ranges(key).indices.reduce(0) { $0 + bounded(key, $1) } }

    /// The rows of all ranges that pass the filters on a key's column.
    private func filtered(_ key: ImageListing.Sort.Key) -> Double { plan.ranges(key).indices.reduce(0) { $0 + filtered(key, $1) } }

    /// The part of the images that passes all filters but those that bound the ranges of a key's index.
    private func selectivity(without key: ImageListing.Sort.Key) -> Double {
        let whole = max(1, plan.ranges(.createdAt).indices.reduce(0) { $0 + estimates[.whole($1)] })
        let bounding = plan.boundingKeys(key)
        var part = 1.0
        for other in plan.filteredKeys where !bounding.contains(other) { part *= min(1, filtered(other) / whole) }
        for place in plan.startingFilters { part *= passing(place) }
        return part
    }

    /// The part of all images that passes a filter; 1 if nobody asked.
    private func passing(_ place: Int) -> Double { estimates.rows(.filter(place)).map { min(1, $0 / max(1, estimates[.all])) } ?? 1 }

    /// µs for asking an image for the filters on tags and properties: for each one only if it passed those before.
    ///
    /// - Parameter first: the place of a filter that is read already.
    private func probing(without first: Int? = nil) -> Double {
        var (cost, part) = (0.0, 1.0)
        for place in plan.probes where place != first {
            cost += part * Cost.joined
            part *= passing(place)
        }
        return cost
    }

    /// µs for a row of a range by the index on a key.
    private func row(_ key: ImageListing.Sort.Key) -> Double {
        Cost.indexed + (plan.isCovered(by: key) ? 0 : Cost.looked) + probing()
    }

    // MARK: other ways

    private var others: [(way: ListPlan.Way, sharing: ListPlan.Sharing, cost: Double)] {
        let memberships = estimates[.memberships] * Cost.looked
        var ways: [(ListPlan.Way, ListPlan.Sharing, Double)] = plan.filteredKeys.flatMap { key in
            let own = bounded(key) * (row(key) + Cost.sorted)
            let byMembership = (ListPlan.Way.ranges(key), ListPlan.Sharing.byMembership, memberships + own)
            guard let shared = estimates.rows(.sharedFiltered(key)) else { return [byMembership] }
            return [byMembership, (.ranges(key), .inOrder, own + shared * (row(key) + Cost.looked + Cost.joined))]
        }
        if plan.orderedKeys.isEmpty {
            let key = plan.keys[0].key
            ways.append((.ranges(key), .byMembership, memberships + bounded(key) * (row(key) + Cost.sorted)))
        }
        for place in plan.startingFilters {
            // The image that a tag or a property names is read last.
            let image = plan.listing.filters[place].isProbe ? plan.probes.reduce(Cost.joined) { $1 == place ? $0 : $0 * passing($1) } : 0
            ways.append((.filter(place), .byMembership, estimates[.filter(place)] * (Cost.looked + probing(without: place) + image)))
        }
        return ways
    }
}

extension ListPlan {
    /// Whether nothing but the caller limits the list.
    var isUnfiltered: Bool { listing.filters.isEmpty && given.isEmpty }

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

    /// Whether the index on a key has all columns that filters and sort keys ask.
    func isCovered(by key: ImageListing.Sort.Key) -> Bool {
        var known: Set<String> = [key.rawValue, "id", "status"]
        if key != .id { known.insert("created_at") }
        if ranges(key).allSatisfy({ if case .owner = $0.base { true } else { false } }) { known.insert("owner") }
        return listing.filters.allSatisfy { $0.column.map(known.contains) ?? true } && keys.allSatisfy { known.contains($0.key.rawValue) }
            && given.allSatisfy { known.contains($0.key.rawValue) }
    }

    // MARK: order

    /// Whether all images have one value in a key, in each range of the index on another one.
    func isFixed(_ key: ImageListing.Sort.Key, by index: ImageListing.Sort.Key) -> Bool {
        guard key != .id else { return false }
        return given.contains { $0.key == key } || listing.filters.contains { $0.column == key.rawValue && $0.isEquality }
            || key == index && severalValues(key) != nil
    }

    /// Whether the list is sorted by a key in which filters let all images be equal, because the marker has another value or might have one.
    /// A piece would be sorted by it to find its end, which the filters do not bound.
    var sortsByFixedKey: Bool { keys.contains { isFixed($0.key, by: .id) } }

    /// The keys whose index has the ranges in the list's order: the first sort key that filters leave open, or one that they fix.
    var orderedKeys: [ImageListing.Sort.Key] {
        let all = ImageListing.Sort.Key.allCases
        let first = keys.first { !isFixed($0.key, by: .id) }?.key
        return (all.filter { $0 == first } + all.filter { $0 != first && isFixed($0, by: $0) }).filter { key in
            let open = keys.filter { !isFixed($0.key, by: key) }
            let columns: [ImageListing.Sort.Key] = key == .id ? [.id] : key == .createdAt ? [.createdAt, .id] : [key, .createdAt, .id]
            return open.map(\.key) == columns.filter { !isFixed($0, by: key) } && open.allSatisfy { $0.direction == open[0].direction }
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
