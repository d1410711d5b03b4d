internal import Domain
internal import MariaDB

extension ListPlan {
    /// A range of images that the caller may see: all with one visibility or one owner, and either all deleted or all not.
    struct Range {
        /// The key whose index is read.
        let key: ImageListing.Sort.Key
        /// What the images have in common: visibility or owner.
        let base: Base
        /// What further images of the range must be; the index tells it. Nil if nothing.
        var further: SQLFragment?
        let deleted: Bool
        let isHidden: Bool
        /// The key's value; nil for any.
        var value: String?

        enum Base: Equatable {
            case visibility(Visibility)
            case owner(String)
        }

        var table: SQLFragment {
            switch base {
            case .visibility: "images i FORCE INDEX (vitrine_images_visibility_\(word: key.rawValue))"
            case .owner: "images i FORCE INDEX (vitrine_images_owner_\(word: key.rawValue))"
            }
        }

        /// The beginning of the index.
        var condition: SQLFragment {
            let whole = beginning
            return further.map { "\(whole) AND \($0)" } ?? whole
        }

        /// The condition without what the index tells only row by row.
        var beginning: SQLFragment {
            let first: SQLFragment =
                switch base {
                case .visibility(let visibility): "i.visibility = \(.text(visibility.rawValue))"
                case .owner(let owner): "i.owner = \(.text(owner))"
                }
            let whole: SQLFragment = "\(first) AND i.deleted = \(.flag(deleted)) AND i.os_hidden = \(.flag(isHidden))"
            return value.map { "\(whole) AND i.\(word: key.rawValue) = \(.text($0))" } ?? whole
        }
    }

    /// The ranges of what the caller may see, by the index on a key, without images of others that are shared with the caller.
    func ranges(_ key: ImageListing.Sort.Key) -> [Range] {
        let values = severalValues(key)
        return deletedValues.flatMap { deleted in
            bases.flatMap { base in
                let whole = Range(key: key, base: base.base, further: base.further, deleted: deleted, isHidden: listing.isHidden)
                return values.map { values in
                    values.map { value in
                        var range = whole
                        range.value = value
                        return range
                    }
                } ?? [whole]
            }
        }
    }

    /// The values of a key of which a filter names several, if each has a range of its own, which is sorted by age; nil otherwise.
    ///
    /// A value that the column's collation takes for another one would be read twice. It does so with letters of both cases, and with
    /// characters that are not looked at here.
    func severalValues(_ key: ImageListing.Sort.Key) -> [String]? {
        guard key != .id, !given.contains(where: { $0.key == key }) else { return nil }
        for case .text(let field, let values) in listing.filters where field.rawValue == key.rawValue && values.count > 1 {
            let isPlain = values.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7e).contains($0) } }
            let areDifferent = Set(values.map { $0.lowercased() }).count == values.count
            let count = values.count * bases.count * deletedValues.count
            return isPlain && areDifferent && count <= Self.mostRanges ? values : nil
        }
        return nil
    }

    /// More ranges take the optimizer longer than a sort takes.
    private static let mostRanges = 16

    /// The owner whose images alone are listed; nil for any.
    var onlyOwner: String? {
        for case .text(.owner, let owners) in listing.filters where owners.count == 1 { return owners[0] }
        return nil
    }

    private var bases: [(base: Range.Base, further: SQLFragment?)] {
        if let owner = onlyOwner { return [(.owner(owner), visible(sharing: false))] }
        func own(_ condition: SQLFragment) -> [(Range.Base, SQLFragment?)] {
            caller.project.map { [(.owner($0), "\(isOwn) AND \(condition)")] } ?? []
        }
        func all(_ visibilities: Visibility...) -> [(Range.Base, SQLFragment?)] { visibilities.map { (.visibility($0), nil) } }
        return switch (listing.visibility, caller.isAdmin) {
        case (.usual, true): all(.public, .private, .shared) + own("i.visibility = 'community'")
        case (.all, true): all(.public, .private, .shared, .community)
        case (.nonPublic, true): all(.private, .shared, .community)
        case (.only(let visibility), true): all(visibility)
        case (.usual, false): all(.public) + own("i.visibility <> 'public'")
        case (.nonPublic, false): own("i.visibility <> 'public'")
        case (.all, false): all(.public, .community) + own("i.visibility IN ('private', 'shared')")
        case (.only(let visibility), false) where visibility == .public || visibility == .community: all(visibility)
        case (.only(let visibility), false): own("i.visibility = \(.text(visibility.rawValue))")
        }
    }

    // MARK: shared images

    /// The project whose memberships count; nil if no image is listed because it is shared.
    var sharingProject: String? {
        guard !caller.isAdmin, let project = caller.project else { return nil }
        return switch listing.visibility {
        case .usual, .all, .nonPublic, .only(.shared): project
        case .only: nil
        }
    }

    /// The caller's memberships, which the index finds.
    var memberships: SQLFragment? {
        sharingProject.map { project in
            """
            SELECT 1 FROM image_members m FORCE INDEX (vitrine_image_members_member)
             WHERE m.member = \(.text(project)) AND m.deleted = 0\(answered("m"))
            """
        }
    }

    /// Other projects' images that are shared with the caller: those of the caller's memberships, which are sorted, or those of the key's
    /// order that have one.
    func shared(_ key: ImageListing.Sort.Key) -> (tables: SQLFragment, condition: SQLFragment)? {
        guard let project = sharingProject else { return nil }
        let member: SQLFragment = """
            m.member = \(.text(project)) AND BINARY m.member = \(.text(project)) AND m.deleted = 0\(answered("m"))
            """
        let tables: SQLFragment =
            if sharing == .inOrder {
                """
                \(sharedRange(key).table)
                    STRAIGHT_JOIN image_members m FORCE INDEX (ix_image_members_image_id_member) ON m.image_id = i.id
                """
            } else {
                """
                image_members m FORCE INDEX (vitrine_image_members_member)
                    STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = m.image_id
                """
            }
        return (tables, "\(member) AND i.visibility = 'shared' AND \(isNotOwn)")
    }

    /// The range in which images that are shared with the caller are looked for by the order of the list.
    func sharedRange(_ key: ImageListing.Sort.Key) -> Range { sharedRange(key, deletedValues[0]) }

    func sharedRange(_ key: ImageListing.Sort.Key, _ deleted: Bool) -> Range {
        Range(key: key, base: onlyOwner.map { .owner($0) } ?? .visibility(.shared), deleted: deleted, isHidden: listing.isHidden)
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
    ///
    /// - Parameter sharing: whether it covers images that are shared with the caller, too.
    func visible(sharing: Bool) -> SQLFragment {
        let isOwnOrShared: SQLFragment =
            if sharing, let project = caller.project {
                """
                (\(isOwn) OR i.visibility = 'shared' AND EXISTS (
                    SELECT 1 FROM image_members m FORCE INDEX (ix_image_members_image_id_member)
                     WHERE m.image_id = i.id AND m.member = \(.text(project)) AND BINARY m.member = \(.text(project)) AND m.deleted = 0\(answered("m"))))
                """
            } else {
                isOwn
            }
        return switch (listing.visibility, caller.isAdmin) {
        case (.usual, true): "(i.visibility <> 'community' OR \(isOwn))"
        case (.all, true): "TRUE"
        case (.nonPublic, true): "i.visibility <> 'public'"
        case (.nonPublic, false): "(i.visibility <> 'public' AND \(isOwnOrShared))"
        case (.usual, false): "(i.visibility = 'public' OR \(isOwnOrShared))"
        case (.all, false): "(i.visibility IN ('public', 'community') OR \(isOwnOrShared))"
        case (.only(.shared), false): "(i.visibility = 'shared' AND \(isOwnOrShared))"
        case (.only(.private), false): "(i.visibility = 'private' AND \(isOwn))"
        case (.only(let visibility), _): "i.visibility = \(.text(visibility.rawValue))"
        }
    }
}
