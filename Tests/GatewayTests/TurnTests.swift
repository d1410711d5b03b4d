import Foundation
import TestSupport
import Testing
import Threading

/// What waits while every thread is busy.
@Suite struct `Requests that wait for a thread` {
    /// nginx sends the reading requests over kept connections, and the others over new ones.
    @Test func `have their turn while others come over kept connections`() throws {
        let glance = try TestGlance(["vitrine": "metadata_threads = 1"], workers: 1)
        let id = try glance.hasImage()
        let (shows, isDone) = (Monitor(0), Monitor(false))
        let most = 3000
        Thread.detachNewThread {
            guard let reader = try? HTTPConnection(port: glance.port) else { return }
            for _ in 0..<most where !isDone.with({ $0 }) {
                guard (try? reader.send("GET /v2/images/\(id) HTTP/1.1\r\nHost: x\r\nX-Auth-Token: alice\r\n\r\n")) != nil,
                    (try? reader.receive())?.status == 200
                else { break }
                shows.with { $0 += 1 }
            }
        }
        shows.wait { $0 >= 20 ? () : nil }
        let before = shows.with { $0 }
        for number in 0..<5 { #expect(try glance.send("PUT", "/v2/images/\(id)/tags/t\(number)").status == 204) }
        let meanwhile = shows.with { $0 } - before
        isDone.with { $0 = true }
        // One answer to the reader for each of the five, if it asks as fast as it can; more where the test was not run for a moment.
        #expect(meanwhile < most / 4 && before + meanwhile < most)
    }
}
