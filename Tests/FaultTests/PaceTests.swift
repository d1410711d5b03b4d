@testable import Operations
import Testing

@Suite struct `The pace of an upload` {
    @Test(arguments: [0.05, 0.7, 1, 2.5])
    func `is never less than what comes steadily`(_ step: Double) {
        var pace = Pace(over: 55)
        for _ in 0..<Int(300 / step) {
            pace.wait(step)
            pace.add(Int64(1000 * step))
            if pace.seconds >= 55 { #expect(pace.bytes >= 55_000) }
            #expect(pace.bytes <= Int64(1000 * (57 + step)))
        }
        #expect(pace.seconds == 55)
    }

    @Test(arguments: [[57], Array(repeating: 1, count: 57), [1e6]])
    func `forgets what came before the last minute`(_ waits: [Double]) {
        var pace = Pace(over: 55)
        pace.add(1 << 40)
        #expect(pace.bytes == 1 << 40)
        #expect(pace.seconds == 0)
        for seconds in waits { pace.wait(seconds) }
        #expect(pace.bytes == 0)
        #expect(pace.seconds == 55)
        pace.add(3)
        pace.wait(1)
        pace.add(4)
        #expect(pace.bytes == 7)
    }
}
