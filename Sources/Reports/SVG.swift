/// A picture of SVG within a page, whose classes the page's style sheet colours.
struct SVG {
    private var text: String

    /// - Parameter label: what the picture shows, for readers who hear it.
    init(width: Double, height: Double, label: String) {
        text = "<svg viewBox=\"0 0 \(number(width)) \(number(height))\" role=\"img\" aria-label=\"\(escaped(label))\">\n"
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String) {
        text += "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" class=\"\(kind)\"/>\n"
    }

    mutating func path(_ path: String, _ kind: String) { text += "<path d=\"\(path)\" class=\"\(kind)\"/>\n" }

    mutating func circle(_ x: Double, _ y: Double, _ radius: Double, _ kind: String) {
        text += "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"\(number(radius))\" class=\"\(kind)\"/>\n"
    }

    /// A rectangle; its title is shown where the pointer rests.
    mutating func bar(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, radius: Double, _ kind: String, title: String? = nil
    ) {
        let place = "x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"\(number(height))\""
        text += "<rect \(place) rx=\"\(number(radius))\" class=\"\(kind)\""
        text += title.map { "><title>\(escaped($0))</title></rect>\n" } ?? "/>\n"
    }

    mutating func text(
        _ x: Double, _ y: Double, _ words: String, anchor: String, class kind: String? = nil, title: String? = nil
    ) {
        let kind = kind.map { " class=\"\($0)\"" } ?? ""
        let title = title.map { "<title>\(escaped($0))</title>" } ?? ""
        text += "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\"\(kind)>\(title)\(escaped(words))</text>\n"
    }

    consuming func end() -> String { text + "</svg>" }
}

/// A coordinate, to the tenth of a pixel.
func number(_ value: Double) -> String {
    let text = fixed(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
