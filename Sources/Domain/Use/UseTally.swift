internal import Text

/// Sent bytes, added up in memory before they are added to the records. Its size is bounded by the number of lines that it is made of.
package struct UseTally: Sendable {
    /// The transfers of one caller, one image, one method and one day.
    package struct Key: Hashable, Comparable, Sendable {
        package let day: Day
        package let image: ImageID
        /// Empty for a caller without a project, and without a name.
        package let project, user: String
        package let method: SendMethod

        /// The order of the records' primary key, byte by byte: writers that keep to it do not wait for each other in circles.
        package static func < (left: Key, right: Key) -> Bool {
            if left.day != right.day { return left.day < right.day }
            let (one, other) = (left.texts, right.texts)
            for place in one.indices where one[place] != other[place] {
                return one[place].utf8.lexicographicallyPrecedes(other[place].utf8)
            }
            return false
        }

        private var texts: [String] { [image.text, project, user, method.rawValue] }
    }

    /// Counts, and the times of the first and the last transfer in seconds since 1970.
    package struct Sum: Sendable {
        package var counts = UseCounts()
        package var first = Double.infinity
        package var last = 0.0

        mutating func add(_ sent: SentBytes) {
            counts.add(sent)
            first = min(first, sent.moment)
            last = max(last, sent.moment)
        }

        /// The time of the first transfer as the database writes it: `2026-11-29 12:04:49.123`.
        package var firstText: String { Self.text(first) }
        /// The time of the last transfer, likewise.
        package var lastText: String { Self.text(last) }

        private static func text(_ moment: Double) -> String {
            let milliseconds = Int((moment * 1000).rounded(.down))
            return CivilTime(seconds: milliseconds / 1000).text(between: " ") + "." + paddedDigits(milliseconds % 1000, 3)
        }
    }

    private var byKey: [Key: Sum] = [:]
    private var byImage: [ImageID: Sum] = [:]

    package init() {}

    package var isEmpty: Bool { byKey.isEmpty }

    /// The longest name of a project or a user that the records hold, in scalars. A longer one is cut off.
    private static let longestName = 255

    /// Adds a transfer.
    package mutating func add(_ sent: SentBytes) {
        func name(_ text: String?) -> String {
            guard let text, text.unicodeScalars.count > Self.longestName else { return text ?? "" }
            return String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.longestName)))
        }
        let key = Key(
            day: Day(ofMoment: sent.moment), image: sent.image, project: name(sent.receiverProject), user: name(sent.receiverUser),
            method: sent.method)
        byKey[key, default: Sum()].add(sent)
        byImage[sent.image, default: Sum()].add(sent)
    }

    /// The sums by day, image, caller and method, in the order of their keys.
    package var sums: [(key: Key, value: Sum)] { byKey.sorted { $0.key < $1.key } }

    /// The sums by image, in the order of the ids.
    package var images: [(key: ImageID, value: Sum)] {
        byImage.sorted { $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8) }
    }
}
