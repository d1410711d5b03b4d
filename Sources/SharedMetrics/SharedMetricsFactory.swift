package import CoreMetrics
package import ServiceMetrics
internal import Synchronization

/// Makes the metrics of swift-metrics as cells of a file that other processes read.
///
/// It makes those of declared families alone: what nobody declared has neither help nor bounds of its labels, and counts nothing.
package final class SharedMetricsFactory: MetricFamilyKeeper {
    private let file: MetricsFile
    private let state: Mutex<State>
    private let report: @Sendable (String) -> Void

    private struct State {
        var families: [String: (place: Int, family: MetricFamily)] = [:]
        var series: [SeriesKey: Cells] = [:]
        var isFull = false
    }

    private struct SeriesKey: Hashable {
        let name: String
        let labels: [String]
    }

    /// - Parameters:
    ///   - folder: an existing folder that this user may write.
    ///   - program: the name under which the process is counted.
    ///   - report: gets a sentence for the operator.
    package init(folder: String, program: String, release: String, report: @escaping @Sendable (String) -> Void) throws(MetricsError) {
        file = try MetricsFile(in: folder, program: program, release: release)
        state = Mutex(State())
        self.report = report
    }

    /// Has all metrics of this process be made by this factory; once a process, before the first metric is used.
    package func install() { MetricsSystem.bootstrap(self) }

    package func keep(_ family: MetricFamily) {
        let trouble = state.withLock { state -> String? in
            guard state.families[family.name] == nil else { return nil }
            guard family.isWritable, state.families.count < Layout.Limit.families else {
                return "the metric \(family.name) has a name or labels that cannot be shown, and is not counted"
            }
            guard file.add(Layout.record(family)) else { return full(&state) }
            state.families[family.name] = (state.families.count, family)
            return nil
        }
        if let trouble { report(trouble) }
    }

    private func full(_ state: inout State) -> String? {
        defer { state.isFull = true }
        return state.isFull ? nil : "\(file.path) is full; further metrics of this process are not counted"
    }

    /// The cells of a series; nil where its family is not declared, is of another kind, or the file is full.
    private func cells(_ name: String, _ dimensions: [(String, String)], of isRight: (MetricFamily.Kind) -> Bool) -> (Cells, MetricFamily)?
    {
        let (found, trouble) = state.withLock { state -> ((Cells, MetricFamily)?, String?) in
            guard let (place, family) = state.families[name], isRight(family.kind) else { return (nil, nil) }
            let labels = family.labels.map { label in Self.shown(dimensions.first { $0.0 == label.name }?.1 ?? "") }
            let key = SeriesKey(name: name, labels: labels)
            if let cells = state.series[key] { return ((cells, family), nil) }
            var initial: Int64 = 0
            if case .gauge = family.kind { initial = Layout.unset }
            guard state.series.count < Layout.Limit.series,
                let cells = file.addSeries(of: place, labels, cells: family.cells, from: initial)
            else { return (nil, full(&state)) }
            state.series[key] = cells
            return ((cells, family), nil)
        }
        if let trouble { report(trouble) }
        return found
    }

    /// The beginning of a label's value that a file holds.
    private static func shown(_ text: String) -> String {
        guard text.utf8.count > Layout.Limit.text else { return text }
        var shown = text.prefix(Layout.Limit.text)
        while shown.utf8.count > Layout.Limit.text { shown.removeLast() }
        return String(shown)
    }

    // MARK: swift-metrics

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        guard let (cells, _) = cells(label, dimensions, of: { $0 == .counter }) else { return NOOPMetricsHandler.instance }
        return SharedCounter(cells)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        func isMeter(_ kind: MetricFamily.Kind) -> Bool {
            if case .gauge = kind { return true }
            return kind == .level
        }
        guard let (cells, family) = cells(label, dimensions, of: isMeter) else { return NOOPMetricsHandler.instance }
        return SharedMeter(cells, scale: family.scale, isLevel: family.kind == .level)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard let histogram = makeHistogram(label, dimensions) else { return NOOPMetricsHandler.instance }
        return histogram
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        guard let histogram = makeHistogram(label, dimensions) else { return NOOPMetricsHandler.instance }
        return histogram
    }

    private func makeHistogram(_ label: String, _ dimensions: [(String, String)]) -> SharedHistogram? {
        func isHistogram(_ kind: MetricFamily.Kind) -> Bool { if case .histogram = kind { true } else { false } }
        guard let (cells, family) = cells(label, dimensions, of: isHistogram), case .histogram(let bounds) = family.kind else { return nil }
        return SharedHistogram(cells, bounds: bounds, scale: family.scale)
    }

    // The cells stay: what was counted was counted.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
