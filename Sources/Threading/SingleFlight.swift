/// Does a piece of work once for all threads that ask for it at the same time: the first does it, the others wait for its result.
package final class SingleFlight<Key: Hashable & Sendable, Value: Sendable, Failure: Error>: Sendable {
    private let flights = Monitor<[Key: Flight]>([:])

    private final class Flight: Sendable {
        let outcome = Monitor<Result<Value, Failure>?>(nil)
    }

    package init() {}

    /// - Parameter body: runs on the first thread. A thread that asks after it has returned starts it again, so `body` should first check
    ///   whether the work has been done meanwhile.
    /// - Throws: what `body` throws, on all threads that waited for it.
    package func run(_ key: Key, _ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        let (flight, isFirst) = flights.with { flights -> (Flight, Bool) in
            if let flight = flights[key] { return (flight, false) }
            let flight = Flight()
            flights[key] = flight
            return (flight, true)
        }
        guard isFirst else { return try flight.outcome.wait { $0 }.get() }
        let result = Result(catching: body)
        _ = flights.with { $0.removeValue(forKey: key) }
        flight.outcome.with { $0 = result }
        return try result.get()
    }
}
