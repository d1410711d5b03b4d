package import Domain
package import HTTP

/// The lists of V1, whose query the API and the registry read alike.
extension ImageListing {
    /// Reads the query of a list. Unknown parameters are ignored.
    ///
    /// - Parameters:
    ///   - usual: the size of a page when the query does not give it.
    ///   - most: the largest size of a page.
    /// - Returns: the listing, and the caller as whom it is read: an administrator sees what a user sees, unless the query asks for more.
    /// - Throws: `.invalid` for an invalid value of a parameter.
    package static func fromV1Query(
        _ query: Query, for caller: Caller, usual: Int, most: Int
    ) throws(Fault) -> (listing: ImageListing, reader: Caller) {
        var listing = ImageListing(limit: usual)
        listing.memberStatus = nil
        try listing.readPage(query, most: most)
        try listing.readFilters(query)
        guard caller.isAdmin else { return (listing, caller) }
        let deleted = try flag("deleted", query["deleted"])
        if deleted == true { listing.deletion = .only }
        if deleted == false { listing.deletion = .absent }
        guard let text = query["is_public"] else { return (listing, caller.asUser) }
        guard text.lowercased() != "none" else {
            listing.visibility = .all
            return (listing, caller)
        }
        if try flag("is_public", text) == true { return (listing, caller.asUser) }
        listing.visibility = .nonPublic
        return (listing, caller)
    }

    private mutating func readPage(_ query: Query, most: Int) throws(Fault) {
        if let text = query["limit"] {
            guard let number = Int64(loosely: text), number >= 0 else { throw Self.invalid("limit", text, "an integer from 0 on") }
            limit = Int(min(number, Int64(most)))
        }
        if let text = query["marker"] {
            let id = ImageID(text)
            guard id.isUUID else { throw Self.invalid("marker", text, "the id of an image") }
            marker = id
        }
        var key = Sort.Key.createdAt
        if let text = query["sort_key"] {
            guard let known = Sort.Key(rawValue: text) else {
                throw Self.invalid("sort_key", text, "one of \(Sort.Key.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            key = known
        }
        var direction = Sort.Direction.descending
        if let text = query["sort_dir"] {
            guard let known = Sort.Direction(rawValue: text) else { throw Self.invalid("sort_dir", text, "asc or desc") }
            direction = known
        }
        sort = [Sort(key, direction)] + [.createdAt, .id].filter { $0 != key }.map { Sort($0, direction) }
    }

    private mutating func readFilters(_ query: Query) throws(Fault) {
        for (name, text) in query.pairs {
            if let field = Self.textFields.first(where: { $0.rawValue == name }) {
                filters.append(.text(field, anyOf: [text]))
            } else if name.hasPrefix("property-") {
                filters.append(.property(String(name.dropFirst("property-".count)), text))
            } else {
                try readValue(name, text)
            }
            // No column can hold such a value, so no image has it.
            if !ImageText.isStorable(text) || !ImageText.isStorable(name) { filters = [.nothing] }
        }
    }

    /// A parameter between API and registry that V1 does not have: property names must match exactly.
    private static let exactNames = "vitrine_exact_names"
    /// A parameter between API and registry that V1 does not have: a page may be answered in parts, as far as memory allows.
    private static let inParts = "vitrine_in_parts"

    /// Whether a page may be answered in parts.
    package static func isInParts(_ query: Query) -> Bool { query[inParts] != nil }

    private mutating func readValue(_ name: String, _ text: String) throws(Fault) {
        switch name {
        case "min_ram": filters.append(.number(.minRAM, .equal, try Self.number(name, text)))
        case "min_disk": filters.append(.number(.minDisk, .equal, try Self.number(name, text)))
        case "size_min": filters.append(.number(.size, .greaterOrEqual, try Self.number(name, text)))
        case "size_max": filters.append(.number(.size, .lessOrEqual, try Self.number(name, text)))
        case Self.exactNames: hasExactNames = true
        case "protected":
            if let value = try Self.flag(name, text) { filters.append(.isProtected(value)) }
        case "changes-since":
            guard let moment = Timestamp(iso8601: text) else { throw Self.invalid(name, text, "a time by ISO 8601") }
            filters.append(.time(.updatedAt, .greater, moment))
            deletion = .included
        default: break
        }
    }

    private static let textFields: [TextField] = [.name, .status, .containerFormat, .diskFormat]

    private static func number(_ name: String, _ text: String) throws(Fault) -> Int64 {
        guard let number = Int64(loosely: text), number >= 0 else { throw invalid(name, text, "an integer from 0 on") }
        return number
    }

    /// - Returns: nil for `none`, and when the parameter is missing.
    private static func flag(_ name: String, _ text: String?) throws(Fault) -> Bool? {
        switch text?.lowercased() {
        case nil, "none": nil
        case "true", "1": true
        case "false", "0": false
        default: throw invalid(name, text ?? "", "none, true, false, 1 or 0")
        }
    }

    private static func invalid(_ name: String, _ text: String, _ expectation: String) -> Fault {
        Fault(.invalid, "Invalid value for \(name): '\(text.prefix(80))' is not \(expectation).")
    }

    // MARK: writing a query

    /// The query that `fromV1Query` reads as this listing for the same reader.
    ///
    /// - Throws: `.unexpected` for a listing that V1 cannot express.
    package func v1Query(for reader: Caller) throws(Fault) -> String {
        var pairs: [Query.Pair] = [
            (Self.inParts, "True"), ("limit", String(limit)), ("sort_key", sort[0].key.rawValue), ("sort_dir", sort[0].direction.rawValue),
        ]
        if let marker { pairs.append(("marker", marker.text)) }
        if hasExactNames { pairs.append((Self.exactNames, "True")) }
        for filter in filters { pairs.append(try Self.pair(of: filter)) }
        if reader.isAdmin {
            switch visibility {
            case .all: pairs.append(("is_public", "None"))
            case .nonPublic: pairs.append(("is_public", "False"))
            case .usual, .only: throw Fault(.unexpected, "The image registry has no list of this visibility.")
            }
        }
        // An administrator's `deleted` counts even when they see what a user sees.
        if deletion == .only { pairs.append(("deleted", "True")) }
        if deletion == .absent { pairs.append(("deleted", "False")) }
        return Query(pairs: pairs).encoded()
    }

    private static func pair(of filter: Filter) throws(Fault) -> Query.Pair {
        switch filter {
        case .text(let field, let values) where textFields.contains(field) && values.count == 1: (field.rawValue, values[0])
        case .number(.minRAM, .equal, let value): ("min_ram", String(value))
        case .number(.minDisk, .equal, let value): ("min_disk", String(value))
        case .number(.size, .greaterOrEqual, let value): ("size_min", String(value))
        case .number(.size, .lessOrEqual, let value): ("size_max", String(value))
        case .time(.updatedAt, .greater, let moment): ("changes-since", moment.description)
        case .isProtected(let value): ("protected", value ? "True" : "False")
        case .property(let name, let value): ("property-\(name)", value)
        case .nothing: ("name", "\u{1F5BC}")  // no column holds it
        case .text, .number, .time, .tag: throw Fault(.unexpected, "The image registry has no such filter.")
        }
    }
}
