package import Domain

/// Tells an image's owner, and administrators, who downloaded how much of it and when.
package struct ImageUsage: Sendable {
    private let service: ImageService
    private let catalog: any UseCatalog

    /// Makes the operation of its parts.
    package init(service: ImageService, catalog: any UseCatalog) { (self.service, self.catalog) = (service, catalog) }

    /// The use of an image.
    package struct Report: Sendable {
        /// The first and the last day of `byDay`.
        package let days: ClosedRange<Day>
        /// What is known since use is recorded; nil when the image was never downloaded.
        package let total: ImageUse?
        /// The days with use, the oldest first.
        package let byDay: [(day: Day, counts: UseCounts)]
    }

    /// The number of days in an answer unless the caller names the first one, and the most.
    private static let (usualDays, mostDays) = (30, 400)

    /// Reports the use of an image.
    ///
    /// - Parameters:
    ///   - since: the first day as the client wrote it; nil for thirty days before the last one.
    ///   - until: the last day as the client wrote it; nil for today.
    /// - Throws: `.invalid` for days that are none, in the wrong order or too many; `.notFound` for an image that the caller does not see,
    ///   `.forbidden` for one of another project.
    package func report(of id: ImageID, since: String?, until: String?, for caller: Caller) throws(Fault) -> Report {
        let image = try service.found(id, by: caller)
        try service.policy.require(.getImageUsage, on: image, by: caller)
        let (wantedFirst, wantedLast) = (try Self.day(since, "since"), try Self.day(until, "until"))
        let last = if let wantedLast { wantedLast } else { try catalog.today() }
        let first = wantedFirst ?? Day(number: last.number - Self.usualDays + 1)
        guard first <= last else { throw Fault(.invalid, "The day 'since' (\(first)) comes after the day 'until' (\(last)).") }
        guard last.number - first.number < Self.mostDays else {
            throw Fault(
                .invalid, "From 'since' (\(first)) to 'until' (\(last)) are more than \(Self.mostDays) days. Ask for fewer at once.")
        }
        // By the record's own id: a database finds it in any case.
        return Report(days: first...last, total: try catalog.use(of: image.id), byDay: try catalog.use(of: image.id, on: first...last))
    }

    private static func day(_ text: String?, _ name: String) throws(Fault) -> Day? {
        guard let text else { return nil }
        guard let day = Day(text) else {
            throw Fault(.invalid, "'\(name)' must be a day such as 2026-11-29 (UTC), not '\(text.prefix(40))'.")
        }
        return day
    }
}
