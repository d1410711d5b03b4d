package import Domain
package import Logging
internal import Threading

/// Checks whether the parts that the service depends on work, without loading them by frequent requests.
///
/// Each probe has its own thread and runs once at a time. A result is valid for some seconds. When a result is too old, one request
/// starts the probe and waits at most 2 s for the new result; the others get the previous result at once.
package final class HealthChecks: Sendable {
    /// The result of one probe.
    struct Finding: Sendable {
        let name: String
        let isWell: Bool
        /// How long the probe took, or has been running.
        let seconds: Double
        /// `OK`, or what is wrong.
        let reason: String
    }

    private let watches: [Watch]

    package init(_ probes: [any HealthProbe], logger: Logger) { watches = probes.map { Watch($0, logger) } }

    /// The results, in the order of the probes.
    func findings() -> [Finding] {
        let began = watches.map { $0.begin() }
        return zip(watches, began).map { $0.finding(isAsker: $1) }
    }
}

private final class Watch: Sendable {
    private let probe: any HealthProbe
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        /// When the running probe was started; nil if none is running.
        var askedAt: Double?
        var last: HealthChecks.Finding?
        var lastAt = 0.0
        var hasThread = false
    }

    /// Seconds that a result is valid, if the part works and if it does not.
    private static let goodFor = (well: 5.0, ill: 1.0)
    /// Seconds that a request waits for a probe.
    private static let patience = 2.0

    init(_ probe: any HealthProbe, _ logger: Logger) { (self.probe, self.logger) = (probe, logger) }

    /// Starts the probe, unless it is running or the last result is still valid.
    ///
    /// - Returns: whether this call started the probe.
    func begin() -> Bool {
        let now = monotonicSeconds()
        let (begins, needsThread) = state.with { state in
            if state.askedAt != nil { return (false, false) }
            if let last = state.last, now - state.lastAt < (last.isWell ? Self.goodFor.well : Self.goodFor.ill) { return (false, false) }
            state.askedAt = now
            defer { state.hasThread = true }
            return (true, !state.hasThread)
        }
        guard needsThread else { return begins }
        do throws(ThreadUnavailable) {
            try Thread.start { self.ask() }
        } catch {
            let finding = HealthChecks.Finding(name: probe.healthName, isWell: false, seconds: 0, reason: "The check cannot run: \(error).")
            state.with { ($0.askedAt, $0.last, $0.lastAt, $0.hasThread) = (nil, finding, now, false) }
        }
        return begins
    }

    /// The current result. A call that started the probe waits for the new result; other calls wait only if there is no result yet.
    ///
    /// - Parameter isAsker: whether this call started the probe.
    func finding(isAsker: Bool) -> HealthChecks.Finding {
        let now = monotonicSeconds()
        guard let askedAt = state.with({ $0.askedAt }) else { return state.with { $0.last } ?? silence(0) }
        let found = state.wait(atMost: max(0, askedAt + Self.patience - now)) { state -> HealthChecks.Finding? in
            if let askedAt = state.askedAt, isAsker || state.last == nil || now - askedAt >= Self.patience { return nil }
            return state.last
        }
        return found ?? silence(monotonicSeconds() - askedAt)
    }

    private func silence(_ seconds: Double) -> HealthChecks.Finding {
        HealthChecks.Finding(name: probe.healthName, isWell: false, seconds: seconds, reason: "There is no answer yet.")
    }

    /// The loop of the probe's thread.
    private func ask() {
        while true {
            let askedAt = state.wait { $0.askedAt }
            var failure: Fault?
            do throws(Fault) {
                try probe.checkHealth()
            } catch {
                failure = error
            }
            let now = monotonicSeconds()
            let finding = HealthChecks.Finding(
                name: probe.healthName, isWell: failure == nil, seconds: now - askedAt, reason: failure?.message ?? "OK")
            let wasWell = state.with { state in
                let wasWell = state.last?.isWell ?? true
                (state.askedAt, state.last, state.lastAt) = (nil, finding, now)
                return wasWell
            }
            if let failure, wasWell { logger.error("\(probe.healthName) is not well: \(failure)") }
            if failure == nil, !wasWell { logger.info("\(probe.healthName) is well again") }
        }
    }
}
