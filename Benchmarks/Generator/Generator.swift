internal import CPolling
internal import Glibc

/// Sends a mix of requests over many connections from one thread, checks every answer, and prints the figures as JSON.
///
/// Arguments: a port, a token, seconds, a number of connections, a file of images (`Material`), a file with the data of each image that has
/// some, a seed.
@main
enum Generator {
    static func main() {
        let words = CommandLine.arguments
        guard words.count == 8, let port = Int(words[1]), let seconds = Double(words[3]), let count = Int(words[4]),
            let seed = UInt64(words[7])
        else { fatalError("usage: load-generator PORT TOKEN SECONDS CONNECTIONS IMAGES DATA SEED") }
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM] { signal(number) { _ in isInterrupted = 1 } }
        let material = Material(words[5], data: words[6])
        let load = Load(Mix(material, port: port, token: words[2], seed: seed), material, port: UInt16(port), connections: count)
        load.run(seconds: seconds)
        print(load.json)
    }
}

private nonisolated(unsafe) var isInterrupted: sig_atomic_t = 0

/// The connections and the figures.
private final class Load {
    private struct Figures {
        var latencies = Latencies()
        var errors: [String: Int] = [:]
    }

    private struct Connection {
        var descriptor: CInt = -1
        var work: Work?
        var answer = Answer()
        var sent = 0
        /// When the request was begun, in µs.
        var began = 0
        var isWriting = false
    }

    private var mix: Mix
    private let material: Material
    private let port: UInt16
    private let poll = epoll_create1(0)
    private var connections: [Connection]
    private var figures = Dictionary(uniqueKeysWithValues: Kind.allCases.map { ($0, Figures()) })
    private var (answered, failed, reconnected, open) = (0, 0, 0, 0)
    private var samples: [String] = []
    /// Requests that were answered in time, and the seconds that were.
    private var (counted, measured) = (0, 0.0)
    private var isEnding = false
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

    /// The seconds without an answer after which a request counts as failed.
    private static let patience = 60

    init(_ mix: Mix, _ material: Material, port: UInt16, connections count: Int) {
        (self.mix, self.material, self.port) = (mix, material, port)
        connections = Array(repeating: Connection(), count: count)
    }

    deinit { buffer.deallocate() }

    // MARK: the run

    func run(seconds: Double) {
        let start = now()
        let end = start + Int(seconds * 1e6)
        for place in connections.indices { begin(place, after: nil) }
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        var (look, shown) = (start + 1_000_000, 0)
        while open > 0 || !isEnding {
            let count = Int(epoll_wait(poll, &events, CInt(events.count), 200))
            for event in events.prefix(max(0, count)) { handle(Int(event.data.u32), event.events) }
            let moment = now()
            if !isEnding, moment >= end || isInterrupted != 0 {
                (isEnding, counted, measured) = (true, answered, Double(moment - start) / 1e6)
            }
            guard moment >= look else { continue }
            look += 1_000_000
            for place in connections.indices {
                if connections[place].work == nil {
                    begin(place, after: nil)
                } else if moment - connections[place].began > Self.patience * 1_000_000 {
                    fail(place, "no answer")
                }
            }
            if isatty(STDERR_FILENO) != 0 {
                let line = "\((moment - start) / 1_000_000) of \(Int(seconds)) s, \(answered - shown) answers/s, \(failed) failed"
                say("\r\(line)\u{1B}[K")
            }
            shown = answered
        }
        if isatty(STDERR_FILENO) != 0 { say("\r\u{1B}[K") }
    }

    private func say(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) } }

    /// Begins the next request of a connection; at the end only what follows on another one.
    private func begin(_ place: Int, after previous: Work?) {
        guard !isEnding || previous?.image != nil else { return close(place) }
        if connections[place].descriptor < 0, !connect(place) { return fail(place, "no connection") }
        connections[place].work = mix.next(for: place, after: previous)
        connections[place].began = now()
        connections[place].sent = 0
        connections[place].answer.reset()
        write(place)
    }

    private func handle(_ place: Int, _ events: UInt32) {
        if events & EPOLLOUT.rawValue != 0 { write(place) }
        guard events & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0, connections[place].descriptor >= 0 else { return }
        read(place)
    }

    private func write(_ place: Int) {
        guard let request = connections[place].work?.request else { return }
        var sent = connections[place].sent
        while sent < request.count {
            let count = request.withUnsafeBytes { send(connections[place].descriptor, $0.baseAddress! + sent, $0.count - sent, 0) }
            guard count > 0 else {
                // A server that has answered already may read no more.
                if errno != EAGAIN, errno != EPIPE, errno != ECONNRESET { return fail(place, "broken") }
                break
            }
            sent += count
        }
        connections[place].sent = sent
        watch(place, writing: sent < request.count)
    }

    private func read(_ place: Int) {
        while connections[place].descriptor >= 0 {
            let count = recv(connections[place].descriptor, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else {
                if count < 0, errno == EAGAIN || errno == EINTR { return }
                return fail(place, "broken")
            }
            guard let work = connections[place].work else { return fail(place, "an answer without a request") }
            let compared = work.kind == .download ? material.data : nil
            guard connections[place].answer.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), comparing: compared) else {
                return fail(place, "no HTTP")
            }
            if connections[place].answer.isWhole { return finish(place, work) }
            if count < buffer.count { return }
        }
    }

    // MARK: answers

    private func finish(_ place: Int, _ work: Work) {
        let answer = connections[place].answer
        answered += 1
        guard answer.status == work.status else { return fail(place, String(answer.status), answer, isAnswered: true) }
        guard isRight(answer, work) else { return fail(place, "a wrong answer", answer, isAnswered: true) }
        figures[work.kind]!.latencies.add(now() - connections[place].began)
        var done = work
        if work.kind == .create { done.image = image(in: answer.body) }
        if work.kind == .delete { done.image = nil }
        if !answer.isKept { disconnect(place) }
        begin(place, after: done)
    }

    private func isRight(_ answer: Answer, _ work: Work) -> Bool {
        if work.kind == .download { return answer.isSame && answer.same == material.data.count }
        guard work.expected.allSatisfy({ occurrences(of: $0, in: answer.body, atMost: 1) == 1 }) else { return false }
        if let times = work.times, let last = work.expected.last, occurrences(of: last, in: answer.body) != times { return false }
        return work.kind != .create || image(in: answer.body) != nil
    }

    private func image(in body: [UInt8]) -> String? {
        let text = String(decoding: body, as: UTF8.self)
        return text.firstRange(of: "\"id\"").map { text[$0.upperBound...].split(separator: "\"").dropFirst().first.map(String.init) } ?? nil
    }

    private func fail(_ place: Int, _ reason: String, _ answer: Answer? = nil, isAnswered: Bool = false) {
        let work = connections[place].work
        failed += 1
        figures[work?.kind ?? .show]!.errors[reason, default: 0] += 1
        if samples.count < 10, let work, let answer {
            let asked = String(decoding: work.request.prefix { $0 != 13 }, as: UTF8.self)
            let sample = "\(asked): \(answer.status) \(String(decoding: answer.body.prefix(200), as: UTF8.self))"
            if !samples.contains(sample) { samples.append(sample) }
        }
        connections[place].work = nil
        // nginx ends the connection of an upload that it has not read to the end, also where its answer does not say so.
        if !isAnswered || answer?.isKept != true || work?.kind == .upload || connections[place].sent < work?.request.count ?? 0 {
            disconnect(place)
            reconnected += 1
        }
        // Another try is made within a second.
        if reason == "no connection" { return }
        // An image whose upload failed is deleted too.
        begin(place, after: work?.kind == .upload ? work : nil)
    }

    // MARK: connections

    private func connect(_ place: Int) -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        (address.sin_family, address.sin_port, address.sin_addr.s_addr) = (
            sa_family_t(AF_INET), port.bigEndian, UInt32(0x7F00_0001).bigEndian
        )
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        guard code == 0 else {
            Glibc.close(descriptor)
            return false
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var one: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
        connections[place].descriptor = descriptor
        connections[place].isWriting = false
        open += 1
        control(place, EPOLL_CTL_ADD, EPOLLIN.rawValue)
        return true
    }

    private func watch(_ place: Int, writing: Bool) {
        guard connections[place].isWriting != writing else { return }
        connections[place].isWriting = writing
        control(place, EPOLL_CTL_MOD, EPOLLIN.rawValue | (writing ? EPOLLOUT.rawValue : 0))
    }

    private func control(_ place: Int, _ operation: CInt, _ events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.u32 = UInt32(place)
        epoll_ctl(poll, operation, connections[place].descriptor, &event)
    }

    private func disconnect(_ place: Int) {
        guard connections[place].descriptor >= 0 else { return }
        Glibc.close(connections[place].descriptor)
        connections[place].descriptor = -1
        open -= 1
    }

    private func close(_ place: Int) {
        disconnect(place)
        connections[place].work = nil
    }

    private func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    // MARK: figures

    var json: String {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let processor =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        let all = figures.values.reduce(Latencies()) { $0 + $1.latencies }
        let kinds = Kind.allCases.map { "\"\($0.rawValue)\": \(Self.json(figures[$0]!.latencies, figures[$0]!.errors))" }
        return """
            {"seconds": \(measured), "answers": \(counted), "cpu": \(processor), "reconnected": \(reconnected), "memory": \(usage.ru_maxrss),
            "all": \(Self.json(all, [:])), "kinds": {\(kinds.joined(separator: ", "))},
            "samples": [\(samples.map(Self.quoted).joined(separator: ", "))]}
            """
    }

    private static func json(_ latencies: Latencies, _ errors: [String: Int]) -> String {
        let times = [0.5, 0.99, 0.999].map { String(latencies.milliseconds(of: $0)) }.joined(separator: ", ")
        let errors = errors.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \($0.value)" }.joined(separator: ", ")
        return
            #"{"count": \#(latencies.total), "times": [\#(times)], "longest": \#(Double(latencies.longest) / 1000), "errors": {\#(errors)}}"#
    }

    private static func quoted(_ text: String) -> String {
        let safe = text.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0.value < 32 ? " " : String($0) }
        return "\"\(safe.joined())\""
    }
}
