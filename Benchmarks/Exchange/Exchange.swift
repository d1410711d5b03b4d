internal import HTTPClient
internal import Synchronization
internal import Threading

/// Measures an empty exchange over a kept connection: the ceiling of every request that needs the registry.
///
/// Arguments: a URL with an immediate answer (nginx with `return 200`), a number of threads, seconds.
@main
enum Exchange {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let threads = Int(arguments[2]), let seconds = Double(arguments[3]) else {
            fatalError("usage: exchange URL THREADS SECONDS")
        }
        let client = HTTPClient()
        let done = Atomic(0)
        let end = monotonicSeconds() + seconds
        let running = (0..<threads).map { _ in
            try! JoinableThread {
                while monotonicSeconds() < end {
                    do throws(HTTPClientError) {
                        _ = try client.send("GET", arguments[1], longest: 1 << 20)
                        done.add(1, ordering: .relaxed)
                    } catch {
                        fatalError("\(error)")
                    }
                }
            }
        }
        for thread in running { thread.join() }
        print("\(Int(Double(done.load(ordering: .relaxed)) / seconds)) exchanges/s with \(threads) threads")
    }
}
