import TestSupport
import Testing

/// Random images and random queries, whose results are also computed by a few lines of plain Swift. A query that fails can be repeated
/// by its seed.
@Suite(.sharesServices) struct `Any list` {
    /// Few images, which are found by any filter; and more, which are read in order.
    enum Crowd: Int, CaseIterable, Sendable {
        case few = 120
        case many = 4600
    }

    @Test(arguments: Crowd.allCases, UInt64(1)...4)
    func `is what its definition says`(_ crowd: Crowd, _ seed: UInt64) throws {
        let (glance, pictures) = try Self.open(crowd)
        var dice = Dice(seed: seed)
        for number in 0..<75 {
            let question = Question.random(&dice, among: pictures)
            let reply = try glance.send("GET", question.path, as: question.person)
            let row = "seed \(seed), question \(number): \(question.person) GET \(question.path)"
            guard let expected = question.answer(from: pictures) else {
                #expect(reply.status == 400, "\(row)")
                continue
            }
            #expect(reply.status == 200, "\(row)")
            #expect(reply.json["images"]?.array?.map { $0["id"]?.string ?? "" } == expected, "\(row)")
            let isFull = expected.count == question.limit && question.limit > 0
            #expect(reply.json["next"]?.string?.hasSuffix("marker=\(expected.last ?? "")") == (isFull ? true : nil), "\(row)")
        }
    }

    private static func open(_ crowd: Crowd) throws -> (TestGlance, [Picture]) { try (crowd == .few ? few : many).get() }
    private static let few = Shared { try make(.few) }
    private static let many = Shared { try make(.many) }

    private static func make(_ crowd: Crowd) throws -> (TestGlance, [Picture]) {
        let glance = try TestGlance()
        var dice = Dice(seed: UInt64(crowd.rawValue))
        let pictures = (0..<crowd.rawValue).map { _ in Picture.random(&dice) }
        try glance.insert(pictures)
        try glance.execute("ANALYZE TABLE images, image_tags, image_properties, image_members")
        return (glance, pictures)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func one<Value>(of values: [Value]) -> Value { values.randomElement(using: &self)! }
    mutating func happens(oneIn count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}

extension Picture {
    static let names = ["ant", "bee", "Bee", "cat", "dog", "größe", "zoo", ""]
    static let owners = ["acme", "bolt", "dock"]
    static let statuses = ["queued", "saving", "active", "active", "active", "deactivated"]
    static let answers = ["pending", "accepted", "rejected"]
    static let days = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:01Z", "2026-01-03T12:00:00Z"]
    static let sizes: [Int64] = [0, 1, 100, 5_000_000_000]

    static func random(_ dice: inout Dice) -> Picture {
        Picture(dice.happens(oneIn: 6) ? nil : dice.one(of: names)) { one in
            let word = String(dice.next(), radix: 16)
            let digits = String(repeating: "0", count: 16 - word.count) + word
            one.id = "\(digits.prefix(8))-\(digits.dropFirst(8).prefix(4))-4000-8000-\(digits)".prefix(36).lowercased()
            one.owner = dice.happens(oneIn: 10) ? nil : dice.one(of: owners)
            one.visibility = dice.one(of: ["public", "private", "shared", "shared", "community"])
            one.status = dice.happens(oneIn: 15) ? dice.one(of: ["killed", "deleted", "pending_delete"]) : dice.one(of: statuses)
            one.isDeleted = one.status == "deleted" || one.status == "pending_delete"
            one.size = dice.happens(oneIn: 4) ? nil : dice.one(of: sizes)
            one.virtualSize = dice.happens(oneIn: 2) ? nil : dice.one(of: sizes)
            one.diskFormat = dice.happens(oneIn: 4) ? nil : dice.one(of: ["raw", "qcow2"])
            one.containerFormat = dice.happens(oneIn: 4) ? nil : dice.one(of: ["bare", "ovf"])
            one.minDisk = dice.one(of: [0, 0, 10])
            one.minRAM = dice.one(of: [0, 64, 512])
            one.isProtected = dice.happens(oneIn: 5)
            one.isHidden = dice.happens(oneIn: 5)
            one.checksum = dice.happens(oneIn: 2) ? nil : dice.one(of: [Hello.md5, text(of: 32)])
            one.hashAlgorithm = dice.happens(oneIn: 2) ? nil : dice.one(of: ["sha512", "sha256"])
            one.hashValue = one.hashAlgorithm.map { _ in dice.one(of: [Hello.sha512, text(of: 64)]) }
            one.createdAt = dice.one(of: days)
            one.updatedAt = dice.one(of: days)
            one.tags = ["blue", "red", "web"].filter { _ in dice.happens(oneIn: 3) }
            for name in ["os", "arch"] where dice.happens(oneIn: 2) { one.properties[name] = dice.one(of: ["x", "y"]) }
            for project in ["acme", "bolt", "dock"] where dice.happens(oneIn: 3) { one.members[project] = dice.one(of: answers) }
        }
    }
}

/// A query, and the expected result.
struct Question {
    private(set) var person = TestGlance.Person.alice
    private(set) var limit = 25
    private var terms: [String] = []
    private var conditions: [(Picture) -> Bool] = []
    private var visibility = "usual"
    private var memberStatus = "accepted"
    private var isHidden = false
    private var order: [(key: String, isDescending: Bool)] = []
    private var marker: Picture?

    var path: String { "/v2/images" + (terms.isEmpty ? "" : "?\(terms.joined(separator: "&"))") }

    /// The ids in order; nil if the query is refused.
    func answer(from pictures: [Picture]) -> [String]? {
        if let marker, !isKnown(marker) { return nil }
        let matching = pictures.filter { one in isListed(one) && conditions.allSatisfy { $0(one) } }
        let ranked = matching.map { (id: $0.id, ranks: ranks(of: $0)) }.sorted { comes($0.ranks, before: $1.ranks) }
        guard let marker = marker.map(ranks) else { return ranked.prefix(limit).map(\.id) }
        return ranked.filter { comes(marker, before: $0.ranks) }.prefix(limit).map(\.id)
    }

    /// What the caller sees without a policy.
    private func isKnown(_ one: Picture) -> Bool {
        guard !one.isDeleted else { return false }
        if person == .admin || one.owner == nil { return true }
        return one.visibility == "public" || one.visibility == "community" || one.owner == person.project
            || one.visibility == "shared" && one.members[person.project] != nil
    }

    private func isListed(_ one: Picture) -> Bool {
        guard !one.isDeleted, !["killed", "deleted", "pending_delete"].contains(one.status), one.isHidden == isHidden else { return false }
        let isOwn = one.owner == person.project
        let answer = one.visibility == "shared" ? one.members[person.project] : nil
        let concerns =
            person == .admin || isOwn || one.visibility == "public" || answer != nil && (memberStatus == "all" || answer == memberStatus)
        switch visibility {
        case "usual": return concerns && (one.visibility != "community" || isOwn)
        case "all": return concerns || one.visibility == "community"
        case "community": return one.visibility == "community"
        default: return concerns && one.visibility == visibility
        }
    }

    private func ranks(of one: Picture) -> [String] { order.map { one.rank($0.key) } }

    private func comes(_ one: [String], before other: [String]) -> Bool {
        for (place, (_, isDescending)) in order.enumerated() where one[place] != other[place] {
            return (one[place] < other[place]) != isDescending
        }
        return false
    }

    // MARK: asking

    static func random(_ dice: inout Dice, among pictures: [Picture]) -> Question {
        var question = Question()
        question.person = dice.one(of: [.alice, .alice, .bob, .reader, .admin])
        for _ in 0..<dice.one(of: [0, 1, 1, 2, 3]) { question.addFilter(&dice, pictures) }
        if dice.happens(oneIn: 3) {
            question.visibility = dice.one(of: ["all", "public", "private", "shared", "community"])
            question.terms.append("visibility=\(question.visibility)")
        }
        if dice.happens(oneIn: 4) {
            question.memberStatus = dice.one(of: Picture.answers + ["all"])
            question.terms.append("member_status=\(question.memberStatus)")
        }
        if dice.happens(oneIn: 5) {
            question.isHidden = true
            question.terms.append("os_hidden=true")
        }
        question.addOrder(&dice)
        if dice.happens(oneIn: 2) {
            let marker = dice.one(of: pictures)
            question.marker = marker
            question.terms.append("marker=\(marker.id)")
        }
        if !dice.happens(oneIn: 4) {
            question.limit = dice.one(of: [0, 1, 2, 7, 40, 150])
            question.terms.append("limit=\(question.limit)")
        }
        question.terms.shuffle(using: &dice)
        return question
    }

    private mutating func addFilter(_ dice: inout Dice, _ pictures: [Picture]) {
        func has(_ value: String, _ field: KeyPath<Picture, String?>) -> (Picture) -> Bool {
            { $0[keyPath: field]?.lowercased() == value.lowercased() }
        }
        let key = dice.one(of: Self.filters)
        let value: String
        let condition: (Picture) -> Bool
        switch key {
        case "name":
            let (one, other) = (dice.one(of: Picture.names), dice.one(of: Picture.names))
            let names = other.isEmpty ? [one] : [one, other]
            value = names.count == 1 ? one : "in:\(names.joined(separator: ","))"
            condition = { one in names.contains { $0.lowercased() == one.name?.lowercased() } }
        case "status": (value, condition) = ("active", { $0.status == "active" })
        case "id":
            let some = (0..<5).map { _ in dice.one(of: pictures).id }
            (value, condition) = ("in:\(some.joined(separator: ","))", { some.contains($0.id) })
        case "disk_format":
            value = dice.one(of: ["raw", "qcow2"])
            condition = has(value, \.diskFormat)
        case "container_format":
            value = dice.one(of: ["bare", "in:ovf,bare"])
            condition = { [value] in value == "bare" ? $0.containerFormat == "bare" : $0.containerFormat != nil }
        case "owner":
            value = dice.one(of: Picture.owners)
            condition = has(value, \.owner)
        case "checksum": (value, condition) = (Hello.md5, has(Hello.md5, \.checksum))
        case "os_hash_algo": (value, condition) = ("sha256", has("sha256", \.hashAlgorithm))
        case "os_hash_value": (value, condition) = (Hello.sha512, has(Hello.sha512, \.hashValue))
        case "protected":
            let wanted = dice.happens(oneIn: 2)
            (value, condition) = ("\(wanted)", { $0.isProtected == wanted })
        case "tag":
            let tag = dice.one(of: ["blue", "red", "web"])
            (value, condition) = (tag, { $0.tags.contains(tag) })
        case "os", "arch":
            let wanted = dice.one(of: ["x", "y"])
            (value, condition) = (wanted, { $0.properties[key] == wanted })
        case "created_at", "updated_at":
            let sign = dice.one(of: ["eq", "neq", "gt", "gte", "lt", "lte"])
            let day = dice.one(of: Picture.days)
            value = "\(sign):\(day)"
            condition = { one in
                let time = key == "created_at" ? one.createdAt : one.updatedAt
                return switch sign {
                case "eq": time == day
                case "neq": time != day
                case "gt": time > day
                case "gte": time >= day
                case "lt": time < day
                default: time <= day
                }
            }
        default:
            let bound = dice.one(of: Picture.sizes + [64])
            value = "\(bound)"
            condition = { one in
                guard let number = one.number(key) else { return false }
                return key.hasSuffix("_min") ? number >= bound : key.hasSuffix("_max") ? number <= bound : number == bound
            }
        }
        // If a filter occurs twice the last one counts, except for tags.
        guard key == "tag" || !terms.contains(where: { $0.hasPrefix("\(key)=") }) else { return }
        terms.append("\(key)=\(value.replacing("ö", with: "%C3%B6").replacing("ß", with: "%C3%9F"))")
        conditions.append(condition)
    }

    private static let filters = [
        "name", "status", "id", "disk_format", "container_format", "owner", "checksum", "os_hash_algo", "os_hash_value", "protected", "tag",
        "tag", "os", "arch", "created_at", "updated_at", "size", "size_min", "size_max", "virtual_size", "virtual_size_min", "min_ram",
        "min_ram_min", "min_ram_max", "min_disk", "min_disk_max",
    ]

    private mutating func addOrder(_ dice: inout Dice) {
        let keys = ["name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at"].shuffled(using: &dice)
        order = keys.prefix(dice.one(of: [0, 1, 1, 2, 3])).map { ($0, dice.happens(oneIn: 2)) }
        var end = true
        if dice.happens(oneIn: 2) {
            if !order.isEmpty {
                terms.append("sort=\(order.map { "\($0.key):\($0.isDescending ? "desc" : "asc")" }.joined(separator: ","))")
            }
            if order.count == 1 { end = order[0].isDescending }
        } else {
            // Together, so that shuffling does not change which key comes first.
            var parts = order.map { "sort_key=\($0.key)" }
            if dice.happens(oneIn: 2) {
                end = dice.happens(oneIn: 2)
                parts.append("sort_dir=\(end ? "desc" : "asc")")
                order = order.map { ($0.key, end) }
            } else if order.count > 1 {
                parts += order.map { "sort_dir=\($0.isDescending ? "desc" : "asc")" }
            } else {
                order = order.map { ($0.key, true) }
            }
            if !parts.isEmpty { terms.append(parts.joined(separator: "&")) }
        }
        for key in ["created_at", "id"] where !order.contains(where: { $0.key == key }) { order.append((key, end)) }
    }
}

extension Picture {
    fileprivate func number(_ key: String) -> Int64? {
        switch key {
        case "size", "size_min", "size_max": size
        case "virtual_size", "virtual_size_min": virtualSize
        case "min_ram", "min_ram_min", "min_ram_max": minRAM
        default: minDisk
        }
    }

    /// A text whose order is that of the sort key: null first, letters without case.
    fileprivate func rank(_ key: String) -> String {
        let value: String? =
            switch key {
            case "name": name?.lowercased()
            case "status": status
            case "container_format": containerFormat
            case "disk_format": diskFormat
            case "size": size.map { String(1_000_000_000_000 + $0) }
            case "id": id
            case "created_at": createdAt
            default: updatedAt
            }
        return value.map { "1\($0)" } ?? "0"
    }
}
