internal import Operations
internal import Threading

/// The threads that send image data in place of the threads that take requests, so that a slow client blocks none of those.
///
/// They are started when they are needed, and stay.
package final class Senders: Sendable {
    typealias Sending = @Sendable () -> Void

    /// The most threads.
    let limit: Int
    private let shares: ProjectShares
    private let state = Monitor(State())

    private struct State {
        var handed: [Sending] = []
        var threads = 0
        /// Threads that have nothing to send.
        var idle = 0
    }

    /// - Parameters:
    ///   - limit: the most threads.
    ///   - share: the most threads that one project may have.
    package init(limit: Int, share: Int) {
        self.limit = limit
        shares = ProjectShares(of: "downloads", limit: share)
    }

    /// Sends something on a thread of its own.
    ///
    /// - Returns: false if all are busy or the project has its share of them; then nothing is sent.
    func send(for project: String?, _ sending: @escaping Sending) -> Bool {
        guard shares.take(for: project) else { return false }
        let counted: Sending = { [shares] in
            sending()
            shares.release(of: project)
        }
        let isNew = state.with { state -> Bool? in
            if state.idle > 0 {
                state.idle -= 1
                state.handed.append(counted)
                return false
            }
            guard state.threads < limit else { return nil }
            state.threads += 1
            return true
        }
        guard let isNew else {
            shares.release(of: project)
            return false
        }
        guard isNew else { return true }
        do throws(ThreadUnavailable) {
            try Thread.start { self.go() }
        } catch {
            state.with { $0.threads -= 1 }
            shares.release(of: project)
            return false
        }
        state.with { $0.handed.append(counted) }
        return true
    }

    private func go() {
        while true {
            sendNext()
            state.with { $0.idle += 1 }
        }
    }

    /// Runs the next sending and releases it: it may keep a file open that was removed and still takes space on a disk.
    private func sendNext() {
        let next = state.wait { $0.handed.isEmpty ? nil : $0.handed.removeFirst() }
        next()
    }
}
