/// Is told of what happens in a pool, for figures of it. Calls come from all threads that use the pool, and never under its lock.
package protocol PoolObserver: Sendable {
    /// Connections were lent, or came back if the number is negative.
    func lent(_ count: Int)

    /// Connections became idle, or are idle no longer if the number is negative.
    func idle(_ count: Int)

    /// A thread found no connection and waited, whether it got one or not.
    func waited(seconds: Double)

    /// A call failed.
    func failed(_ kind: MariaDBError.Kind)
}

/// The observer of pools that nobody watches.
package struct NoPoolObserver: PoolObserver {
    /// Makes an observer.
    package init() {}
    /// Does nothing.
    package func lent(_ count: Int) {}
    /// Does nothing.
    package func idle(_ count: Int) {}
    /// Does nothing.
    package func waited(seconds: Double) {}
    /// Does nothing.
    package func failed(_ kind: MariaDBError.Kind) {}
}
