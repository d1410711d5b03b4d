internal import Domain
internal import HTTP
internal import Text

extension ImageListing {
    /// Reads the query of a list. If a filter occurs twice, the last value counts; tags are all required.
    ///
    /// - Throws: `.invalid` for a value that is not allowed.
    init(_ query: Query, _ paging: ImagesHandlers.Paging) throws(Fault) {
        self.init(limit: paging.usual)
        if let text = query["limit"] {
            guard let number = Int64(loosely: text), number >= 0 else { throw Self.invalid("limit", text, "an integer from 0 on") }
            limit = Int(min(number, Int64(paging.most)))
        }
        marker = query["marker"].map { ImageID($0) }
        sort = try Self.sort(query)

        var seen: Set<String> = ["limit", "marker", "sort", "sort_key", "sort_dir", "deleted"]
        for (name, _) in query.pairs where seen.insert(name).inserted {
            try read(name, query[name] ?? "", query)
        }
        // No column can hold such a value, so no image matches.
        if query.pairs.contains(where: { !ImageText.isStorable($0.name) || !ImageText.isStorable($0.value) }) { filters = [.nothing] }
    }

    private mutating func read(_ name: String, _ text: String, _ query: Query) throws(Fault) {
        switch name {
        case "changes-since": throw Fault(.invalid, "The changes-since filter is no longer available on v2.")
        case "visibility":
            if text == "all" {
                visibility = .all
            } else {
                guard let only = Visibility(rawValue: text) else {
                    throw Self.invalid(name, text, "public, private, shared, community or all")
                }
                visibility = .only(only)
            }
        case "member_status":
            guard text == "all" || Member.Status(rawValue: text) != nil else {
                throw Self.invalid(name, text, "pending, accepted, rejected or all")
            }
            memberStatus = Member.Status(rawValue: text)
        case "os_hidden":
            switch text.lowercased() {
            case "true": isHidden = true
            case "false": isHidden = false
            default: throw Self.invalid(name, text, "true or false")
            }
        case "protected":
            guard text == "true" || text == "false" else { throw Self.invalid(name, text, "true or false") }
            filters.append(.isProtected(text == "true"))
        case "tag":
            for tag in query.all("tag") { filters.append(.tag(trimmed(tag))) }
        default:
            try readField(name, text)
        }
    }

    private mutating func readField(_ name: String, _ text: String) throws(Fault) {
        if let field = TextField(rawValue: name) {
            filters.append(.text(field, anyOf: try Self.texts(field, text)))
        } else if let field = TimeField(rawValue: name) {
            filters.append(try Self.time(field, text))
        } else if let field = NumberField(rawValue: name) {
            // A text that is not a number matches no image.
            filters.append(Int64(text).map { .number(field, .equal, $0) } ?? .nothing)
        } else if name.hasSuffix("_min") || name.hasSuffix("_max") {
            guard let field = NumberField(rawValue: String(name.dropLast(4))) else {
                throw Fault(.invalid, "There is no number '\(name.dropLast(4))' to compare.")
            }
            guard let bound = Int64(loosely: text) else { throw Self.invalid(name, text, "an integer") }
            filters.append(.number(field, name.hasSuffix("_min") ? .greaterOrEqual : .lessOrEqual, bound))
        } else {
            filters.append(.property(name, text))
        }
    }

    // MARK: values

    /// Fields whose filters may be `in:a,b` and `eq:a` besides the plain value. Values of the other fields contain no colon.
    private static let withOperators: Set<TextField> = [.name, .id, .status, .containerFormat, .diskFormat]

    private static func texts(_ field: TextField, _ text: String) throws(Fault) -> [String] {
        guard withOperators.contains(field), let colon = text.firstIndex(of: ":") else { return [text] }
        let value = text[text.index(after: colon)...]
        switch text[..<colon] {
        case "eq": return [String(value)]
        case "in": return try quotedList(value)
        case let other:
            throw Fault(.invalid, "Unable to filter by \(field.rawValue) with the operator '\(other)'; the operators are eq and in.")
        }
    }

    /// Splits a list at its commas. An element in double quotes may contain commas and `\"`. As in Glance, nothing before a comma is an empty
    /// text, and nothing behind the last one is no element.
    private static func quotedList(_ text: Substring) throws(Fault) -> [String] {
        var elements: [String] = []
        var rest = text
        while !rest.isEmpty {
            if rest.first == "\"" {
                rest.removeFirst()
                var element = ""
                var isClosed = false
                while !isClosed, let character = rest.popFirst() {
                    switch character {
                    case "\"": isClosed = true
                    case "\\": element += rest.popFirst().map(String.init) ?? ""
                    default: element.append(character)
                    }
                }
                guard isClosed else { throw Fault(.invalid, "Invalid filter value \(text): a quotation mark is not closed.") }
                guard rest.isEmpty || rest.first == "," else {
                    throw Fault(.invalid, "Invalid filter value \(text): a comma is missing after a quotation mark.")
                }
                elements.append(element)
            } else {
                let element = rest.prefix { $0 != "," }
                guard !element.contains("\"") else {
                    throw Fault(.invalid, "Invalid filter value \(text): a comma is missing before a quotation mark.")
                }
                elements.append(String(element))
                rest = rest[element.endIndex...]
            }
            rest = rest.dropFirst()
        }
        return elements
    }

    private static func time(_ field: TimeField, _ text: String) throws(Fault) -> Filter {
        if let time = ISO8601(text) { return filter(field, .equal, time) }
        guard let colon = text.firstIndex(of: ":"), let comparison = Comparison(rawValue: String(text[..<colon])),
            let time = ISO8601(String(text[text.index(after: colon)...]))
        else { throw invalid(field.rawValue, text, "a time by ISO 8601, with eq:, neq:, gt:, gte:, lt: or lte: before it") }
        return filter(field, comparison, time)
    }

    /// Times in records have no fraction: a time with one lies between two of them, and no record is equal to it.
    private static func filter(_ field: TimeField, _ comparison: Comparison, _ time: ISO8601) -> Filter {
        guard time.hasFraction else { return .time(field, comparison, time.moment) }
        switch comparison {
        case .equal: return .nothing
        // Every image has this field, so the condition is always true.
        case .notEqual: return .time(field, .greaterOrEqual, Timestamp(year: 1, month: 1, day: 1))
        case .greater, .greaterOrEqual: return .time(field, .greater, time.moment)
        case .less, .lessOrEqual: return .time(field, .lessOrEqual, time.moment)
        }
    }

    // MARK: sorting

    private static func sort(_ query: Query) throws(Fault) -> [Sort] {
        let keys = query.all("sort_key")
        let directions = query.all("sort_dir")
        var sort: [Sort] = []
        if let text = query["sort"] {
            guard keys.isEmpty, directions.isEmpty else {
                throw Fault(.invalid, "'sort' cannot be mixed with 'sort_key' and 'sort_dir'.")
            }
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let sides = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                sort.append(Sort(try key(trimmed(sides[0])), sides.count == 2 ? try direction(trimmed(sides[1])) : .descending))
            }
            return withTieBreakers(sort, sort.count == 1 ? sort[0].direction : .descending)
        }
        let known = try directions.map { (text) throws(Fault) in try direction(text) }
        guard known.count <= 1 || known.count == keys.count else {
            throw Fault(.invalid, "There are \(known.count) sort_dir for \(keys.count) sort_key.")
        }
        for (place, text) in keys.enumerated() {
            sort.append(Sort(try key(text), known.count > 1 ? known[place] : known.first ?? .descending))
        }
        return withTieBreakers(sort, known.count == 1 ? known[0] : .descending)
    }

    /// Appends the creation time and the id, so that the order is total. A key that occurs again has no effect.
    private static func withTieBreakers(_ sort: [Sort], _ direction: Sort.Direction) -> [Sort] {
        var all: [Sort] = []
        for next in sort + [Sort(.createdAt, direction), Sort(.id, direction)] where !all.contains(where: { $0.key == next.key }) {
            all.append(next)
        }
        return all
    }

    private static func key(_ text: String) throws(Fault) -> Sort.Key {
        guard let key = Sort.Key(rawValue: text) else {
            throw Fault(
                .invalid,
                "Invalid sort key: \(text). It must be one of the following: \(Sort.Key.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return key
    }

    private static func direction(_ text: String) throws(Fault) -> Sort.Direction {
        guard let direction = Sort.Direction(rawValue: text) else { throw invalid("sort direction", text, "asc or desc") }
        return direction
    }

    private static func invalid(_ name: String, _ text: String, _ expectation: String) -> Fault {
        Fault(.invalid, "Invalid \(name): '\(text)' is not \(expectation).")
    }
}
