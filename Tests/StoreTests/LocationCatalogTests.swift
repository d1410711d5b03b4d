import Domain
import MariaDB
import Persistence
import TestSupport
import Testing

/// `LocationCatalog` in MariaDB: the rows and the owed removals.
@Suite(.sharesServices) struct `Locations in the catalog` {
    let glance: TestGlance
    let catalog: MariaDBCatalog
    init() throws {
        glance = try .of(Self.self)
        catalog = MariaDBCatalog(Database(Pool(try Address(url: try SharedMariaDB.running().url(of: glance.databaseName)))))
    }

    private let admin = Caller(user: "root", project: "cloud", roles: ["admin"], isAdmin: true)

    private func hasImage(at locations: [(String, String?)]) throws -> ImageID {
        let id = ImageID.fresh()
        _ = try catalog.insert(ImageDraft(id: id, owner: "acme"))
        for (url, metadata) in locations { try glance.place(id.text, at: url, metadata) }
        return id
    }

    private func place(_ id: ImageID, _ locations: [ImageLocation]) throws -> [String] {
        let (image, owed) = try catalog.place(id, visibleTo: admin, claiming: nil) { image in image.locations = locations }
        #expect(image.locations == locations)
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == owed.count)
        return owed.map(\.url)
    }

    @Test func `owe the bytes that no location leads to any more`() throws {
        let id = try hasImage(at: [("x://1", "{}"), ("x://2", "{}"), ("x://2", #"{"a": 1}"#), ("x://3", nil)])
        let left = [ImageLocation(url: "x://2", metadata: #"{"a": 1}"#)]
        #expect(try place(id, left) == ["x://1", "x://3"])
        #expect(try glance.recordedLocations(of: id.text) == [["x://2", #"{"a": 1}"#]])
        #expect(try glance.count("image_locations", where: "image_id = '\(id)' AND status = 'deleted' AND deleted_at IS NOT NULL") == 3)
    }

    @Test func `that are there twice lose one, or both`() throws {
        for (new, left) in [
            ([ImageLocation(url: "x://1", metadata: #"{"store": "a"}"#)], [["x://1", #"{"store": "a"}"#]]),
            ([ImageLocation(url: "x://1")], [["x://1", "{}"]]), ([ImageLocation(url: "x://2")], [["x://2", "{}"]]),
        ] {
            let id = try hasImage(at: [("x://1", "{}"), ("x://1", "{}")])
            #expect(try place(id, new) == (new[0].url == "x://1" ? [] : ["x://1"]))
            #expect(try glance.recordedLocations(of: id.text) == left)
        }
    }

    @Test func `stay as they are where nothing changes, and the image keeps its time`() throws {
        let id = try hasImage(at: [("x://1", nil), ("x://2", #"{"store": "a"}"#)])
        try glance.execute("UPDATE images SET updated_at = '2026-01-01 00:00:00' WHERE id = '\(id)'")
        #expect(try place(id, [ImageLocation(url: "x://1"), ImageLocation(url: "x://2", metadata: #"{"store": "a"}"#)]) == [])
        #expect(try glance.rows("SELECT updated_at FROM images WHERE id = '\(id)'") == [["2026-01-01 00:00:00"]])
        #expect(try glance.recordedMetadata(of: id.text) == [nil, #"{"store": "a"}"#])
    }

    /// Another request may have labelled or removed it meanwhile.
    @Test func `are labelled only as they were seen`() throws {
        let id = try hasImage(at: [("x://1", "{}"), ("x://2", nil), ("x://3", #"{"store": "a"}"#)])
        func label(_ url: String, _ metadata: String) throws {
            let location = ImageLocation(url: url, metadata: metadata)
            try catalog.relabel(location, as: location.labelled("b"), of: id)
        }
        try label("x://1", #"{"store": "old"}"#)
        try label("x://2", "{}")
        try label("x://3", #"{"store": "a"}"#)
        try label("x://4", "{}")
        #expect(try glance.recordedMetadata(of: id.text) == ["{}", #"{"store": "b"}"#, #"{"store": "b"}"#])
    }
}
