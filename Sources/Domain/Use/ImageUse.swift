internal import Text

/// The way by which image data were sent.
package enum SendMethod: String, Sendable, CaseIterable {
    /// By V1, from a store.
    case v1
    /// By V2, from a store.
    case v2
    /// By either API, from the image cache of the node.
    case cache
}

/// Numbers of transfers. Each transfer counts in exactly one of the first three.
package struct UseCounts: Sendable, Equatable {
    /// Transfers of all of an image that arrived whole.
    package var downloads: Int64 = 0
    /// Transfers of a part that arrived whole.
    package var ranges: Int64 = 0
    /// Transfers that broke off.
    package var incomplete: Int64 = 0
    /// The bytes of all of them.
    package var bytes: Int64 = 0

    package init(downloads: Int64 = 0, ranges: Int64 = 0, incomplete: Int64 = 0, bytes: Int64 = 0) {
        (self.downloads, self.ranges, self.incomplete, self.bytes) = (downloads, ranges, incomplete, bytes)
    }

    mutating func add(_ sent: SentBytes) {
        if !sent.isWhole { incomplete += 1 } else if sent.isRange { ranges += 1 } else { downloads += 1 }
        bytes += sent.bytes
    }
}

/// What is known of an image's downloads since use is recorded.
package struct ImageUse: Sendable {
    /// The times of the first and the last transfer.
    package let first, last: Timestamp
    package let counts: UseCounts

    package init(first: Timestamp, last: Timestamp, counts: UseCounts) { (self.first, self.last, self.counts) = (first, last, counts) }
}

/// A calendar day in UTC.
package struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Days since 1 January 1970.
    package let number: Int

    package init(number: Int) { self.number = number }

    /// - Parameter moment: seconds since 1970.
    package init(ofMoment moment: Double) { number = Int((moment / 86_400).rounded(.down)) }

    /// Reads `2026-11-29`.
    ///
    /// - Returns: nil for any other text, and for a day that no calendar has.
    package init?(_ text: String) {
        guard text.utf8.count == 10, let civil = CivilTime(prefixOf: "\(text)T00:00:00"), civil.year >= 1970 else { return nil }
        self.init(ofMoment: Double(civil.seconds))
        guard description == text else { return nil }
    }

    /// `2026-11-29`.
    package var description: String { String(CivilTime(seconds: number * 86_400).text().prefix(10)) }

    package static func < (left: Day, right: Day) -> Bool { left.number < right.number }
}
