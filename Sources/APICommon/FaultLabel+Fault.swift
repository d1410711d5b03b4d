internal import Domain
internal import ServiceMetrics

extension FaultLabel {
    /// The kind under which a fault is counted.
    init(_ fault: Fault) {
        self =
            switch fault.kind {
            case .invalid: .invalid
            case .unauthenticated: .unauthenticated
            case .forbidden: .forbidden
            case .notFound: .notFound
            case .conflict: .conflict
            case .gone: .gone
            case .changedMeanwhile: .changedMeanwhile
            case .tooLarge: .tooLarge
            case .unsupportedMedia: .unsupportedMedia
            case .tooSlow: .tooSlow
            case .unsatisfiableRange: .unsatisfiableRange
            case .headerTooLarge: .headerTooLarge
            case .unreachable: .unreachable
            case .misanswered: .misanswered
            case .unavailable: fault.isOverload ? .overloaded : .unavailable
            case .unexpected: .unexpected
            }
    }
}
