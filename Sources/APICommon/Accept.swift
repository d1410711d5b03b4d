/// The media types that a client accepts, parsed from the `Accept` header.
struct Accept {
    private let ranges: [(type: Substring, subtype: Substring, quality: Double)]

    init(_ field: String) {
        ranges = field.split(separator: ",").compactMap { range in
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            let names = parts.first?.split(separator: "/") ?? []
            guard names.count == 2 else { return nil }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return (names[0], names[1], quality)
        }
    }

    /// The quality of a media type, from 0 (not acceptable) to 1, by the most specific range that matches. Source: RFC 9110, 12.5.1.
    func quality(of type: Substring, _ subtype: Substring) -> Double {
        var best = (specificity: -1, quality: 0.0)
        for range in ranges where (range.type == "*" || range.type == type) && (range.subtype == "*" || range.subtype == subtype) {
            let specificity = (range.type == "*" ? 0 : 1) + (range.subtype == "*" ? 0 : 1)
            if specificity > best.specificity { best = (specificity, range.quality) }
        }
        return best.quality
    }
}
