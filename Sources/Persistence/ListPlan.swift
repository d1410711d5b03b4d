internal import Domain
internal import MariaDB

/// The SQL that finds the images of a page.
///
/// What the caller may see is a few ranges (`ListRanges.swift`). Each has an index for each sort key that holds it in the key's order,
/// `vitrine_images_…`, so there are three ways to the page: to read the ranges in its order until it is full; to read in each what passes
/// the filters on one column, and sort that; or to begin where a filter names its images, such as at the rows of a tag, and sort these.
/// `ListSearch` chooses between them.
struct ListPlan {
    let listing: ImageListing
    let caller: Caller
    /// The sort keys up to the id, which is unique.
    var keys: [ImageListing.Sort]
    var limit: Int
    /// The values of the keys, or of the first ones, that the page comes after.
    var after: [SQLValue]?
    /// The values of the keys up to which, inclusively, images are looked for.
    var upTo: [SQLValue]?
    /// Columns whose values are given, because images that are equal in them are sorted by the next ones.
    var given: [(key: ImageListing.Sort.Key, value: SQLValue)] = []
    var sharing = Sharing.byMembership
    /// Whether images may be looked for one value of the first key at a time.
    var triesValues = true
    /// The places of the filters on tags and properties, in the order in which an image is asked for them.
    var probes: [Int]

    /// - Parameter marker: the last image of the previous page.
    init(listing: ImageListing, caller: Caller, marker: Image?) {
        (self.listing, self.caller, limit) = (listing, caller, listing.limit)
        keys = listing.sort.uptoID.filter { !listing.isEqual(in: $0.key, to: marker) }
        probes = listing.filters.indices.filter { listing.filters[$0].isProbe }
        after = marker.map { image in keys.map { image.sortValue(of: $0.key) } }
    }

    /// How the ways through ranges find images that others share with the caller.
    enum Sharing: CaseIterable {
        /// By the caller's memberships, whose images are sorted.
        case byMembership
        /// By the order of the list.
        case inOrder
        /// Not at all: another statement finds them.
        case apart
    }

    /// A way to a page.
    enum Way {
        /// The ranges are read by the index on this key.
        case ranges(ImageListing.Sort.Key)
        /// The images are read that others share with the caller, and no other ones.
        case memberships
        /// The images of the filter at this place among the filters are read.
        case filter(Int)
    }

    // MARK: statements

    /// The ids of the page.
    func ids(_ way: Way) -> SQLFragment? {
        switch way {
        case .ranges(let key): merged(ranges(key).map { branch($0) } + (sharing == .apart ? [] : shared(key).map { [branch($0)] } ?? []))
        case .memberships: merged(shared(keys[0].key).map { [branch($0)] } ?? [])
        case .filter(let place): start(place)
        }
    }

    private func branch(_ range: Range) -> SQLFragment { branch(range.table, range.condition) }

    private func branch(_ shared: (tables: SQLFragment, condition: SQLFragment)) -> SQLFragment {
        branch(shared.tables, "\(shared.condition) AND \(isLive)")
    }

    /// The first images of tables, as many as a page has.
    private func branch(_ tables: SQLFragment, _ condition: SQLFragment) -> SQLFragment {
        """
        (SELECT \(word: keys.map { "i.\($0.key.rawValue)" }.joined(separator: ", "))
           FROM \(tables)
          WHERE \(condition) AND \(common)\(asks("i.id"))
          ORDER BY \(word: order { "i.\($0)" }) LIMIT \(.int(Int64(limit))))
        """
    }

    private func merged(_ branches: [SQLFragment]) -> SQLFragment? {
        guard !branches.isEmpty else { return nil }
        return """
            SELECT id FROM (\(branches.joined(" UNION ALL "))) AS page
             ORDER BY \(word: order { $0 }) LIMIT \(.int(Int64(limit)))
            """
    }

    private func start(_ place: Int) -> SQLFragment? {
        let filter = listing.filters[place]
        guard let start = filter.start(isLive, isExact: listing.hasExactNames, { asks($0, without: place) }) else { return nil }
        return """
            SELECT i.id FROM \(start.tables)
             WHERE \(start.condition) AND \(isLive) AND \(visible(sharing: true)) AND \(common)
             ORDER BY \(word: order { "i.\($0)" }) LIMIT \(.int(Int64(limit)))
            """
    }

    /// The values of the keys of the image that lies so many images behind the beginning of a range; filters on other columns do not count.
    func place(_ distance: Int, in range: Range) -> Query<[SQLValue]>.Bound {
        let columns = keys.map { "i.\($0.key.rawValue)" }.joined(separator: ", ")
        var conditions = [range.condition] + indexConditions(range.key)
        if let later { conditions.append(later) }
        let text: SQLFragment = """
            SELECT \(word: columns) FROM \(range.table) WHERE \(conditions.allOfThem)
             ORDER BY \(word: order { "i.\($0)" }) LIMIT 1 OFFSET \(.int(Int64(distance)))
            """
        return .init(query: Query(text.sql, decode: decoded(keys.map(\.key))), values: text.values)
    }

    /// The values of the keys of the image that comes first in the list, of those that pass the filters on a key and are first or last by its
    /// index; nil without such filters. They show where the filtered images are if age and filter depend on each other.
    func nearest(by key: ImageListing.Sort.Key) -> Query<[SQLValue]>.Bound? {
        guard !columnConditions(key).isEmpty, let ordering = boundingKeys(key).last else { return nil }
        let columns = keys.map { "i.\($0.key.rawValue)" }.joined(separator: ", ")
        let ends: [SQLFragment] = ranges(key).flatMap { range in
            ["ASC", "DESC"].map { direction in
                """
                (SELECT \(word: columns) FROM \(range.table) WHERE \(([range.condition] + indexConditions(key)).allOfThem)
                  ORDER BY i.\(word: ordering.rawValue) \(word: direction) LIMIT 8)
                """
            }
        }
        let later: SQLFragment = self.later.map { " WHERE \($0)" } ?? ""
        let text: SQLFragment = """
            SELECT \(word: columns) FROM (\(ends.joined(" UNION ALL "))) AS i\(later) ORDER BY \(word: order { "i.\($0)" }) LIMIT 1
            """
        return .init(query: Query(text.sql, decode: decoded(keys.map(\.key))), values: text.values)
    }

    /// The rows of a range that this page may need up to a place, by the first two keys.
    func rows(in range: Range, before place: [SQLValue]) -> SQLFragment {
        var conditions = [range.beginning, notLater(than: Array(place.prefix(2)))] + indexConditions(range.key)
        if let later { conditions.append(later) }
        return "SELECT 1 FROM \(range.table) WHERE \(conditions.allOfThem)"
    }

    /// The next value of the first key in the ranges that the caller may see images of, filtered or not.
    var nextValue: Query<[SQLValue]>.Bound {
        let key = keys[0].key
        let first = "\(key.rawValue) \(keys[0].direction.rawValue.uppercased())"
        var conditions = columnConditions(key)
        if let after { conditions.append(later(than: [after[0]])) }
        let all = ranges(key) + (sharingProject == nil ? [] : deletedValues.map { deleted in sharedRange(key, deleted) })
        let ends: [SQLFragment] = all.map { range in
            """
            (SELECT i.\(word: key.rawValue) FROM \(range.table) WHERE \(([range.beginning] + conditions).allOfThem)
              ORDER BY i.\(word: first) LIMIT 1)
            """
        }
        let text = ends.joined(" UNION ALL ")
        return .init(
            query: Query("SELECT * FROM (\(text.sql)) AS found ORDER BY \(first) LIMIT 1", decode: decoded([key])), values: text.values)
    }

    /// Whether filters let pass some of many images that are equal in the first key, which has few values.
    var isByValue: Bool { triesValues && !listing.filters.isEmpty && [.status, .containerFormat, .diskFormat].contains(keys[0].key) }

    private func decoded(_ kinds: [ImageListing.Sort.Key]) -> @Sendable (borrowing Row) throws(MariaDBError) -> [SQLValue] {
        { row throws(MariaDBError) in
            var values: [SQLValue] = []
            for (place, key) in kinds.enumerated() { values.append(try row.sortValue(place, of: key)) }
            return values
        }
    }

    /// The value of the first key of an image.
    func firstKey(of id: String) -> Query<[SQLValue]>.Bound {
        let key = keys[0].key
        return .init(
            query: Query("SELECT i.\(key.rawValue) FROM images i FORCE INDEX (PRIMARY) WHERE i.id = ?") { row throws(MariaDBError) in
                [try row.sortValue(0, of: key)]
            }, values: [.text(id)])
    }

    /// These images in the order of the list.
    ///
    /// - Parameter value: of the first key, whose images are left out; nil for none.
    func sorted(_ ids: [String], without value: SQLValue?) -> SQLFragment {
        let others: SQLFragment = value.map { " AND NOT (i.\(word: keys[0].key.rawValue) <=> \($0))" } ?? ""
        return """
            SELECT i.id FROM images i FORCE INDEX (PRIMARY) WHERE i.id IN (\(Self.list(ids)))\(others)
             ORDER BY \(word: order { "i.\($0)" })
            """
    }

    /// The images among these that belong to the list, regardless of its pages.
    func idsStillListed(_ ids: [String]) -> SQLFragment {
        """
        SELECT i.id FROM images i FORCE INDEX (PRIMARY)
         WHERE i.id IN (\(Self.list(ids))) AND \(isLive) AND \(visible(sharing: true)) AND \(common)\(asks("i.id"))
        """
    }

    /// Few lengths of lists, so that few statements are prepared.
    private static func list(_ ids: [String]) -> SQLFragment {
        let size = [1, 5, 25, 100, 1000].first { $0 >= ids.count } ?? ids.count
        let padded = ids + repeatElement(ids.last ?? "", count: size - ids.count)
        return padded.map { "\(.text($0))" as SQLFragment }.joined(", ")
    }

    // MARK: conditions

    /// The conditions of the filters on tags and properties, one after another, each behind an `AND`. They are subqueries with one value, which
    /// MariaDB asks row by row: of `EXISTS` it would read all images of such a filter first, and of a join as many rows as an image has
    /// spellings of all its tags.
    ///
    /// - Parameters:
    ///   - image: the column with the image's id.
    ///   - first: the place of a filter that is read already.
    private func asks(_ image: String, without first: Int? = nil) -> SQLFragment {
        var text: SQLFragment = ""
        for place in probes where place != first {
            if let probe = listing.filters[place].probe(of: image, isExact: listing.hasExactNames) { text = "\(text) AND \(probe)" }
        }
        return text
    }

    /// The values of `deleted` that are listed. Every range has one.
    var deletedValues: [Bool] {
        switch listing.deletion {
        case .absent: [false]
        case .included: [false, true]
        case .only: [true]
        }
    }

    var isLive: SQLFragment {
        deletedValues.count > 1 ? "i.deleted IN (0, 1)" : "i.deleted = \(.flag(deletedValues[0]))"
    }

    var isHidden: SQLFragment { "i.os_hidden = \(.flag(listing.isHidden))" }

    /// What the filters say of a column.
    func columnConditions(_ key: ImageListing.Sort.Key) -> [SQLFragment] {
        listing.filters.filter { $0.column == key.rawValue }.compactMap(\.condition)
            + given.filter { $0.key == key }.map { Self.equal("i.\($0.key.rawValue)", $0.value) }
    }

    /// The keys whose filters bound a range of the index on a key: that one and, if all images of the range are equal in it, the age.
    func boundingKeys(_ key: ImageListing.Sort.Key) -> [ImageListing.Sort.Key] {
        key != .createdAt && isFixed(key, by: key) ? [key, .createdAt] : [key]
    }

    /// What the filters say of the columns that the index on a key has in order.
    func indexConditions(_ key: ImageListing.Sort.Key) -> [SQLFragment] { boundingKeys(key).flatMap(columnConditions) }

    /// The condition on every image of the page, however it is found.
    private var common: SQLFragment {
        var conditions = [isHidden]
        if listing.deletion == .absent { conditions.append("i.status NOT IN ('killed', 'deleted', 'pending_delete')") }
        conditions += listing.filters.compactMap(\.condition)
        conditions += given.map { Self.equal("i.\($0.key.rawValue)", $0.value) }
        if let later { conditions.append(later) }
        if let upTo { conditions.append(notLater(than: upTo)) }
        return conditions.allOfThem
    }

    // MARK: order

    func order(_ column: (String) -> String) -> String {
        keys.map { "\(column($0.key.rawValue)) \($0.direction.rawValue.uppercased())" }.joined(separator: ", ")
    }

    /// The condition that images come after the previous page; nil on the first page.
    var later: SQLFragment? { after.map(later) }

    /// Images after a place in the order: later in the first key, or equal there and later in the next.
    private func later(than values: [SQLValue]) -> SQLFragment { beside(values, Self.later, orEqual: false) }

    private func notLater(than values: [SQLValue]) -> SQLFragment {
        beside(
            values, { Self.later($0, than: $1, $2 == .ascending ? .descending : .ascending) }, orEqual: true)
    }

    private func beside(
        _ values: [SQLValue], _ side: (String, SQLValue, ImageListing.Sort.Direction) -> SQLFragment?, orEqual: Bool
    ) -> SQLFragment {
        var alternatives: [SQLFragment] = []
        var level: [SQLFragment] = []
        for (sort, value) in zip(keys, values) {
            let column = "i.\(sort.key.rawValue)"
            if let there = side(column, value, sort.direction) { alternatives.append("(\((level + [there]).allOfThem))") }
            level.append(Self.equal(column, value))
        }
        if orEqual { alternatives.append("(\(level.allOfThem))") }
        return alternatives.isEmpty ? "FALSE" : "(\(alternatives.joined(" OR ")))"
    }

    private static func equal(_ column: String, _ value: SQLValue) -> SQLFragment {
        if case .null = value { return "\(word: column) IS NULL" }
        return "\(word: column) = \(value)"
    }

    /// MariaDB sorts NULL before every value.
    private static func later(_ column: String, than value: SQLValue, _ direction: ImageListing.Sort.Direction) -> SQLFragment? {
        switch (value, direction) {
        case (.null, .ascending): "\(word: column) IS NOT NULL"
        case (.null, .descending): nil
        case (_, .ascending): "\(word: column) > \(value)"
        case (_, .descending) where ["i.id", "i.created_at", "i.status"].contains(column): "\(word: column) < \(value)"
        case (_, .descending): "(\(word: column) < \(value) OR \(word: column) IS NULL)"
        }
    }
}

extension [ImageListing.Sort] {
    /// The keys up to the id, behind which none counts.
    var uptoID: [ImageListing.Sort] { Array(self[...(firstIndex { $0.key == .id } ?? count - 1)]) }
}

extension ImageListing {
    /// Whether a filter lets all images have one value in a key, and the marker, which need not be in the list, has it too. Such a key sorts
    /// nothing.
    fileprivate func isEqual(in key: Sort.Key, to marker: Image?) -> Bool {
        for case .text(let field, let values) in filters where field.rawValue == key.rawValue && key != .id && values.count == 1 {
            guard let marker else { return true }
            if case .text(let value) = marker.sortValue(of: key), value.utf8.elementsEqual(values[0].utf8) { return true }
        }
        return false
    }
}

extension Query {
    /// A query with its values.
    struct Bound {
        let query: Query
        let values: [SQLValue]
    }
}

extension Row {
    fileprivate func sortValue(_ column: Int, of key: ImageListing.Sort.Key) throws(MariaDBError) -> SQLValue {
        guard !isNull(column) else { return .null }
        return switch key {
        case .createdAt, .updatedAt: .time(try time(column))
        case .size: .int(try int(column))
        case .name, .status, .containerFormat, .diskFormat, .id: .text(try text(column))
        }
    }
}

extension Image {
    fileprivate func sortValue(of key: ImageListing.Sort.Key) -> SQLValue {
        switch key {
        case .name: .text(name)
        case .status: .text(status.rawValue)
        case .containerFormat: .text(containerFormat)
        case .diskFormat: .text(diskFormat)
        case .size: .int(size)
        case .id: .text(id.text)
        case .createdAt: createdAt.sqlValue
        case .updatedAt: updatedAt.sqlValue
        }
    }
}
