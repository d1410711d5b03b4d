internal import Text

/// The query of a URL: decoded pairs in the order sent.
package struct Query: Sendable {
    package typealias Pair = (name: String, value: String)

    package let pairs: [Pair]

    /// - Returns: nil if a name or a value is not UTF-8, or contains NUL.
    package init?(_ text: Substring) {
        var pairs: [Pair] = []
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(Substring(sides[0]), plusIsSpace: true),
                let value = sides.count == 2 ? percentDecoded(Substring(sides[1]), plusIsSpace: true) : ""
            else { return nil }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    package init(pairs: [Pair]) { self.pairs = pairs }

    /// The value that was given last; nil if there is none.
    package subscript(name: String) -> String? { pairs.last { $0.name == name }?.value }

    /// All values of a name, in the order sent.
    package func all(_ name: String) -> [String] { pairs.compactMap { $0.name == name ? $0.value : nil } }

    /// The pairs, encoded again, without those that are named.
    package func encoded(without left: String...) -> String {
        pairs.filter { !left.contains($0.name) }
            .map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
            .joined(separator: "&")
    }
}
