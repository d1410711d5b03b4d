import Foundation
import TestSupport
import Testing

/// Image-hours and byte-hours, compared with sums over all images in Swift.
@Suite struct `The accounting` {
    private static let hour = 3600
    /// 1 March 2026.
    private static let march = 1_772_323_200
    private static let april = march + 31 * 86400

    private struct Sum: Equatable {
        var images = 0
        var seconds = 0
        var byteSeconds: Int64 = 0
    }

    /// What each project used from one moment to another, by the definition.
    private func expected(_ images: [ReportImage], _ since: Int, _ until: Int) -> [String?: Sum] {
        var sums: [String?: Sum] = [:]
        for image in images where image.status != "killed" {
            let (begin, end) = (max(image.created, since), min(image.deleted ?? .max, until))
            guard begin < end else { continue }
            let hasData = !["queued", "saving", "uploading", "importing"].contains(image.status)
            sums[image.owner, default: Sum()].images += 1
            sums[image.owner]!.seconds += end - begin
            sums[image.owner]!.byteSeconds += (hasData ? image.size ?? 0 : 0) * Int64(end - begin)
        }
        return sums
    }

    private func sums(_ json: JSONValue) -> [String?: Sum] {
        Dictionary(
            uniqueKeysWithValues: (json.array ?? []).map { row in
                (
                    row["project"]?.string,
                    Sum(
                        images: Int(row["images"]?.int ?? -1), seconds: Int(row["image_seconds"]?.int ?? -1),
                        byteSeconds: row["byte_seconds"]?.int ?? -1)
                )
            })
    }

    /// Images round the borders of March 2026, and some more by chance.
    private static let images: [ReportImage] = {
        var images: [ReportImage] = []
        for (created, deleted) in [
            (march - 1, march), (march - 1, march + 1), (march, march + 1), (march, march), (march + 5, nil), (april - 1, april),
            (april - 1, april + 1), (april, nil), (march - 40 * 86400, nil), (march - 40 * 86400, april + 7),
        ] as [(Int, Int?)] {
            images.append(ReportImage(owner: "border", size: 1000, created: created, deleted: deleted))
        }
        images.append(ReportImage(owner: nil, size: 7, created: march + 10, deleted: march + 20))
        images.append(ReportImage(owner: "waiting", size: 500, status: "queued", created: march + 10))
        images.append(ReportImage(owner: "dead", size: 500, status: "killed", created: march + 10))
        // Its data wait for the scrubber: the project does not pay for that.
        images.append(ReportImage(owner: "late", size: 500, status: "pending_delete", created: march + 10, deleted: march + 110))
        // More byte-seconds than 64 bits have.
        var random = SystemRandomNumberGenerator()
        for index in 0..<400 {
            let created = march - 100 * 86400 + Int.random(in: 0..<200 * 86400, using: &random)
            let isDeleted = Bool.random(using: &random)
            images.append(
                ReportImage(
                    owner: "p\(index % 7)", size: Int64.random(in: 0..<1_000_000, using: &random), created: created,
                    deleted: isDeleted ? created + Int.random(in: 0..<60 * 86400, using: &random) : nil))
        }
        return images
    }()

    private static let database = Result {
        let database = try ReportDatabase.synced()
        try database.add(images)
        return database
    }

    @Test(arguments: [
        (march, april), (march + 1, april - 1), (march - 1, march), (march, march + 1), (april - 1, april),
        (march - 86400 * 300, april + 99),
        (april, april + 86400 * 30),
    ])
    func `of a period is exact to the second`(_ since: Int, _ until: Int) throws {
        let report = try Self.database.get().manage(
            "report", "accounting", "--since", ReportImage.text(since), "--until", ReportImage.text(until), "--format", "json"
        ).succeeded()
        #expect(sums(try report.json) == expected(Self.images, since, until))
    }

    @Test func `of each month adds up to the same`() throws {
        let report = try Self.database.get().manage("report", "accounting", "--format", "json").succeeded().json
        let months = Set((report.array ?? []).compactMap { $0["month"]?.string })
        #expect(months.contains("2026-03-01"))
        for (month, since, until) in [("2026-02-01", Self.march - 28 * 86400, Self.march), ("2026-03-01", Self.march, Self.april)] {
            let rows = (report.array ?? []).filter { $0["month"]?.string == month }
            #expect(sums(.array(rows)) == expected(Self.images, since, until))
        }
    }

    @Test func `of one project is that project's alone`() throws {
        let words = ["report", "accounting", "--since", "2026-03-01", "--until", "2026-04-01", "--format", "json", "--project"]
        let database = try Self.database.get()
        func asked(_ project: String) throws -> [String?: Sum] { try sums(database.manage(words + [project]).succeeded().json) }
        let all = expected(Self.images, Self.march, Self.april)
        #expect(try asked("border") == all.filter { $0.key == "border" })
        #expect(try asked("") == all.filter { $0.key == nil })
        #expect(try asked("nobody").isEmpty)
    }

    @Test func `of images larger than any disk does not overflow`() throws {
        let database = try ReportDatabase.synced()
        try database.add([ReportImage(owner: "large", size: .max, created: Self.march)])
        let report = try database.manage(
            "report", "accounting", "--since", "2026-03-01", "--until", "2026-04-01", "--format", "csv"
        ).succeeded()
        let rows = try Referee.csv(report.output)
        #expect(rows[1].last == Decimal(Int64.max).multiplied(by: 31 * 86400))
        #expect(try database.manage("report", "accounting", "--format", "json").status == 0)
    }
}

extension Decimal {
    fileprivate func multiplied(by factor: Int) -> String { "\(self * Decimal(factor))" }
}
