import Testing
import Threading

@Suite struct `Work that threads ask for at the same time` {
    private struct Refused: Error, Equatable { let number: Int }

    @Test func `is done once for a key, if its result is kept`() throws {
        let (flights, cache) = (SingleFlight<Int, Int, Never>(), ExpiringCache<Int, Int>(seconds: 3600, most: 100))
        let (done, results) = (Monitor([Int: Int]()), Monitor([Int]()))
        for thread in 0..<24 {
            try Thread.start {
                let key = thread % 3
                let value = flights.run(key) {
                    if let value = cache[key] { return value }
                    done.with { $0[key, default: 0] += 1 }
                    cache.keep(10 * key, for: key)
                    return 10 * key
                }
                results.with { $0.append(value) }
            }
        }
        let found = results.wait { $0.count == 24 ? $0.sorted() : nil }
        #expect(found == [0, 10, 20].flatMap { Array(repeating: $0, count: 8) })
        #expect(done.with { $0 } == [0: 1, 1: 1, 2: 1])
    }

    /// The second waits for the first, or does the work itself: both get the failure of the work that was done for them.
    @Test func `fails for all that asked, and is done again for the next`() throws {
        let flights = SingleFlight<String, Int, Refused>()
        let (begun, failures) = (Monitor(0), Monitor([Refused]()))
        for _ in 0..<8 {
            try Thread.start {
                do throws(Refused) {
                    _ = try flights.run("key") { () throws(Refused) in
                        let number = begun.with { count in
                            count += 1
                            return count
                        }
                        throw Refused(number: number)
                    }
                } catch {
                    failures.with { $0.append(error) }
                }
            }
        }
        let found = failures.wait { $0.count == 8 ? $0.map(\.number) : nil }
        #expect(Set(found) == Set(1...begun.with { $0 }))
        #expect(try flights.run("key") { () throws(Refused) in 5 } == 5)
    }
}
