internal import Domain
internal import MariaDB

/// The plan by which MariaDB finds the images of a page, while it reads hardly any other rows.
///
/// There are two ways. *In order*: the caller's visible images are a few ranges (public, own, …); each is read in the order of an
/// index `vitrine_images_…` up to the page's length, and the results are merged. *From few*: if a filter lets few images
/// pass, these are read and sorted. Without such a plan the optimizer reads and sorts all visible images, whatever the limit.
struct ListPlan {
    let listing: ImageListing
    let caller: Caller
    /// The last image of the previous page.
    let marker: Image?

    /// The most images that are read and sorted rather than found in order. Each of them costs the reading of its whole row at a random
    /// place, which at 100,000 images is several times the cost of a row that is read in order and does not pass (measured: a
    /// tag of 2,000 images took 70 ms from few on a slow machine).
    static let few = 500

    /// A range of images that the caller may see, all with one visibility or one owner.
    private struct Range {
        let index: String
        let condition: SQLFragment
    }

    /// The sort keys up to the id, which is unique.
    private var keys: [ImageListing.Sort] {
        let end = listing.sort.firstIndex { $0.key == .id }
        return Array(listing.sort[...(end ?? listing.sort.count - 1)])
    }

    // MARK: statements

    /// Counts the images that a filter lets pass, up to one more than few; nil if that cannot be counted quickly, or
    /// if the order of an index leads to them anyway.
    func probe(_ filter: ImageListing.Filter) -> SQLFragment? {
        if filter.fixedKey != nil && filter.fixedKey == leadingKey { return nil }
        if case .time(let field, _, _) = filter, field.rawValue == leadingKey.rawValue { return nil }
        guard let start = filter.entries ?? filter.start(isHidden: listing.isHidden) else { return nil }
        return """
            SELECT COUNT(*) FROM
            (SELECT 1 FROM \(start.tables) WHERE \(start.condition) LIMIT \(.int(Int64(Self.few + 1)))) AS probe
            """
    }

    /// The ids of the page, starting from the images that one filter lets pass.
    func idsFromFew(_ filter: ImageListing.Filter) -> SQLFragment? {
        guard let start = filter.start(isHidden: listing.isHidden) else { return nil }
        return """
            SELECT i.id FROM \(start.tables)
             WHERE \(start.condition) AND \(visible) AND \(common)
             ORDER BY \(word: order { "i.\($0)" }) LIMIT \(.int(Int64(listing.limit)))
            """
    }

    /// The ids of the page, merged from ranges in order.
    var idsInOrder: SQLFragment {
        let columns = keys.map { "i.\($0.key.rawValue)" } + (keys.last?.key == .id ? [] : ["i.id"])
        var branches: [SQLFragment] = ranges.map { range in
            """
            (SELECT \(word: columns.joined(separator: ", "))
               FROM images i FORCE INDEX (\(word: range.index))
              WHERE \(range.condition) AND \(common)
              ORDER BY \(word: order { "i.\($0)" }) LIMIT \(.int(Int64(listing.limit))))
            """
        }
        if let shared = sharedWithCaller(columns) { branches.append(shared) }
        return """
            SELECT id FROM (\(branches.joined(" UNION ALL "))) AS page
             ORDER BY \(word: order { $0 }) LIMIT \(.int(Int64(listing.limit)))
            """
    }

    /// The ids of a page with deleted images, which no index holds in order: found through the filters, and sorted.
    var idsWithDeleted: SQLFragment {
        """
        SELECT i.id FROM images i WHERE \(visible) AND \(common)
         ORDER BY \(word: order { "i.\($0)" }) LIMIT \(.int(Int64(listing.limit)))
        """
    }

    /// The images among these that belong to the list, regardless of its pages.
    func idsStillListed(_ ids: [String]) -> SQLFragment {
        // Few lengths of lists, so that few statements are prepared.
        let size = [1, 5, 25].first { $0 >= ids.count } ?? ids.count
        let padded = ids + repeatElement(ids.last ?? "", count: size - ids.count)
        return """
            SELECT i.id FROM images i FORCE INDEX (PRIMARY)
             WHERE i.id IN (\(padded.map { "\(.text($0))" as SQLFragment }.joined(", "))) AND \(visible) AND \(common)
            """
    }

    // MARK: ranges

    /// The column whose index the ranges are read by: the first sort key or, for a sort by age, the column that a filter fixes.
    private var leadingKey: ImageListing.Sort.Key {
        guard keys[0].key == .createdAt else { return keys[0].key }
        return listing.filters.lazy.compactMap(\.fixedKey).first ?? .createdAt
    }

    private var onlyOwner: String? {
        for case .text(.owner, let owners) in listing.filters where owners.count == 1 { return owners[0] }
        return nil
    }

    private var ranges: [Range] {
        if let owner = onlyOwner {
            return [Range(index: "vitrine_images_owner_\(leadingKey.rawValue)", condition: "i.owner = \(.text(owner)) AND \(visible)")]
        }
        let own = caller.project.map { _ in
            { (condition: SQLFragment) in
                Range(index: "vitrine_images_owner_\(leadingKey.rawValue)", condition: "\(isOwn) AND \(condition)")
            }
        }
        func all(_ visibility: Visibility) -> Range {
            Range(
                index: "vitrine_images_visibility_\(leadingKey.rawValue)",
                condition: "i.visibility = \(.text(visibility.rawValue))")
        }
        switch (listing.visibility, caller.isAdmin) {
        case (.usual, true): return [.public, .private, .shared].map(all) + [own?("i.visibility = 'community'")].compactMap(\.self)
        case (.all, true): return Visibility.allCases.map(all)
        case (.nonPublic, true): return [.private, .shared, .community].map(all)
        case (.only(let visibility), true): return [all(visibility)]
        case (.usual, false): return [all(.public)] + [own?("i.visibility <> 'public'")].compactMap(\.self)
        case (.nonPublic, false): return [own?("i.visibility <> 'public'")].compactMap(\.self)
        case (.all, false):
            return [all(.public), all(.community)] + [own?("i.visibility IN ('private', 'shared')")].compactMap(\.self)
        case (.only(let visibility), false) where visibility == .public || visibility == .community: return [all(visibility)]
        case (.only(let visibility), false): return [own?("i.visibility = \(.text(visibility.rawValue))")].compactMap(\.self)
        }
    }

    /// Other projects' images that are shared with the caller. No index has their order; there are as many as the caller has
    /// memberships, and they are sorted.
    private func sharedWithCaller(_ columns: [String]) -> SQLFragment? {
        guard !caller.isAdmin, let project = caller.project, onlyOwner == nil else { return nil }
        switch listing.visibility {
        case .usual, .all, .nonPublic, .only(.shared): break
        case .only: return nil
        }
        return """
            (SELECT \(word: columns.joined(separator: ", "))
               FROM image_members m FORCE INDEX (vitrine_image_members_member)
                    STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = m.image_id
              WHERE m.member = \(.text(project)) AND BINARY m.member = \(.text(project)) AND m.deleted = 0\(answered("m"))
                AND i.visibility = 'shared' AND \(isNotOwn) AND \(common)
              ORDER BY \(word: order { "i.\($0)" }) LIMIT \(.int(Int64(listing.limit))))
            """
    }

    // MARK: conditions

    private var isNotOwn: SQLFragment {
        guard let project = caller.project else { return "TRUE" }
        return "(i.owner IS NULL OR BINARY i.owner <> \(.text(project)))"
    }

    /// The comparison is by bytes, since the column's collation, which its indexes use, ignores case.
    private var isOwn: SQLFragment {
        caller.project.map { "(i.owner = \(.text($0)) AND BINARY i.owner = \(.text($0)))" } ?? "FALSE"
    }

    private func answered(_ members: String) -> SQLFragment {
        guard let status = listing.memberStatus else { return "" }
        return " AND \(word: members).status = \(.text(status.rawValue))"
    }

    /// The condition that covers all ranges.
    private var visible: SQLFragment {
        let sharedWithCaller: SQLFragment =
            caller.project.map { project in
                """
                i.visibility = 'shared' AND EXISTS (
                    SELECT 1 FROM image_members m FORCE INDEX (ix_image_members_image_id_member)
                     WHERE m.image_id = i.id AND m.member = \(.text(project)) AND BINARY m.member = \(.text(project)) AND m.deleted = 0\(answered("m")))
                """
            } ?? "FALSE"
        switch (listing.visibility, caller.isAdmin) {
        case (.usual, true): return "(i.visibility <> 'community' OR \(isOwn))"
        case (.all, true): return "TRUE"
        case (.nonPublic, true): return "i.visibility <> 'public'"
        case (.nonPublic, false): return "(i.visibility <> 'public' AND (\(isOwn) OR \(sharedWithCaller)))"
        case (.usual, false): return "(i.visibility = 'public' OR \(isOwn) OR \(sharedWithCaller))"
        case (.all, false): return "(i.visibility IN ('public', 'community') OR \(isOwn) OR \(sharedWithCaller))"
        case (.only(.shared), false): return "(i.visibility = 'shared' AND (\(isOwn) OR \(sharedWithCaller)))"
        case (.only(.private), false): return "(i.visibility = 'private' AND \(isOwn))"
        case (.only(let visibility), _): return "i.visibility = \(.text(visibility.rawValue))"
        }
    }

    /// The condition on every image of the page, however it is found.
    private var common: SQLFragment {
        var conditions: [SQLFragment] =
            switch listing.deletion {
            case .absent: ["i.deleted = 0", "i.status NOT IN ('killed', 'deleted', 'pending_delete')"]
            case .included: []
            case .only: ["i.deleted = 1"]
            }
        conditions.append("i.os_hidden = \(.flag(listing.isHidden))")
        conditions += listing.filters.map { listing.hasExactNames ? $0.exactCondition : $0.condition }
        if let marker { conditions.append(after(marker)) }
        return conditions.allOfThem
    }

    // MARK: order

    private func order(_ column: (String) -> String) -> String {
        keys.map { "\(column($0.key.rawValue)) \($0.direction.rawValue.uppercased())" }.joined(separator: ", ")
    }

    /// Images after another in the order: later in the first key, or equal there and later in the next.
    private func after(_ marker: Image) -> SQLFragment {
        var alternatives: [SQLFragment] = []
        var level: [SQLFragment] = []
        for sort in keys {
            let column = "i.\(sort.key.rawValue)"
            let value = marker.sortValue(of: sort.key)
            if let later = Self.later(column, than: value, sort.direction) {
                alternatives.append("(\((level + [later]).allOfThem))")
            }
            if case .null = value { level.append("\(word: column) IS NULL") } else { level.append("\(word: column) = \(value)") }
        }
        return alternatives.isEmpty ? "FALSE" : "(\(alternatives.joined(" OR ")))"
    }

    /// MariaDB sorts NULL before every value.
    private static func later(_ column: String, than value: SQLValue, _ direction: ImageListing.Sort.Direction) -> SQLFragment? {
        switch (value, direction) {
        case (.null, .ascending): "\(word: column) IS NOT NULL"
        case (.null, .descending): nil
        case (_, .ascending): "\(word: column) > \(value)"
        case (_, .descending) where column == "i.id" || column == "i.created_at": "\(word: column) < \(value)"
        case (_, .descending): "(\(word: column) < \(value) OR \(word: column) IS NULL)"
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
