import ServiceMetrics
import Testing

@testable import SharedMetrics

@Suite struct `Metrics as text` {
    private let readings = [
        MetricReading(
            MetricFamily(
                name: "test_duration_seconds", help: "How long.", kind: .histogram(bounds: [0.001, 1]),
                labels: [MetricFamily.Label("by", values: nil)]),
            [.init(["a\"b\\c\nd"], cells: [1, 2, 3, 4_500_000_000])]),
        MetricReading(MetricFamily(name: "test_build_info", help: "One.", kind: .gauge(.max)), [.init([], 1)]),
        MetricReading(MetricFamily(name: "test_age_seconds", help: "A \\ \"b\".", kind: .gauge(.max)), [.init([], seconds: 0.25)]),
        MetricReading(MetricFamily(name: "test_unset", help: "Unset.", kind: .gauge(.max)), [.init([], .min)]),
        MetricReading(MetricFamily(name: "test_sent_bytes_total", help: "Sent.", kind: .counter), [.init([], 7)]),
        MetricReading(
            MetricFamily(
                name: "test_rare_total", help: "Rare.", kind: .counter, labels: [MetricFamily.Label("by", values: nil)], showsUnused: false),
            [.init(["a"], 0), .init(["b"], 1)]),
    ]

    @Test func `are those of Prometheus`() {
        #expect(
            String(decoding: Exposition.text(of: readings, .prometheus), as: UTF8.self) == """
                # HELP test_duration_seconds How long.
                # TYPE test_duration_seconds histogram
                test_duration_seconds_bucket{by="a\\"b\\\\c\\nd",le="0.001"} 1
                test_duration_seconds_bucket{by="a\\"b\\\\c\\nd",le="1.0"} 3
                test_duration_seconds_bucket{by="a\\"b\\\\c\\nd",le="+Inf"} 6
                test_duration_seconds_sum{by="a\\"b\\\\c\\nd"} 4.5
                test_duration_seconds_count{by="a\\"b\\\\c\\nd"} 6
                # HELP test_build_info One.
                # TYPE test_build_info gauge
                test_build_info 1
                # HELP test_age_seconds A \\\\ "b".
                # TYPE test_age_seconds gauge
                test_age_seconds 0.25
                # HELP test_sent_bytes_total Sent.
                # TYPE test_sent_bytes_total counter
                test_sent_bytes_total 7
                # HELP test_rare_total Rare.
                # TYPE test_rare_total counter
                test_rare_total{by="b"} 1

                """)
    }

    @Test func `are those of OpenMetrics`() {
        let text = String(decoding: Exposition.text(of: Array(readings[1...]), .openMetrics), as: UTF8.self)
        #expect(
            text == """
                # HELP test_build One.
                # TYPE test_build info
                test_build_info 1
                # HELP test_age_seconds A \\\\ \\"b\\".
                # TYPE test_age_seconds gauge
                # UNIT test_age_seconds seconds
                test_age_seconds 0.25
                # HELP test_sent_bytes Sent.
                # TYPE test_sent_bytes counter
                # UNIT test_sent_bytes bytes
                test_sent_bytes_total 7
                # HELP test_rare Rare.
                # TYPE test_rare counter
                test_rare_total{by="b"} 1
                # EOF

                """)
    }

    @Test(arguments: [
        (0, 1, "0"), (-3, 1, "-3"), (1, 1_000_000_000, "0.000000001"), (1_500_000_000, 1_000_000_000, "1.5"),
        (-2_000_000_000, 1_000_000_000, "-2"), (Int64.max, 1_000_000_000, "9223372036.854775807"),
    ])
    func `keep every digit of a number`(_ value: Int64, _ scale: Int64, _ text: String) {
        #expect(Exposition.number(value, scale) == text)
    }

    @Test(arguments: [
        ("", false), ("*/*", false), ("text/plain", false), ("application/openmetrics-text", true),
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            true
        ),
        ("application/openmetrics-text; q=0.3, text/plain; q=0.5", false), ("application/openmetrics-text;q=0", false),
        ("application/openmetrics-text;q=nonsense", false), (",;,q=", false),
    ])
    func `are OpenMetrics where that is asked for`(_ accept: String, _ isOpen: Bool) {
        #expect(ScrapeRequest.format(for: accept) == (isOpen ? .openMetrics : .prometheus))
    }

    @Test func `have names by the rules, declared once, with bounded labels`() {
        let families = ServiceMetrics.families + ProcessMetrics.families
        #expect(families.count > 10 && Set(families.map(\.name)).count == families.count)
        for family in families {
            #expect(family.isWritable && family.help.hasSuffix("."), "\(family.name)")
            #expect(family.kind == .counter ? family.name.hasSuffix("_total") : !family.name.hasSuffix("_total"), "\(family.name)")
            // Every name is read as one of this service, or as one that OpenStack's dashboards know.
            #expect(family.name.hasPrefix("vitrine_") || family.name.hasPrefix("openstack_glance_"), "\(family.name)")
            if case .histogram(let bounds) = family.kind { #expect(!bounds.isEmpty && family.unit != nil, "\(family.name)") }
        }
    }
}
