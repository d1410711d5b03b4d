import Foundation
import ServiceMetrics
import TestSupport
import Testing

@Suite struct `The dashboard and the alerts` {
    private static func file(_ path: String) throws -> String {
        try String(contentsOfFile: "\(TestGlance.repository)\(path)", encoding: .utf8)
    }

    @Test(arguments: [
        ("rate(vitrine_http_requests_total[5m])", []),
        ("sum by (le, instance) (rate(vitrine_http_request_duration_seconds_bucket{method=\"GET\"}[5m]))", []),
        ("time() - vitrine_store_up{store=\"a|b\"} > 3", []),
        ("rate(vitrine_no_such_total[5m])", ["there is no metric vitrine_no_such_total"]),
        ("vitrine_http_request_duration_seconds", ["there is no metric vitrine_http_request_duration_seconds"]),
        ("vitrine_backlog{que=\"x\"}", ["vitrine_backlog has no label que"]),
        ("vitrine_backlog{queue=\"jobs\"}", ["the label queue of vitrine_backlog is never jobs"]),
        ("vitrine_backlog{queue=~\"copies|nothing\"}", ["the label queue of vitrine_backlog is never nothing"]),
        ("sum by (pool) (vitrine_backlog)", ["no metric of it has the label pool"]),
        ("1 + 1", ["it names no metric"]),
    ])
    func `are read for what they name`(_ expression: String, _ mistakes: [String]) {
        #expect(PromQL(expression).mistakes == mistakes)
    }

    // MARK: the dashboard

    private static func dashboard() throws -> [String: Any] {
        let data = Data(try file("deploy/grafana/vitrine.json").utf8)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private static func panels() throws -> [[String: Any]] {
        let outer = try #require(try dashboard()["panels"] as? [[String: Any]])
        return outer + outer.flatMap { $0["panels"] as? [[String: Any]] ?? [] }
    }

    @Test func `show metrics that there are`() throws {
        var count = 0
        for panel in try Self.panels() {
            let title = panel["title"] as? String ?? ""
            for target in panel["targets"] as? [[String: Any]] ?? [] {
                count += 1
                let expression = try #require(target["expr"] as? String)
                #expect(PromQL(expression).mistakes == [], "\(title): \(expression)")
                #expect(expression.contains("instance=~\"$instance\""), "\(title) shows all nodes: \(expression)")
            }
        }
        #expect(count > 60)
        let variables = try #require((try Self.dashboard()["templating"] as? [String: Any])?["list"] as? [[String: Any]])
        #expect(variables.compactMap { $0["name"] as? String } == ["datasource", "instance"])
        #expect(variables.last?["definition"] as? String == "label_values(vitrine_build_info, instance)")
        #expect(PromQL.families.contains { $0.name == "vitrine_build_info" })
    }

    @Test func `have panels with a number, a place and a unit of their own`() throws {
        let panels = try Self.panels()
        let numbers = panels.compactMap { $0["id"] as? Int }
        #expect(numbers.count == panels.count && Set(numbers).count == numbers.count, "two panels have one id")
        var taken: Set<[Int]> = []
        for panel in panels {
            let title = panel["title"] as? String ?? ""
            let place = try #require(panel["gridPos"] as? [String: Int])
            for x in place["x"]!..<place["x"]! + place["w"]! {
                for y in place["y"]!..<place["y"]! + place["h"]! {
                    #expect(x < 24 && taken.insert([x, y]).inserted, "\(title) lies on another panel or outside")
                }
            }
            guard panel["type"] as? String != "row" else { continue }
            #expect((panel["datasource"] as? [String: String])?["uid"] == "${datasource}", "\(title) has a source of its own")
            let isHeatmap = panel["type"] as? String == "heatmap"
            let defaults = (panel["fieldConfig"] as? [String: Any])?["defaults"] as? [String: Any]
            #expect(isHeatmap || defaults?["unit"] is String, "\(title) has no unit")
            #expect(panel["description"] is String, "\(title) has no description")
        }
    }

    @Test func `show every subject`() throws {
        let text = try Self.file("deploy/grafana/vitrine.json")
        for family in PromQL.families where family.name.hasPrefix("vitrine_") {
            let isLeftOut = [
                "vitrine_build_info", "vitrine_metrics_files_skipped", "vitrine_process_oldest_start_timestamp_seconds",
                "vitrine_process_newest_start_timestamp_seconds",
            ].contains(family.name)
            let isShown = text.contains(family.name)
            if !isShown, !isLeftOut { Self.unshown.insert(family.name) }
        }
        #expect(Self.unshown.count < 16, "many metrics are in no panel: \(Self.unshown.sorted())")
    }

    private nonisolated(unsafe) static var unshown: Set<String> = []

    // MARK: the alerts

    private struct Alert {
        var name: String
        var expression = ""
        var text = ""
    }

    /// Reads the file by its lines: each alert begins with `- alert:`, and a long expression stands indented below `expr: |`.
    private static func alerts() throws -> [Alert] {
        var (alerts, isExpression): ([Alert], Bool) = ([], false)
        for line in try file("deploy/prometheus/alerts.yml").split(separator: "\n") {
            let text = line.trimmingCharacters(in: .whitespaces)
            if let name = text.wholeMatch(of: /- alert: (\w+)/)?.1 {
                alerts.append(Alert(name: String(name)))
                isExpression = false
            } else if let match = text.wholeMatch(of: /expr: (.+)/) {
                isExpression = match.1 == "|"
                if !isExpression { alerts[alerts.count - 1].expression = String(match.1) }
            } else if isExpression, line.hasPrefix("          ") {
                alerts[alerts.count - 1].expression += " " + text
            } else if !alerts.isEmpty, !text.hasPrefix("#") {
                isExpression = false
                alerts[alerts.count - 1].text += text + "\n"
            }
        }
        return alerts
    }

    @Test func `warn by metrics that there are`() throws {
        let alerts = try Self.alerts()
        #expect(alerts.count > 20 && Set(alerts.map(\.name)).count == alerts.count)
        for alert in alerts {
            let expression = PromQL(alert.expression)
            #expect(expression.mistakes == [], "\(alert.name): \(alert.expression)")
            #expect(expression.selectors.allSatisfy { $0.labels.contains { $0.name == "job" && $0.value == "vitrine" } }, "\(alert.name)")
            #expect(alert.text.contains(/severity: (warning|critical)/), "\(alert.name) has no severity")
            #expect(alert.text.contains("summary:") && alert.text.contains("description:"), "\(alert.name) says nothing")
            for match in alert.text.matches(of: /\$labels\.(\w+)/) {
                let name = String(match.1)
                let isThere =
                    expression.groupedBy.isEmpty
                    ? name == "instance"
                        || PromQL.families.contains { family in
                            expression.selectors.contains { $0.name == family.name } && family.labels.contains { $0.name == name }
                        } : expression.groupedBy.contains(name)
                #expect(isThere, "\(alert.name) has no label \(name)")
            }
        }
    }

    @Test func `are explained`() throws {
        let page = try Self.file("docs/metrics.md")
        for alert in try Self.alerts() { #expect(page.contains("`\(alert.name)`"), "docs/metrics.md does not say what to do") }
    }

    private static let promtool =
        ([ProcessInfo.processInfo.environment["VITRINE_PROMTOOL"]] + ["/usr/bin/promtool", "/usr/local/bin/promtool"])
        .compactMap(\.self).first(where: FileManager.default.isExecutableFile)

    @Test(.enabled(if: promtool != nil, "Prometheus is not installed"))
    func `are accepted by Prometheus`() throws {
        try Command(Self.promtool!, ["check", "rules", "\(TestGlance.repository)deploy/prometheus/alerts.yml"]).succeeded()
        try Command(Self.promtool!, ["check", "config", "\(TestGlance.repository)deploy/prometheus/prometheus.yml"]).succeeded()
        try Command(Self.promtool!, ["test", "rules", "\(TestGlance.repository)deploy/prometheus/alerts_test.yml"]).succeeded()
    }
}

@Suite struct `The reference of all metrics` {
    private static let marker = "<!-- glance-manage metrics --format markdown -->\n\n"

    private static func list(_ words: String...) throws -> Command {
        try Command("\(TestGlance.programs)/glance-manage", ["metrics"] + words)
    }

    @Test func `is the end of the page among the documents`() throws {
        let page = try String(contentsOfFile: "\(TestGlance.repository)docs/metrics.md", encoding: .utf8)
        let end = try #require(page.range(of: Self.marker)?.upperBound)
        let written = try Self.list("--format", "markdown").succeeded().text
        #expect(page[end...] == written, "bring it up to date: docs/metrics.md below its marker is glance-manage metrics --format markdown")
    }

    @Test func `has every metric once`() throws {
        let listed = try Self.list("--format", "json").succeeded().json.array?.compactMap { $0["name"]?.string } ?? []
        #expect(Set(listed).count == listed.count)
        #expect(Set(listed) == Set(PromQL.families.map(\.name)))
    }

    @Test func `is searched`() throws {
        let found = try Self.list("store_free", "--format", "json").succeeded().json.array
        #expect(found?.count == 1 && found?.first?["unit"]?.string == "bytes" && found?.first?["type"]?.string == "gauge")
        #expect(try Self.list("vitrine_backlog_old").succeeded().text.hasPrefix("vitrine_backlog_oldest_seconds{queue}\n    gauge: "))
    }

    @Test(arguments: PromQL.families.map(\.name))
    func `has names and sentences as Prometheus wants them`(_ name: String) throws {
        let family = try #require(PromQL.families.first { $0.name == name })
        #expect(name.wholeMatch(of: /(vitrine|openstack_glance)_[a-z_]+/) != nil)
        #expect(family.help.hasSuffix(".") && family.help.first?.isUppercase == true)
        #expect((family.kind == .counter) == name.hasSuffix("_total"))
        for label in family.labels {
            #expect(label.name.wholeMatch(of: /[a-z_]+/) != nil && !["le", "instance", "job"].contains(label.name))
            let isBounded = label.values != nil || ["store", "route", "method", "program", "version"].contains(label.name)
            #expect(isBounded || name.hasPrefix("openstack_"), "the values of \(label.name) have no bound")
        }
    }
}
