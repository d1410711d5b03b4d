package import Domain
internal import Threading

/// How many of some kind of thing each project has under way at once in this process, and how many it may have.
package final class ProjectShares: Sendable {
    private let what: String
    private let limit: Int?
    private let held = Monitor<[String: Int]>([:])

    /// - Parameters:
    ///   - what: uploads, for example; clients read it.
    ///   - limit: of each project; nil for any number. Who has no project shares that of all such.
    package init(of what: String, limit: Int?) { (self.what, self.limit) = (what, limit) }

    /// Does one more, unless the project has as many as it may.
    ///
    /// - Throws: `.unavailable` then, at once; and what `body` throws.
    package func withOne<Value>(for project: String?, _ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        guard take(for: project) else {
            throw Fault(.unavailable, "The project has \(limit ?? 0) \(what) under way here already; try again when one is done.")
        }
        defer { release(of: project) }
        return try body()
    }

    /// - Returns: false where the project has as many as it may. Else it is given back later.
    package func take(for project: String?) -> Bool {
        guard let limit else { return true }
        return held.with { held in
            guard held[project ?? "", default: 0] < limit else { return false }
            held[project ?? "", default: 0] += 1
            return true
        }
    }

    package func release(of project: String?) {
        guard limit != nil else { return }
        held.with { held in
            let left = held[project ?? "", default: 1] - 1
            held[project ?? ""] = left == 0 ? nil : left
        }
    }
}
