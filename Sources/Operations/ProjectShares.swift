package import Domain
internal import Threading

/// Limits the concurrent uses of something per project in this process.
package final class ProjectShares: Sendable {
    private let what: String
    private let limit: Int?
    private let held = Monitor<[String: Int]>([:])

    /// - Parameters:
    ///   - what: the name of the uses in messages to clients, for example `uploads`.
    ///   - limit: the largest number per project; nil for any number. Callers without a project share one limit.
    package init(of what: String, limit: Int?) { (self.what, self.limit) = (what, limit) }

    /// Runs a closure as one use.
    ///
    /// - Throws: `.unavailable` at once when the project has reached its limit; and what `body` throws.
    package func withOne<Value>(for project: String?, _ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        guard take(for: project) else {
            throw Fault(.unavailable, "The project has \(limit ?? 0) \(what) under way here already; try again when one is done.")
        }
        defer { release(of: project) }
        return try body()
    }

    /// - Returns: false when the project has reached its limit. Otherwise `release` must follow.
    package func take(for project: String?) -> Bool {
        guard let limit else { return true }
        return held.with { held in
            guard held[project ?? "", default: 0] < limit else { return false }
            held[project ?? "", default: 0] += 1
            return true
        }
    }

    /// Ends a use that `take` has begun.
    package func release(of project: String?) {
        guard limit != nil else { return }
        held.with { held in
            let left = held[project ?? "", default: 1] - 1
            held[project ?? ""] = left == 0 ? nil : left
        }
    }
}
