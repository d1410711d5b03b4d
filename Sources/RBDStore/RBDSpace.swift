package import Domain
internal import JSONDocument
internal import Glibc
internal import Numbers

extension RBDPool {
    /// What the pool may still take, and all that it has and may take: as the cluster reckons it from the copies that it keeps, its fullest
    /// OSD and the pool's quota.
    func space() throws(CephError) -> StoreSpace {
        let (left, quotaLeft, stored) = try room()
        let free = min(left, quotaLeft ?? left)
        return StoreSpace(free: free, size: stored.addingClamped(free))
    }

    /// Bytes that the cluster has for the pool, that are left of the pool's quota (nil without one), and that the pool has stored.
    private func room() throws(CephError) -> (left: Int64, quotaLeft: Int64?, stored: Int64) {
        let answer = try connection.askMonitors(#"{"prefix": "df", "detail": "detail", "format": "json"}"#)
        guard let document = try? JSON(parsing: answer),
            let pools = document.object?["pools"]?.array,
            let stats = pools.lazy.compactMap(\.object).first(where: { $0["name"]?.string == name })?["stats"]?.object,
            let left = stats.number("max_avail"), let stored = stats.number("stored")
        else { throw CephError(code: EBADMSG, doing: "asking for the pool's space") }
        let quota = stats.number("quota_bytes").flatMap { $0 > 0 ? $0 : nil }
        return (left, quota.map { max(0, $0 - stored) }, stored)
    }

    /// Whether the cluster takes no more data of the pool: its OSDs are full, or its quota is reached. No space is also what it tells while
    /// no OSD is there.
    func isFull() throws(CephError) -> Bool {
        let answer = try connection.askMonitors(#"{"prefix": "osd pool ls", "detail": "detail", "format": "json"}"#)
        guard let pools = (try? JSON(parsing: answer))?.array,
            let flags = pools.lazy.compactMap(\.object).first(where: { $0["pool_name"]?.string == name })?["flags_names"]?.string
        else { throw CephError(code: EBADMSG, doing: "asking for the pool's state") }
        return flags.split(separator: ",").contains("full")
    }

    /// Whether a number of bytes is more than the pool can take; not where that cannot be told.
    ///
    /// A quota counts as soon as it is reached: the cluster says that the pool is full some seconds later.
    func isTooLarge(_ size: Int64) throws(CephError) -> Bool {
        let (left, quotaLeft, _) = try room()
        if let quotaLeft, size > quotaLeft { return true }
        guard size > left, left <= 0 else { return size > left }
        return try isFull()
    }
}

extension JSONObject {
    fileprivate func number(_ key: String) -> Int64? {
        guard case .int(let value)? = self[key], value >= 0 else { return nil }
        return value
    }
}

extension RBDStore: MeasuredStore {
    package func space() throws(Fault) -> StoreSpace {
        try faults.telling { () throws(CephError) in
            let pool = try pool()
            return try pool.run("asking for the pool's space") { () throws(CephError) in try pool.space() }
        }
    }
}

extension RBDStore: HealthProbe {
    package var healthName: String { "store \(faults.store)" }

    /// Asks an OSD of the pool for one object, and then whether this service may write.
    package func checkHealth() throws(Fault) {
        let pool = try faults.telling { () throws(CephError) in
            let pool = try self.pool()
            try pool.run("asking the pool", patiences: 1) { () throws(CephError) in try pool.touch() }
            return pool
        }
        do throws(CephError) {
            try pool.run("asking for the right to write", patiences: 1) { () throws(CephError) in try pool.checkWritable() }
        } catch {
            throw error.code == EPERM
                ? Fault(.unavailable, "The image store '\(faults.store)' gives this service no right to write.", cause: error)
                : faults.fault(error)
        }
    }
}
