import Foundation
import ServiceMetrics
import SharedMetrics

/// What an expression of PromQL names: metrics with the labels that its selectors use, and the labels that it groups by.
///
/// It is read by regular expressions, as far as dashboards and alerts of this project go, not by a parser.
struct PromQL {
    /// A metric with the conditions on its labels.
    struct Selector {
        let name: String
        let labels: [(name: String, isEqual: Bool, value: String)]
    }

    private(set) var selectors: [Selector] = []
    private(set) var groupedBy: Set<String> = []

    private static let keywords: Set<String> = ["and", "or", "unless", "bool", "offset", "inf", "nan"]

    init(_ text: String) {
        // Values of labels may hold anything, so each is put aside first.
        var values: [String] = []
        var rest = text.replacing(/"((?:[^"\\]|\\.)*)"/) { match in
            values.append(String(match.1))
            return "\"\(values.count - 1)\""
        }
        rest = rest.replacing(/\[[^\]]*\]/, with: "")
        rest = rest.replacing(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/) { match in
            groupedBy.formUnion(match.1.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
            return " "
        }
        for match in rest.matches(of: /([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{([^}]*)\})?/) {
            let name = String(match.1)
            if match.2 == "(" || Self.keywords.contains(name.lowercased()) || name.hasPrefix("__") { continue }
            let conditions = (match.3 ?? "").matches(of: /([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"([0-9]+)"/)
            selectors.append(
                Selector(
                    name: name,
                    labels: conditions.map { (String($0.1), $0.2 == "=" || $0.2 == "=~", values[Int($0.3)!]) }))
        }
    }

    /// Labels that Prometheus itself adds, and the bounds of buckets.
    private static let added: Set<String> = ["instance", "job"]

    /// What is wrong with the expression; empty if nothing is.
    var mistakes: [String] {
        var mistakes: [String] = []
        var known = Self.added
        for selector in selectors where selector.name != "up" {
            guard let (family, isBucket) = Self.family(of: selector.name) else {
                mistakes.append("there is no metric \(selector.name)")
                continue
            }
            let labels = Set(family.labels.map(\.name)).union(Self.added).union(isBucket ? ["le"] : [])
            known.formUnion(labels)
            for (name, isEqual, value) in selector.labels {
                if !labels.contains(name) { mistakes.append("\(selector.name) has no label \(name)") }
                guard isEqual, let values = family.labels.first(where: { $0.name == name })?.values, !value.contains("$") else { continue }
                for part in value.split(separator: "|") where !values.contains(String(part)) {
                    mistakes.append("the label \(name) of \(selector.name) is never \(part)")
                }
            }
        }
        if selectors.isEmpty { mistakes.append("it names no metric") }
        return mistakes + groupedBy.subtracting(known).map { "no metric of it has the label \($0)" }
    }

    static let families = ServiceMetrics.families + ProcessMetrics.families

    private static func family(of name: String) -> (MetricFamily, isBucket: Bool)? {
        if let family = families.first(where: { $0.name == name }) {
            if case .histogram = family.kind { return nil }
            return (family, false)
        }
        for ending in ["_bucket", "_sum", "_count"] where name.hasSuffix(ending) {
            guard let family = families.first(where: { $0.name == name.dropLast(ending.count) }), case .histogram = family.kind else {
                continue
            }
            return (family, ending == "_bucket")
        }
        return nil
    }
}
