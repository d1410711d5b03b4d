import JSONDocument
import Testing

/// The figures of the views, computed from a list of images.
struct Figures {
    let images: [ListedImage]

    /// Expects that `report_images` and `report_properties` say the same of each image.
    func expectImages(_ database: ReportDatabase, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let pivoted = ["os_distro", "os_version", "os_type", "architecture", "hw_disk_bus", "kernel_id"]
        let rows = try database.rows(
            "SELECT image_id, owner, status, size_bytes, tags, properties, \(pivoted.joined(separator: ", ")) FROM report_images",
            columns: 6 + pivoted.count)
        #expect(Set(rows.map { $0[0] }) == Set(images.map(\.id)) && rows.count == images.count, sourceLocation: sourceLocation)
        let listed = Dictionary(uniqueKeysWithValues: images.map { ($0.id, $0) })
        for row in rows {
            guard let image = listed[row[0] ?? ""] else { continue }
            #expect(row[1] == image.owner && row[2] == image.status && Int64(row[3] ?? "0") == image.size, sourceLocation: sourceLocation)
            let tags = try JSON(parsing: Array((row[4] ?? "").utf8)).array ?? [.null]
            #expect(Set(tags.map { $0.string ?? "" }) == image.tags && tags.count == image.tags.count, sourceLocation: sourceLocation)
            var properties: [String: String?] = [:]
            try JSON(parsing: Array((row[5] ?? "").utf8)).object?.forEach { properties[$0] = $1.string }
            #expect(properties == image.properties, sourceLocation: sourceLocation)
            for (name, value) in zip(pivoted, row[6...]) {
                #expect(value == image.properties.first { $0.key.lowercased() == name }?.value, sourceLocation: sourceLocation)
            }
        }
        let properties = try database.rows("SELECT image_id, name, value FROM report_properties", columns: 3)
        let expected = images.flatMap { image in image.properties.map { name, value -> [String?] in [image.id, name, value] } }
        #expect(Set(properties) == Set(expected) && properties.count == expected.count, sourceLocation: sourceLocation)
    }

    /// Expects that `report_property_values` counts the same.
    func expectValues(_ database: ReportDatabase, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var counted: [[String?]: (images: Int64, bytes: Int64)] = [:]
        for image in images {
            for (name, value) in image.properties {
                let sum = counted[[name, value]] ?? (0, 0)
                counted[[name, value]] = (sum.images + 1, sum.bytes + image.size)
            }
        }
        let rows = try database.rows("SELECT name, value, images, CAST(bytes AS CHAR) FROM report_property_values", columns: 4)
        let expected = counted.map { key, sum -> [String?] in [key[0], key[1], "\(sum.images)", "\(sum.bytes)"] }
        #expect(Set(rows) == Set(expected) && rows.count == expected.count, sourceLocation: sourceLocation)
    }

    /// Expects that `report_duplicates` finds the same digests, with the same bytes.
    func expectDuplicates(_ database: ReportDatabase, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let groups = Dictionary(grouping: images.filter { $0.digest != nil }) { $0.digest! }.filter { $1.count > 1 }
        let rows = try database.rows("SELECT digest, images, CAST(wasted_bytes AS CHAR), owners FROM report_duplicates", columns: 4)
        let expected = groups.map { digest, images -> [String?] in
            let sizes = images.map(\.size)
            return [
                digest, "\(images.count)", "\(sizes.reduce(0, +) - sizes.max()!)",
                "\(Set(images.map { $0.owner?.lowercased() ?? "" }).count)",
            ]
        }
        #expect(!expected.isEmpty && Set(rows) == Set(expected) && rows.count == expected.count, sourceLocation: sourceLocation)
    }

    /// Expects that the last day of `report_growth_daily` has the images of today.
    func expectToday(_ database: ReportDatabase, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let sum = images.reduce(0) { $0 + $1.size }
        let rows = try database.rows(
            """
            SELECT CAST(images AS CHAR), CAST(stored_bytes AS CHAR), CAST((SELECT SUM(added) - SUM(deleted) FROM report_growth_daily) AS CHAR)
              FROM report_growth_daily ORDER BY day DESC LIMIT 1
            """, columns: 3)
        #expect(rows == [["\(images.count)", "\(sum)", "\(images.count)"]], sourceLocation: sourceLocation)
    }

    /// Expects that the projects have the images of the list, with the bytes of their locations, and that the stores hold them.
    func expectUsage(_ database: ReportDatabase, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var projects: [String?: (images: Int, bytes: Int64)] = [:]
        var stores: [String: (locations: Int, bytes: Int64)] = [:]
        for image in images where image.counts {
            let sum = projects[image.owner] ?? (0, 0)
            projects[image.owner] = (sum.images + 1, sum.bytes + image.size * Int64(image.places?.count ?? 0))
            for place in image.places ?? [] {
                let sum = stores[place] ?? (0, 0)
                stores[place] = (sum.locations + 1, sum.bytes + image.size)
            }
        }
        let rows = try database.rows(
            "SELECT project, CAST(images AS CHAR), CAST(stored_bytes AS CHAR) FROM report_usage_by_project WHERE images > 0", columns: 3)
        #expect(
            Set(rows) == Set(projects.map { project, sum -> [String?] in [project, "\(sum.images)", "\(sum.bytes)"] }),
            sourceLocation: sourceLocation)
        let held = try database.rows(
            """
            SELECT CONCAT(scheme, ' ', COALESCE(store, 'NULL')), CAST(locations AS CHAR), CAST(stored_bytes AS CHAR) FROM report_usage_by_store
             WHERE locations > 0
            """, columns: 3)
        #expect(
            Set(held) == Set(stores.map { store, sum -> [String?] in [store, "\(sum.locations)", "\(sum.bytes)"] }),
            sourceLocation: sourceLocation)
    }
}
