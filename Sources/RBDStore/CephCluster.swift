internal import Glibc
internal import Synchronization
internal import Threading

/// A Ceph cluster, with the one connection that the stores of a process share. The connection is made when it is first needed, and made
/// again when the cluster has fenced it or a call on it did not come back.
package final class CephCluster: Sendable {
    /// How to find the cluster and who asks it.
    package struct Settings: Hashable, Sendable {
        /// The path of the configuration; nil for Ceph's own places.
        package var file: String?
        /// The user without `client.`; nil for Ceph's default.
        package var user: String?
        /// Seconds until a monitor or an OSD that does not answer is given up. librados itself waits for ever.
        package var patience: Double

        /// Makes settings.
        package init(file: String? = nil, user: String? = nil, patience: Double = 10) {
            (self.file, self.user, self.patience) = (file, user, patience)
        }
    }

    let settings: Settings
    let library: CephLibrary
    /// The writers of this process, by pool and name of their unfinished images.
    let writers = RBDWriters()
    /// The pools of the process's stores, those of other clusters included.
    let pools: RBDPools
    private let state = Monitor(State())

    private struct State {
        var connection: CephConnection?
        var isConnecting = false
        /// The last attempt's error, thrown until the time of the monotonic clock: so that a cluster that is away holds few threads.
        var refusal: (error: CephError, until: Double)?
    }

    /// Seconds for which a failed attempt to connect counts.
    private static let pause = 2.0

    /// Makes a cluster; nothing is asked of it.
    init(_ settings: Settings, _ library: CephLibrary, _ pools: RBDPools) {
        (self.settings, self.library, self.pools) = (settings, library, pools)
    }

    /// The connection. Threads that need it while another one makes it wait for that one.
    func connection() throws(CephError) -> CephConnection {
        let turn: Result<CephConnection?, CephError>? = state.wait(atMost: 3 * settings.patience + 1) { state in
            if let connection = state.connection { return .success(connection) }
            if state.isConnecting { return nil }
            if let refusal = state.refusal, refusal.until > monotonicSeconds() { return .failure(refusal.error) }
            state.isConnecting = true
            return .success(nil)
        }
        guard let turn else { throw CephError(code: ETIMEDOUT, doing: "waiting for a connection to the cluster") }
        if let connection = try turn.get() { return connection }
        let made: Result<CephConnection, CephError>
        do throws(CephError) {
            let connecting: Settings = settings
            let library = library
            made = .success(
                try Self.bounded(2 * settings.patience + 1, "connecting to the cluster") { () throws(CephError) in
                    try CephConnection(connecting, library)
                })
        } catch {
            made = .failure(error)
        }
        state.with { state in
            state.isConnecting = false
            switch made {
            case .success(let connection): (state.connection, state.refusal) = (connection, nil)
            case .failure(let error): state.refusal = (error, monotonicSeconds() + Self.pause)
            }
        }
        return try made.get()
    }

    /// Gives a connection up; those who still use it keep it.
    func lose(_ connection: CephConnection) {
        state.with { state in
            if state.connection === connection { state.connection = nil }
        }
    }

    /// The cluster's id: as the connection tells it, before there is one as the configuration file does; nil where neither does.
    var knownID: String? { state.with { $0.connection?.id } ?? configuredID }

    /// The cluster's id as the configuration file tells it; nil where it does not.
    var configuredID: String? {
        readID.withLock { read in
            if let read { return read.id }
            let id = CephConnection.configuredID(settings, library)
            read = (id: id, ())
            return id
        }
    }
    private let readID = Mutex<(id: String?, Void)?>(nil)

    /// Runs calls on the connection, on a thread of their own, since librbd may wait for longer than librados' limits.
    ///
    /// - Parameters:
    ///   - times: how often the patience may be used up.
    ///   - progress: as long as it advances, the limit begins anew.
    /// - Throws: ETIMEDOUT when the calls do not come back in time. They may still be carried out.
    func run<Value: Sendable>(
        _ doing: String, on connection: CephConnection, patiences times: Double = 3, progress: CallProgress? = nil,
        _ body: @escaping @Sendable () throws(CephError) -> Value
    ) throws(CephError) -> Value {
        do throws(CephError) {
            return try Self.bounded(times * settings.patience + 1, doing, progress: progress, body)
        } catch {
            if error.isOfConnection || error.doing == Self.lateness(doing) { lose(connection) }
            throw error
        }
    }

    private static func lateness(_ doing: String) -> String { "\(doing), which did not come back" }

    private static func bounded<Value: Sendable>(
        _ seconds: Double, _ doing: String, progress: CallProgress? = nil, _ body: @escaping @Sendable () throws(CephError) -> Value
    ) throws(CephError) -> Value {
        let answer = Monitor<Result<Value, CephError>?>(nil)
        do throws(ThreadUnavailable) {
            try Thread.start {
                let result: Result<Value, CephError>
                do throws(CephError) { result = .success(try body()) } catch { result = .failure(error) }
                answer.with { $0 = result }
            }
        } catch {
            throw CephError(code: error.code, doing: doing)
        }
        var seen = progress?.steps ?? 0
        while true {
            if let result = answer.wait(atMost: seconds, for: { $0 }) { return try result.get() }
            let steps = progress?.steps ?? 0
            guard steps != seen else { throw CephError(code: ETIMEDOUT, doing: lateness(doing)) }
            seen = steps
        }
    }
}

/// The steps that a long call has made.
final class CallProgress: Sendable {
    private let count = Atomic<Int>(0)
    var steps: Int { count.load(ordering: .relaxed) }
    func step() { count.wrappingAdd(1, ordering: .relaxed) }
}

/// The clusters of a process, one for each kind of settings.
package final class CephClusters: Sendable {
    private let known = Mutex<[CephCluster.Settings: CephCluster]>([:])
    private let pools = RBDPools()

    /// Makes a set without clusters.
    package init() {}

    /// The cluster with these settings.
    ///
    /// - Parameter isForCopies: whether the process copies images; see `CephLibrary.keepSmallBlocksApart`.
    package func cluster(_ settings: CephCluster.Settings, isForCopies: Bool = false) throws(CephLibraryMissing) -> CephCluster {
        let library = try CephLibrary.load()
        if isForCopies { library.keepSmallBlocksApart() }
        return known.withLock { known in
            if let cluster = known[settings] { return cluster }
            let cluster = CephCluster(settings, library, pools)
            known[settings] = cluster
            return cluster
        }
    }
}
