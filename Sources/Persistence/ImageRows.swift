internal import Domain
internal import MariaDB

/// Reads whole images: rows, properties, tags and, if wanted, locations, in a fixed number of round trips.
///
/// One image is read in a single statement that returns its parts one after another: 146 µs, against 264 µs for a statement each. Many
/// images are read with a statement for each part: 23 ms for 1,000, against 30 ms (MariaDB 10.11, UNIX socket, measured). The statements
/// name each index, because finding it costs the optimizer as much as the reading. For the same reason the single statement also returns
/// rows that are marked as deleted: three conditions `deleted = 0`, and the image's id with each row, cost 17 µs of 155.
enum ImageRows {
    /// Images by id, in the order of the ids. Unknown ids are left out.
    ///
    /// - Parameter remains: whether deleted images, of which only the row is left, are included.
    static func load(_ ids: [String], locations: Bool, remains: Bool = false, on connection: Connection) throws(MariaDBError) -> [Image] {
        guard case .whole(let images, _) = try load(ids, within: .max, locations: locations, remains: remains, on: connection) else {
            return []
        }
        return images
    }

    enum Loaded {
        /// All images, and their approximate size in memory in bytes.
        case whole([Image], memory: Int)
        /// The images need too much memory; so many of them had been read.
        case tooMuch(whole: Int)
    }

    /// Reads images, unless they need too much memory: then reading ends, and the connection is closed.
    ///
    /// - Parameter room: the bytes of memory that they may take.
    static func load(
        _ ids: [String], within remaining: Int, locations: Bool, remains: Bool, on connection: Connection
    ) throws(MariaDBError) -> Loaded {
        var images: [Image] = []
        var memory = 0
        for start in stride(from: 0, to: ids.count, by: mostAtOnce) {
            let some = Array(ids[start..<min(start + mostAtOnce, ids.count)])
            var shelf = Shelf(some, remaining: remaining - memory)
            try fill(&shelf, some, locations: locations, remains: remains, on: connection)
            guard !shelf.isFull else { return .tooMuch(whole: images.count + shelf.whole) }
            images.take(shelf.images)
            memory += shelf.memory
        }
        return .whole(images, memory: memory)
    }

    /// The longest page, unless the operator allows a longer one.
    private static let mostAtOnce = 1000

    private static func fill(
        _ shelf: inout Shelf, _ ids: [String], locations: Bool, remains: Bool, on connection: Connection
    ) throws(MariaDBError) {
        guard let last = ids.last else { return }
        let parts: [Part] = locations || remains ? [.image, .property, .tag, .location] : [.image, .property, .tag]
        // Few lengths of lists, so that few statements are prepared; the last id fills up and counts once for MariaDB.
        let size = [1, 10, 25, 100].first { $0 >= ids.count } ?? mostAtOnce
        let values = (ids + repeatElement(last, count: size - ids.count)).map { SQLValue.text($0) }
        if size == 1 {
            let query = remains ? oneRecorded : locations ? oneLocated : one
            try connection.takeRows(of: query, Array(repeatElement(values[0], count: parts.count))) { piece in
                piece.map { shelf.put($0) } ?? true
            }
        } else {
            for part in parts where !shelf.isFull {
                let query = Query(part.select(size, remains: remains), decode: Piece.init)
                try connection.takeRows(of: query, values) { shelf.put($0) }
            }
        }
    }

    private static let one = union([.image, .property, .tag])
    private static let oneLocated = union([.image, .property, .tag, .location])
    private static let oneRecorded = union([.image, .property, .tag, .location], remains: true)

    /// The statement for one image. Rows that are marked as deleted decode as nil.
    private static func union(_ parts: [Part], remains: Bool = false) -> Query<Piece?> {
        let mark = Part.imageColumns
        return Query(parts.map { $0.selectOne(remains: remains) }.joined(separator: " UNION ALL ")) { row throws(MariaDBError) in
            try row.flag(mark) ? nil : try Piece(row)
        }
    }
}

/// The tables that hold parts of an image.
private enum Part: Int64 {
    case image, property, tag, location

    /// The number of columns of an image.
    static let imageColumns = 20

    /// Selects this part of several images.
    ///
    /// - Parameters:
    ///   - count: the number of ids to look for.
    ///   - remains: whether deleted images are included.
    func select(_ count: Int, remains: Bool) -> String {
        let ids = "(\(placeholders(count)))"
        let isDeleted = remains && self == .image ? "" : " AND deleted = 0"
        return "SELECT \(columns(image: "image_id")) FROM \(table) WHERE \(key) IN \(ids)\(isDeleted)\(condition)"
    }

    /// Selects this part of one image, with the columns that every part of a union has: those of an image, and a mark of deleted rows.
    ///
    /// - Parameter remains: whether a deleted image is not marked.
    func selectOne(remains: Bool) -> String {
        let padding = self == .image ? "" : String(repeating: ", NULL", count: Self.imageColumns - 4)
        let mark = remains && self == .image ? "0" : "deleted"
        return "SELECT \(columns(image: "NULL"))\(padding), \(mark) FROM \(table) WHERE \(key) = ?\(condition)"
    }

    /// - Parameter image: the column of the image's id; `NULL` where all rows are of one image.
    private func columns(image: String) -> String {
        switch self {
        case .image:
            """
            0, id, name, owner, size, status, created_at, updated_at, disk_format, container_format, checksum, min_disk, min_ram, protected,
            virtual_size, visibility, os_hidden, os_hash_algo, os_hash_value, deleted_at
            """
        case .property: "1, \(image), name, value"
        case .tag: "2, \(image), value, NULL"
        case .location: "3, \(image), value, meta_data"
        }
    }

    private var table: String {
        switch self {
        case .image: "images FORCE INDEX (PRIMARY)"
        case .property: "image_properties FORCE INDEX (ix_image_properties_image_id_name)"
        case .tag: "image_tags FORCE INDEX (ix_image_tags_image_id)"
        case .location: "image_locations FORCE INDEX (ix_image_locations_image_id)"
        }
    }

    private var key: String { self == .image ? "id" : "image_id" }
    private var condition: String { self == .location ? " AND status = 'active'" : "" }
}

/// One row of any part.
private enum Piece {
    /// An image is large: apart from the piece, it does not make the other ones large to copy.
    indirect case image(Image)
    case property(of: String, ImageProperty)
    case tag(of: String, String)
    case location(of: String, ImageLocation)

    init(_ row: borrowing Row) throws(MariaDBError) {
        guard let part = Part(rawValue: try row.int(0)) else { throw row.undecodable(0, as: "part") }
        // The rows of one image are adjacent.
        let id = try row.repeatedTextOrNil(1) ?? ""
        switch part {
        case .property: self = .property(of: id, ImageProperty(try row.text(2), try row.textOrNil(3)))
        case .tag: self = .tag(of: id, try row.text(2))
        case .location: self = .location(of: id, ImageLocation(url: try row.text(2), metadata: try row.textOrNil(3) ?? "{}"))
        case .image:
            let created = Timestamp(try row.time(6))
            var hash: ImageHash?
            if let algorithm = try row.textOrNil(17), let value = try row.textOrNil(18) {
                hash = ImageHash(algorithm: algorithm, value: value)
            }
            self = .image(
                Image(
                    id: ImageID(id), name: try row.textOrNil(2), status: try row.value(5), visibility: try row.value(15),
                    isProtected: try row.flag(13), isHidden: try row.flag(16), owner: try row.textOrNil(3),
                    diskFormat: try row.textOrNil(8), containerFormat: try row.textOrNil(9), size: try row.intOrNil(4),
                    virtualSize: try row.intOrNil(14), checksum: try row.textOrNil(10), hash: hash, minDisk: try row.int(11),
                    minRAM: try row.int(12), createdAt: created, updatedAt: try row.timeOrNil(7).map(Timestamp.init) ?? created,
                    deletedAt: try row.timeOrNil(19).map(Timestamp.init)))
        }
    }
}

/// Assembles images from their rows, in the order in which they were asked for.
private struct Shelf {
    private var places: [String: Int] = [:]
    private var slots: [Image?]
    /// The bytes of memory that the images may take, and (`memory`) those that they take so far.
    private let remaining: Int
    private(set) var memory = 0
    /// The number of images of which the current table has returned rows, the last of them, and its place.
    private var begun = 0
    private var current = ""
    private var place: Int?

    init(_ ids: [String], remaining: Int) {
        self.remaining = remaining
        slots = Array(repeating: nil, count: ids.count)
        // Rows for a single image need not name it.
        place = ids.count == 1 ? 0 : nil
        if ids.count > 1 { for (place, id) in ids.enumerated() { places[id] = place } }
    }

    var images: [Image] { slots.compactMap(\.self) }

    /// Whether the images need too much memory.
    var isFull: Bool { memory > remaining }
    /// The number of images that were complete by then.
    var whole: Int { max(0, begun - 1) }

    /// Adds a row. A row that was read after its image was deleted, between two statements, is ignored.
    ///
    /// - Returns: whether another row may be added.
    mutating func put(_ piece: Piece) -> Bool {
        count(piece)
        guard !isFull else { return false }
        switch piece {
        case .image(let image):
            // A single id may differ in case from the database's.
            let place = slots.count == 1 ? 0 : places[image.id.text]
            if let place { slots[place] = image }
        case .property(_, let property): withImage { $0.properties.append(property) }
        // Two requests at once have Glance write a tag twice.
        case .tag(_, let tag): withImage { if !$0.tags.has(tag) { $0.tags.append(tag) } }
        case .location(_, let location): withImage { $0.locations.append(location) }
        }
        return true
    }

    /// Counts as `Image.memory` does. The rows of one image are adjacent.
    private mutating func count(_ piece: Piece) {
        switch piece {
        case .image:
            memory += 512
            return
        case .property(let id, let property):
            memory += 64 + property.name.utf8.count + (property.value?.utf8.count ?? 0)
            begin(id)
        case .tag(let id, let tag):
            memory += 32 + tag.utf8.count
            begin(id)
        case .location(let id, let location):
            memory += 64 + location.url.utf8.count + location.metadata.utf8.count
            begin(id)
        }
    }

    private mutating func begin(_ id: String) {
        guard id != current else { return }
        (current, begun, place) = (id, begun + 1, slots.count == 1 ? 0 : places[id])
    }

    /// Changes the image of the row that was counted last.
    private mutating func withImage(_ body: (inout Image) -> Void) {
        guard let place, slots[place] != nil else { return }
        body(&slots[place]!)
    }
}

extension [Image] {
    /// Appends images. An empty array takes the other one over: it copies no image.
    mutating func take(_ more: [Image]) { if isEmpty { self = more } else { self += more } }
}
