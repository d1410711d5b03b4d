internal import Text

/// One page of HTML that needs nothing else: no network, no script, no font. It is dark or light as the reader's browser is, and prints well.
///
/// It is written as it comes, so memory does not grow with a table. Every name in it is escaped, and a content security policy forbids scripts and
/// anything from outside, should an escape ever be missing. The text is well-formed XML too.
package struct HTMLPage {
    private let output: ReportOutput

    package init(to output: ReportOutput) { self.output = output }

    /// Begins the page.
    ///
    /// - Parameters:
    ///   - subtitle: a sentence below the title.
    ///   - made: when and by what the page was made.
    package func begin(_ title: String, subtitle: String, made: String) throws(OutputError) {
        try output.write(
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(escaped(title))</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <header>
            <h1>\(escaped(title))</h1>
            <p>\(Self.marked(subtitle))</p>
            <p class="made">\(escaped(made))</p>
            </header>
            <main>

            """)
    }

    /// Key figures, side by side.
    package func tiles(_ tiles: [Tile]) throws(OutputError) {
        guard !tiles.isEmpty else { return }
        try output.write("<section class=\"tiles\" aria-label=\"Key figures\">\n")
        for tile in tiles {
            let kind = tile.isWarning ? " warning" : ""
            try output.write(
                """
                <div class="tile\(kind)"><span class="name">\(escaped(tile.name))</span><strong>\(escaped(tile.value))</strong>\
                <span class="note">\(escaped(tile.note))</span></div>

                """)
        }
        try output.write("</section>\n")
    }

    /// A key figure.
    package struct Tile: Sendable {
        let name, value, note: String
        let isWarning: Bool

        /// - Parameter isWarning: whether it needs somebody's attention.
        package init(_ name: String, _ value: String, note: String = "", isWarning: Bool = false) {
            (self.name, self.value, self.note, self.isWarning) = (name, value, note, isWarning)
        }
    }

    /// Begins plots that stand side by side where there is room; `endGrid` must follow.
    package func beginGrid() throws(OutputError) { try output.write("<div class=\"grid\">\n") }
    package func endGrid() throws(OutputError) { try output.write("</div>\n") }

    /// A plot with its title. A wide one takes the whole width of a grid.
    package func plot(_ title: String, note: String, _ svg: String, isWide: Bool = false) throws(OutputError) {
        try output.write(
            """
            <section class="card\(isWide ? " wide" : "")">
            <h2>\(escaped(title))</h2>
            <p class="note">\(Self.marked(note))</p>
            \(svg)
            </section>

            """)
    }

    /// Begins a section for a table; `endSection` must follow.
    package func beginSection(_ title: String, note: String) throws(OutputError) {
        try output.write("<section class=\"card wide\">\n<h2>\(escaped(title))</h2>\n<p class=\"note\">\(Self.marked(note))</p>\n")
    }

    package func endSection() throws(OutputError) { try output.write("</section>\n") }

    package func paragraph(_ text: String) throws(OutputError) { try output.write("<p class=\"note\">\(Self.marked(text))</p>\n") }

    /// A text whose parts within backticks are code.
    private static func marked(_ text: String) -> String {
        let parts = escaped(text).split(separator: "`", omittingEmptySubsequences: false)
        guard parts.count % 2 == 1 else { return escaped(text) }
        return parts.enumerated().map { index, part in index % 2 == 0 ? String(part) : "<code>\(part)</code>" }.joined()
    }

    package func end() throws(OutputError) {
        try output.write("</main>\n</body>\n</html>\n")
        try output.flush()
    }

    /// The page's style sheet. Plots take their colours from the same variables.
    private static let style = """
        :root {
          --page: #f4f6f9; --card: #ffffff; --ink: #18212f; --soft: #5d6b82; --line: #e2e7ee;
          --first: #2f6fde; --second: #0f9d8a; --warning: #c2410c; --tint: #eef3fc;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #10141b; --card: #181e28; --ink: #e7ebf2; --soft: #9aa7bb; --line: #2b3442;
            --first: #78a9ff; --second: #4fd0bd; --warning: #fb923c; --tint: #1f2937;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        header, main { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
        header { padding-top: 28px; padding-bottom: 8px; }
        h1 { margin: 0; font-size: 26px; line-height: 1.25; letter-spacing: -0.01em; }
        h2 { margin: 0; font-size: 16px; }
        header p { margin: 4px 0 0; color: var(--soft); }
        .made, .note { font-size: 13px; color: var(--soft); }
        .note { margin: 2px 0 12px; }
        main { padding-bottom: 40px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 14px; margin: 16px 0; }
        .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px;
          display: flex; flex-direction: column; }
        .tile .name { font-size: 13px; color: var(--soft); }
        .tile strong { font-size: 24px; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
        .tile .note { margin: 0; min-height: 1.5em; }
        .tile.warning strong { color: var(--warning); }
        .grid { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; margin: 16px 0; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; min-width: 0; }
        .grid .wide { grid-column: 1 / -1; }
        main > .card { margin: 16px 0; }
        code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.92em; background: var(--tint); padding: 1px 4px;
          border-radius: 4px; }
        svg { display: block; width: 100%; height: auto; overflow: visible; }
        svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: var(--soft); }
        svg .name { fill: var(--ink); }
        svg .value { fill: var(--ink); font-weight: 600; }
        svg .rule { stroke: var(--line); stroke-width: 1; }
        svg .base { stroke: var(--soft); stroke-width: 1; }
        svg .line { fill: none; stroke: var(--first); stroke-width: 2; stroke-linejoin: round; }
        svg .area { fill: var(--first); opacity: 0.14; }
        svg .bar { fill: var(--first); }
        svg .track { fill: var(--tint); }
        svg .dot { fill: var(--first); stroke: var(--card); stroke-width: 2; }
        svg .hit { fill: transparent; }
        svg .hit:hover { fill: var(--ink); opacity: 0.07; }
        svg .bar:hover { fill: var(--second); }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 13px; }
        th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { color: var(--soft); font-weight: 600; white-space: nowrap; border-bottom-color: var(--soft); }
        td { overflow-wrap: anywhere; min-width: 4em; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
        td.null { color: var(--soft); }
        tbody tr:hover { background: var(--tint); }
        @media (max-width: 860px) { .grid { grid-template-columns: minmax(0, 1fr); } }
        @media print {
          :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --first: #2f6fde; --second: #0f9d8a;
            --warning: #b91c1c; --tint: #f1f1f1; }
          @page { margin: 14mm; }
          body { font-size: 10pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
          header, main { max-width: none; padding-left: 0; padding-right: 0; }
          .tile, .card { border-radius: 4px; }
          .tiles, .grid .card, tr { break-inside: avoid; }
          h2 { break-after: avoid; }
          thead { display: table-header-group; }
          .scroll { overflow: visible; }
          table { font-size: 8pt; }
        }
        """
}

/// A text for HTML: no character of it is markup, and those that HTML does not have, or that change the direction of writing, are shown as
/// escapes.
package func escaped(_ text: String) -> String {
    let known = printable(text).unicodeScalars.map { scalar in
        // Noncharacters, which neither HTML nor XML has.
        scalar.value & 0xFFFE == 0xFFFE || 0xFDD0...0xFDEF ~= scalar.value ? "\u{FFFD}" : scalar
    }
    return escapedForHTML(String(String.UnicodeScalarView(known)))
}
