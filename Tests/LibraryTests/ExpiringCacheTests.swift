import TestSupport
import Testing
import Threading

@Suite struct `A cache of values with a lifetime` {
    @Test func `keeps a value, and the newer one of two`() {
        let cache = ExpiringCache<String, Int>(seconds: 3600, most: 10)
        #expect(cache["a"] == nil)
        cache.keep(1, for: "a")
        cache.keep(2, for: "b")
        cache.keep(3, for: "a")
        #expect(cache["a"] == 3 && cache["b"] == 2)
    }

    @Test func `keeps that there is no value`() {
        let cache = ExpiringCache<String, Int?>(seconds: 3600, most: 10)
        cache.keep(nil, for: "a")
        #expect(cache["a"] == .some(nil) && cache["b"] == nil)
    }

    /// Each reading uses the value, which does not prolong its life.
    @Test func `lets a value go at the end of its life`() {
        let long = ExpiringCache<String, Int>(seconds: 3600, most: 10)
        long.keep(1, for: "own", life: 0.05)
        long.keep(2, for: "whole")
        #expect(eventually { long["own"] == nil })
        #expect(long["whole"] == 2)

        let short = ExpiringCache<String, Int>(seconds: 0.05, most: 10)
        short.keep(1, for: "a", life: 3600)
        #expect(eventually { short["a"] == nil })
    }

    @Test(arguments: [0, -1.0]) func `keeps nothing without a lifetime`(_ seconds: Double) {
        let cache = ExpiringCache<String, Int>(seconds: seconds, most: 10)
        cache.keep(1, for: "a")
        #expect(cache["a"] == nil)
        let other = ExpiringCache<String, Int>(seconds: 3600, most: 10)
        other.keep(1, for: "a", life: seconds)
        #expect(other["a"] == nil)
    }

    @Test func `keeps no more values than it may, and those that are used`() {
        let cache = ExpiringCache<Int, Int>(seconds: 3600, most: 10)
        cache.keep(-1, for: -1)
        for number in 0..<1000 {
            cache.keep(number, for: number)
            #expect(cache[-1] == -1)
        }
        #expect(cache[999] == 999)
        // Read by no more than once, since reading moves a value.
        #expect(3...10 ~= (-1..<1000).count { cache[$0] != nil })
    }

    /// A value that is kept again takes no further place.
    @Test func `drops no other value for one that it has`() {
        let cache = ExpiringCache<String, Int>(seconds: 3600, most: 2)
        cache.keep(1, for: "a")
        for number in 0..<100 { cache.keep(number, for: "b") }
        #expect(cache["a"] == 1 && cache["b"] == 99)
    }
}
