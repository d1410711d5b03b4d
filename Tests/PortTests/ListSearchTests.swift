import Domain
import MariaDB
import TestSupport
import Testing

@testable import Persistence

/// Filters by sort keys, as every kind of caller, on a database where a page that is found by reading a whole range shows.
@Suite(.serialized) struct `Searching the images of a page` {
    /// The worst that is right: of a filter that half of the images pass, and none of the first in the list's order, each is read once, after
    /// the order was read for half as long.
    @Test(arguments: Person.allCases) func `reads few rows`(_ person: Person) throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        var slowest: [(rows: Int64, listing: String)] = []
        for (number, row) in Self.rows.enumerated() where number % 3 == Person.allCases.firstIndex(of: person)! {
            let listing = Self.listing(row.filters, row.sort)
            let marker = number % 2 == 0 ? nil : Self.markers[number % Self.markers.count]
            let plan = ListPlan(listing: listing, caller: person.caller, marker: try Self.image(marker, connection))
            let rows = try Self.rowsRead(connection) { _ = try search.ids(plan) }
            slowest.append((rows, "\(person) \(row.filters) \(row.sort) after \(marker ?? "nothing")"))
        }
        slowest.sort { $0.rows > $1.rows }
        // The index of a key has 12,000 live rows, and the table 18,000. A row that a tag names counts up to
        // four times: there, its image, its members, and in the sort.
        #expect(slowest.filter { $0.rows > 12500 }.prefix(20).map { "\($0.rows): \($0.listing)" } == [])
    }

    /// Whatever way is chosen, the page is the same. Each person asks a part of the rows.
    @Test(arguments: Person.allCases) func `finds the same images by every way`(_ person: Person) throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        for (number, row) in Self.rows.enumerated() where number % 5 == Person.allCases.firstIndex(of: person)! {
            let listing = Self.listing(row.filters, row.sort)
            let marker = number % 2 == 0 ? nil : Self.markers[number % Self.markers.count]
            let plan = ListPlan(listing: listing, caller: person.caller, marker: try Self.image(marker, connection))
            let expected = try search.all(plan.ids(.ranges(plan.keys[0].key)))
            func expect(_ way: String, _ ids: [String]) {
                #expect(ids == expected, "\(way): \(person) \(row.filters) \(row.sort) after \(marker ?? "nothing")")
            }
            expect("chosen", try search.ids(plan).ids)
            for key in plan.filteredKeys {
                expect("\(key)", try search.all(plan.ids(.ranges(key))))
                var shared = plan
                shared.sharing = .inOrder
                expect("\(key), shared in order", try search.all(shared.ids(.ranges(key))))
            }
            for place in plan.startingFilters { expect("filter \(place)", try search.all(plan.ids(.filter(place)))) }
            guard let key = plan.orderedKeys.first, let range = plan.ranges(key).last else {
                expect("groups", try search.inGroups(plan).ids)
                continue
            }
            let other = plan.filteredKeys.first.map { (way: ListPlan.Way.ranges($0), sharing: ListPlan.Sharing.byMembership, depth: 400.0) }
            for sharing in ListPlan.Sharing.allCases {
                let pieces = ListCosts.Pieces(key: key, sharing: sharing, measure: range, depth: 7, other: other)
                expect("pieces, \(sharing)", try search.inPieces(plan, pieces).ids)
            }
        }
    }

    /// A tag's index takes letters of both cases for one, so an image with both tags is found twice. Each way is walked page by page: what
    /// one page leaves out must be on the next.
    @Test(arguments: Person.allCases) func `finds every image that a tag names twice`(_ person: Person) throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let ways: [(sort: [ImageListing.Sort], page: (ListPlan) throws -> ListSearch.Found)] =
            [
                (Self.newestFirst, { try search.ids($0) }),
                (Self.newestFirst, { try search.found($0, .filter(0)) }),
                (
                    [.init(.name, .ascending), .init(.size, .descending)] + Self.newestFirst, { try search.inGroups($0) }
                ),
            ]
            + ListPlan.Sharing.allCases.map { sharing in
                (
                    Self.newestFirst,
                    { plan in
                        let range = plan.ranges(.createdAt).last!
                        return try search.inPieces(
                            plan, ListCosts.Pieces(key: .createdAt, sharing: sharing, measure: range, depth: 7, other: nil))
                    }
                )
            }
        for (number, way) in ways.enumerated() {
            var listing = Self.listing([.tag("twice")], way.sort)
            listing.limit = 100_000
            let expected = try search.found(ListPlan(listing: listing, caller: person.caller, marker: nil), .filter(0)).ids
            listing.limit = 7
            var (found, marker, isFull): ([String], Image?, Bool) = ([], nil, true)
            while isFull {
                let page = try way.page(ListPlan(listing: listing, caller: person.caller, marker: marker))
                found += page.ids
                isFull = page.isFull && found.count <= expected.count
                marker = try Self.image(page.ids.last, connection)
            }
            #expect(found == expected, "way \(number) as \(person)")
        }
    }

    /// Each of six words is a tag of the image in eight spellings, and the index takes them for one: 262,144 ways to choose one of each.
    @Test func `asks an image once for each tag, however it is spelled`() throws {
        let connection = try SearchedImages.connection()
        let words = ["abc", "def", "ghi", "jkl", "mno", "pqr"]
        let spellings = words.flatMap { word in
            (0..<8).map { bits in
                word.enumerated().map { bits >> $0 & 1 == 0 ? "\($1)" : $1.uppercased() }.joined()
            }
        }
        for tag in spellings {
            try connection.execute(
                "INSERT INTO image_tags (image_id, value, created_at, deleted) VALUES ('i-4', '\(tag)', UTC_TIMESTAMP(), 0)")
        }
        let search = ListSearch(connection: connection, few: FewMemberships())
        for sort in [Self.newestFirst, [.init(.name, .ascending), .init(.size, .descending)] + Self.newestFirst] {
            let plan = ListPlan(listing: Self.listing(words.map { .tag($0) }, sort), caller: Person.admin.caller, marker: nil)
            var found: [String] = []
            let rows = try Self.rowsRead(connection) { found = try search.ids(plan).ids }
            #expect(Set(found) == ["i-4"])
            #expect(rows < 3000)
        }
    }

    /// All images pass but the 300 newest ones, which come first.
    @Test func `reads on in the order where it finds nothing at first`() throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let listing = Self.listing([.time(.updatedAt, .less, Self.moment(11_700))], Self.newestFirst)
        let plan = ListPlan(listing: listing, caller: Person.admin.caller, marker: nil)
        #expect(try Self.rowsRead(connection) { _ = try search.ids(plan) } < 2500)
    }

    /// An estimate is up to half or twice the number.
    @Test func `knows how far a place is where all images are equal in the first key`() throws {
        let connection = try SearchedImages.connection()
        let sort = [ImageListing.Sort(.containerFormat, .descending)] + Self.newestFirst
        let plan = ListPlan(listing: Self.listing([], sort), caller: Person.admin.caller, marker: nil)
        let range = try #require(plan.ranges(.containerFormat).first { $0.base == .visibility(.private) })
        let end = plan.place(500, in: range)
        let place = try #require(try connection.first(end.query, end.values))
        let rows = try ListEstimates.rows(plan.rows(in: range, before: place), on: connection)
        #expect((250...1000).contains(rows))
    }

    /// The older half of the images pass, which come last: their index is read, and not first half as many rows in the order.
    @Test func `does not read on in the order where what passes is far`() throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let listing = Self.listing([.time(.updatedAt, .less, Self.moment(6000))], Self.newestFirst)
        let plan = ListPlan(listing: listing, caller: Person.admin.caller, marker: nil)
        let sorted = try Self.rowsRead(connection) { _ = try search.all(plan.ids(.ranges(.updatedAt))) }
        #expect(try Self.rowsRead(connection) { _ = try search.ids(plan) } < sorted * 6 / 5)
    }

    /// The newer half passes. By age the older half of each format comes first.
    @Test(arguments: [ImageListing.Sort.Key.diskFormat, .containerFormat, .status], [ImageListing.Sort.Direction.ascending, .descending])
    func `sorts a few values by another key without reading what does not pass`(
        _ key: ImageListing.Sort.Key, _ direction: ImageListing.Sort.Direction
    ) throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let sort: [ImageListing.Sort] = [
            .init(key, direction), .init(.name, .descending), .init(.createdAt, .descending), .init(.id, .descending),
        ]
        for person in Person.allCases {
            let listing = Self.listing([.time(.updatedAt, .greater, Self.moment(6000))], sort)
            let plan = ListPlan(listing: listing, caller: person.caller, marker: nil)
            try Self.expectFewRows(of: plan, as: key, search, "\(person)")
        }
    }

    /// Of each value the older images come first, and do not pass.
    @Test(arguments: [ImageListing.Sort.Key.diskFormat, .containerFormat, .status], Person.allCases)
    func `begins at the age that a filter names, for each value`(_ key: ImageListing.Sort.Key, _ person: Person) throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        for others in [[], [ImageListing.Sort(.size, .descending)]] {
            let sort = [.init(key, .ascending)] + others + [.init(.createdAt, .ascending), .init(.id, .ascending)]
            let listing = Self.listing([.time(.createdAt, .greater, Self.moment(9000))], sort)
            let plan = ListPlan(listing: listing, caller: person.caller, marker: nil)
            try Self.expectFewRows(of: plan, as: key, search, "\(others)")
        }
    }

    /// Expects that a page is found by few rows, and is the one that a sort of all that the filters let pass gives.
    private static func expectFewRows(
        of plan: ListPlan, as key: ImageListing.Sort.Key, _ search: ListSearch, _ comment: Comment,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var found: [String] = []
        let rows = try rowsRead(search.connection) { found = try search.ids(plan).ids }
        #expect(rows < 3000, comment, sourceLocation: sourceLocation)
        #expect(found == (try search.all(plan.ids(.ranges(key)))), comment, sourceLocation: sourceLocation)
    }

    /// The filter leaves one status, so the page begins at the marker's age.
    @Test func `begins behind the marker where a filter fixes a sort key`() throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let sort: [ImageListing.Sort] = [.init(.containerFormat, .ascending), .init(.status, .descending)] + Self.newestFirst
        let listing = Self.listing([.text(.status, anyOf: ["active"])], sort)
        let plan = ListPlan(listing: listing, caller: Person.admin.caller, marker: try Self.image("i-7123", connection))
        #expect(try Self.rowsRead(connection) { _ = try search.ids(plan) } < 1500)
    }

    /// The marker is not in the list, so that either all images come after it or none.
    @Test(arguments: [("active", "i-25", 0), ("queued", "i-24", 25)])
    func `sorts nothing where the marker has another value than the filter`(_ status: String, _ marker: String, _ count: Int) throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let sort: [ImageListing.Sort] = [.init(.status, .ascending), .init(.diskFormat, .descending)] + Self.newestFirst
        let listing = Self.listing([.text(.status, anyOf: [status])], sort)
        let plan = ListPlan(listing: listing, caller: Person.admin.caller, marker: try Self.image(marker, connection))
        var found: [String] = []
        // One of 25 images is queued, and there are three ranges.
        #expect(try Self.rowsRead(connection) { found = try search.ids(plan).ids } < 3000)
        #expect(found.count == count)
        #expect(found == (try search.all(plan.ids(.ranges(.status)))))
    }

    /// 1,333 images have no name.
    @Test func `looks at few of the images that are equal in a key to learn where they are`() throws {
        let connection = try SearchedImages.connection()
        let sort: [ImageListing.Sort] = [.init(.name, .ascending), .init(.createdAt, .ascending), .init(.id, .descending)]
        let listing = Self.listing([.time(.updatedAt, .greater, Self.moment(6000))], sort)
        let plan = ListPlan(listing: listing, caller: Person.admin.caller, marker: nil).group(.null)
        let nearest = try #require(plan.nearest(by: .name))
        var first: [SQLValue]?
        #expect(try Self.rowsRead(connection) { first = try connection.first(nearest.query, nearest.values) } < 200)
        #expect(first.map { "\($0.last!)" } == "\(SQLValue.text("i-9"))")
    }

    /// A page is read of each value and each range, not all that pass.
    @Test func `reads the values of a filter in the order of age`() throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let listing = Self.listing([.text(.status, anyOf: ["active", "queued"])], Self.newestFirst)
        let plan = ListPlan(listing: listing, caller: Person.admin.caller, marker: nil)
        var found: [String] = []
        #expect(try Self.rowsRead(connection) { found = try search.all(plan.ids(.ranges(.status))) } < 1000)
        #expect(found == (try search.all(plan.ids(.ranges(.createdAt)))))
    }

    /// 125 images have the tag, and 4 of them the property.
    @Test func `asks for another property before it reads an image`() throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let listing = Self.listing([.tag("rare"), .property("version", "7")], Self.newestFirst)
        let plan = ListPlan(listing: listing, caller: Person.admin.caller, marker: nil)
        let rows = try Self.rowsRead(connection) { _ = try search.all(plan.ids(.filter(0))) }
        #expect(rows < 300)
    }

    @Test func `asks first for what few images have`() throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let filters: [ImageListing.Filter] = [.property("os", "b"), .tag("often")]
        let rows = try [filters, filters.reversed()].map { filters in
            let plan = ListPlan(listing: Self.listing(filters, Self.newestFirst), caller: Person.admin.caller, marker: nil)
            return try Self.rowsRead(connection) { _ = try search.ids(plan) }
        }
        #expect(rows[0] == rows[1])
    }

    @Test func `asks once how many memberships a project has`() throws {
        let connection = try SearchedImages.connection()
        let search = ListSearch(connection: connection, few: FewMemberships())
        let caller = Caller(user: "u", project: "project9", roles: ["member"], isAdmin: false)
        let plan = ListPlan(listing: Self.listing([], Self.newestFirst), caller: caller, marker: nil)
        func statements() throws -> Int64 { try Self.status("Com_stmt_execute", connection) }
        let before = try statements()
        let first = try search.ids(plan)
        let between = try statements()
        #expect(try search.ids(plan).ids == first.ids)
        // Each reading of the status is a statement, too.
        #expect(between - before == 3)
        #expect(try statements() - between == 2)
    }

    // MARK: what is asked

    enum Person: CaseIterable {
        case admin, member, owner

        var caller: Caller {
            switch self {
            case .admin: Caller(user: "u", project: "admin", roles: ["admin"], isAdmin: true)
            case .member: Caller(user: "u", project: "project3", roles: ["member"], isAdmin: false)
            case .owner: Caller(user: "u", project: "project0", roles: ["member"], isAdmin: false)
            }
        }
    }

    private static func listing(_ filters: [ImageListing.Filter], _ sort: [ImageListing.Sort]) -> ImageListing {
        var listing = ImageListing(limit: 25)
        (listing.filters, listing.sort) = (filters, sort)
        return listing
    }

    private static func moment(_ hours: Int) -> Timestamp { Timestamp(seconds: 1_750_000_000 + hours * 3600) }

    private static let filters: [[ImageListing.Filter]] =
        [
            [], [.text(.name, anyOf: ["name-17"])], [.text(.name, anyOf: ["name-17", "name-18"])], [.text(.status, anyOf: ["queued"])],
            [.text(.status, anyOf: ["active"])], [.text(.diskFormat, anyOf: ["iso"])], [.text(.containerFormat, anyOf: ["ovf"])],
            [.text(.owner, anyOf: ["project0"])], [.text(.owner, anyOf: ["project7"])], [.text(.checksum, anyOf: ["c-500"])],
            [.text(.hashValue, anyOf: ["h-500"])], [.text(.id, anyOf: ["i-100", "i-700", "i-4"])], [.isProtected(true)],
            [.text(.status, anyOf: ["queued", "deactivated"])], [.text(.diskFormat, anyOf: ["iso", "ISO"])],
            [.tag("rare"), .property("version", "7")], [.tag("rare")], [.tag("often")], [.tag("rare"), .tag("often")],
            [.property("os", "a")], [.property("build", "b-40")],
            [.property("os", "a"), .property("version", "7")], [.property("os", "a"), .text(.status, anyOf: ["active"])],
            [.number(.size, .greaterOrEqual, 60_000), .number(.size, .lessOrEqual, 60_400)], [.number(.minRAM, .equal, 64)],
            [.number(.minDisk, .greaterOrEqual, 39)], [.number(.virtualSize, .less, 300)], [.number(.size, .notEqual, 100)],
        ]
        + [ImageListing.TimeField.createdAt, .updatedAt].flatMap { field in
            [60, 6000, 11_940].flatMap { hours in
                [[.time(field, .less, moment(hours))], [.time(field, .greater, moment(hours))]] as [[ImageListing.Filter]]
            }
        }

    private static let newestFirst: [ImageListing.Sort] = [.init(.createdAt, .descending), .init(.id, .descending)]

    private static let sorts: [[ImageListing.Sort]] =
        ImageListing.Sort.Key.allCases.flatMap { key in
            [ImageListing.Sort.Direction.ascending, .descending].map { direction in
                [ImageListing.Sort(key, direction)]
                    + [.createdAt, .id].filter { $0 != key }.map { ImageListing.Sort($0, direction) }
            }
        } + [
            [.init(.name, .ascending), .init(.size, .descending), .init(.createdAt, .descending), .init(.id, .descending)],
            [.init(.status, .descending), .init(.name, .ascending), .init(.createdAt, .descending), .init(.id, .descending)],
            [.init(.diskFormat, .ascending), .init(.size, .ascending), .init(.createdAt, .descending), .init(.id, .descending)],
            [.init(.createdAt, .descending), .init(.id, .ascending)],
        ]

    private static let rows = filters.flatMap { filters in sorts.map { (filters: filters, sort: $0) } }
    private static let markers = ["i-6000", "i-90", "i-11900", "i-7123"]

    // MARK: asking

    private static func image(_ id: String?, _ connection: Connection) throws -> Image? {
        guard let id else { return nil }
        return try ImageRows.load([id], locations: false, on: connection).first
    }

    private static func rowsRead(_ connection: Connection, _ body: () throws -> Void) throws -> Int64 {
        try connection.execute("FLUSH STATUS")
        try body()
        return try status("Handler_read%", connection)
    }

    /// The sum of counters of this session.
    private static func status(_ name: String, _ connection: Connection) throws -> Int64 {
        try connection.all(
            Query("SHOW SESSION STATUS LIKE '\(name)'") { row throws(MariaDBError) in Int64(try row.text(1)) ?? 0 }
        ).reduce(0, +)
    }
}
