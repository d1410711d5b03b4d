import Foundation
import JSONDocument
import TestSupport
import Testing

/// Figures of the views over images that clients made by V2 and V1, compared with V2's list.
@Suite struct `Figures of a service's reports` {
    @Test func `equal what V2 lists, and glance-tasks keeps them current`() throws {
        let glance = try TestGlance(
            [
                "DEFAULT": "delayed_delete = true\nscrub_time = 1000000\nshow_multiple_locations = true", "vitrine": "reports_every = 1",
            ], stores: ["fast", "ceph"], runsTasks: true, runsRegistry: true)
        let database = try ReportDatabase(of: glance)
        #expect(try database.manage("db", "sync").status == 0)
        try Self.makeImages(glance)
        let figures = Figures(images: try Self.listed(glance))
        #expect(figures.images.count > 40)
        try figures.expectImages(database)
        try figures.expectDuplicates(database)
        try figures.expectToday(database)
        try figures.expectUsage(database)
        let waiting = """
            SELECT CAST(SUM(pending_deletion_images) AS CHAR), CAST(SUM(pending_deletion_bytes) AS CHAR) FROM report_usage_by_project
            """
        #expect(try database.rows(waiting, columns: 2) == [["6", "\(6 * 6)"]])
        // A pass that began after the last change.
        let now = try database.texts("SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)")[0]
        #expect(try eventually { try database.texts("SELECT 1 FROM vitrine_report_passes WHERE started_at > '\(now)'") == ["1"] })
        try figures.expectValues(database)
        try figures.expectImages(database)
        #expect(try database.texts("SELECT COUNT(*) FROM vitrine_report_images") == ["\(figures.images.count)"])
    }

    private static func makeImages(_ glance: TestGlance) throws {
        let values = [#"debian"#, #"Debian"#, #"a \"quoted\" \\ text\n of two lines"#, #"é€"#, #""#, String(repeating: "x", count: 60_000)]
        for number in 0..<48 {
            let person: TestGlance.Person = number % 3 == 0 ? .bob : .alice
            let id = try glance.hasImage(
                as: person,
                """
                {"disk_format": "raw", "container_format": "bare", "name": "image \(number)", "tags": ["t\(number % 4)", "two \\"words\\""],
                 "os_distro": "\(values[number % values.count])", "architecture": "x86_64", "my \\"own\\" name": "\(number)"}
                """)
            guard number % 8 != 7 else { continue }
            let store = ["X-Image-Meta-Store": number % 2 == 0 ? "fast" : "ceph"]
            #expect(try glance.upload(Array("data \(number % 5)".utf8), to: id, as: person, store).status == 204)
            switch number % 8 {
            case 1:
                let change = #"[{"op": "replace", "path": "/os_distro", "value": "other"}, {"op": "remove", "path": "/architecture"}]"#
                #expect(try glance.patch(id, as: person, change).status == 200)
            case 2: #expect(try glance.send("DELETE", "/v2/images/\(id)", as: person).status == 204)
            case 3: #expect(try glance.send("POST", "/v2/images/\(id)/actions/deactivate", as: .admin).status == 204)
            case 4: #expect(try glance.send("DELETE", "/v2/images/\(id)/tags/t\(number % 4)", as: person).status == 204)
            case 5: #expect(try glance.send("PUT", "/v2/images/\(id)/tags/later", as: person).status == 204)
            default: break
            }
        }
        for number in 0..<4 {
            let fields = [
                "x-image-meta-name": "of V1", "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare",
                "x-image-meta-property-os_distro": "plan 9", "Content-Type": "application/octet-stream",
            ]
            #expect(try glance.send("POST", "/v1/images", fields, body: Array("data \(number)".utf8)).status == 201)
        }
    }

    /// All pages of V2's list, as an administrator sees it.
    private static func listed(_ glance: TestGlance) throws -> [ListedImage] {
        var (images, next): ([ListedImage], String?) = ([], "/v2/images?limit=10&os_hidden=false")
        while let path = next {
            let page = try glance.send("GET", path, as: .admin).json
            images += (page["images"]?.array ?? []).map(ListedImage.init(v2:))
            next = page["next"]?.string
        }
        return images
    }
}
