internal import Domain
internal import ServiceMetrics
internal import Threading

/// Counts the operations of one store.
final class StoreMeter: Sendable {
    private let name: StoreName
    private let ends: [StoreOperationLabel: [StoreEndLabel: CounterSeries]]
    private let durations: [StoreOperationLabel: DurationSeries]
    private let written: CounterSeries

    /// Makes a meter.
    ///
    /// - Parameter name: the store's name in the configuration, or its type where it has none.
    init(_ name: String) {
        let name = StoreName(name)
        self.name = name
        // All are made here, so that an operation takes no lock.
        ends = Dictionary(
            uniqueKeysWithValues: StoreOperationLabel.allCases.map { operation in
                let series = StoreEndLabel.allCases.map { ($0, ServiceMetrics.stores.operations[StoreOperation(name, operation, $0)]) }
                return (operation, Dictionary(uniqueKeysWithValues: series))
            })
        durations = Dictionary(
            uniqueKeysWithValues: StoreOperationLabel.allCases.map { ($0, ServiceMetrics.stores.durations[Labels2(name, $0)]) })
        written = ServiceMetrics.stores.written[Labels1(name)]
    }

    /// Makes a call, and counts how it ended and how long it took.
    func count<Value>(_ operation: StoreOperationLabel, _ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        let began = monotonicSeconds()
        do throws(Fault) {
            let value = try body()
            note(operation, .ok, since: began)
            return value
        } catch {
            note(operation, StoreEndLabel(error), since: began)
            throw error
        }
    }

    func note(_ operation: StoreOperationLabel, _ end: StoreEndLabel, since began: Double) {
        ends[operation]?[end]?.add()
        // A call that was refused has not reached the store.
        if end != .refused { durations[operation]?.record(seconds: monotonicSeconds() - began) }
    }

    func noteWritten(_ bytes: Int) { written.add(Int64(bytes)) }
}

extension StoreEndLabel {
    fileprivate init(_ fault: Fault) {
        self =
            switch fault.kind {
            case .notFound: .missing
            case .tooLarge: .full
            case _ where fault.isOverload: .refused
            default: .failed
            }
    }
}
