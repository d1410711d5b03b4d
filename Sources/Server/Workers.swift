package import APICommon
internal import CLinux
internal import Domain
package import FastCGI
internal import Glibc
internal import HTTP
internal import Logging
package import OsloLog
package import ServiceMetrics
internal import Synchronization
package import Threading

/// The threads of a process that serve requests, one at a time each, until the process is told to end.
package final class Workers: Ending {
    private let api: API
    private let log: OsloLog
    private let accessName: String
    private let logger: Logger
    private let senders: Senders?
    private let isEnding = Atomic(false)
    private let running = Monitor(0)
    private let troubles: SparingLog
    private let requestMeters: RequestMeters
    private let downloads = PoolMeters(.downloads)

    /// The metrics of one pool of threads.
    private struct PoolMeters {
        let inFlight: LevelSeries
        let received, sent: CounterSeries

        init(_ pool: PoolLabel) {
            let http = ServiceMetrics.http
            (inFlight, received, sent) = (http.inFlight[Labels1(pool)], http.received[Labels1(pool)], http.sent[Labels1(pool)])
        }
    }

    /// - Parameters:
    ///   - name: the logger of what happens.
    ///   - accessName: the logger of each request.
    ///   - senders: the threads that send image data; nil if the serving threads send all.
    package init(api: API, log: OsloLog, name: String = "glance.api", accessName: String = "glance.access", senders: Senders? = nil) {
        self.api = api
        self.log = log
        self.senders = senders
        self.accessName = accessName
        logger = log.logger(name)
        troubles = SparingLog(logger)
        requestMeters = RequestMeters(of: api)
        if let senders { ServiceMetrics.http.threads.rise(.downloads, by: Int64(senders.limit)) }
    }

    /// Starts threads that take requests from one socket.
    ///
    /// - Parameter pool: under which their requests are counted.
    /// - Throws: when the system does not start them.
    package func start(_ count: Int, on listener: Listener, pool: PoolLabel) throws(ThreadUnavailable) {
        running.with { $0 += count }
        ServiceMetrics.http.threads.rise(pool, by: Int64(count))
        for _ in 0..<count {
            try Thread.start {
                self.serve(listener, PoolMeters(pool))
                self.running.with { $0 -= 1 }
            }
        }
    }

    /// Takes no further requests; those that run are finished.
    package func end() { isEnding.store(true, ordering: .relaxed) }

    package func hasEnded(within seconds: Double) -> Bool { running.wait(atMost: seconds) { $0 == 0 ? () : nil } != nil }

    /// Serves the one request of a CGI process.
    package func serveOnce(_ exchange: Exchange) { _ = answer(exchange, PoolMeters(.data)) }

    /// Bytes of an answer from which on the memory that it took is given back to the system.
    private static let large: Int64 = 1 << 20

    private func serve(_ listener: Listener, _ meters: PoolMeters) {
        do {
            var exchange = try Exchange(listeningOn: listener)
            while !isEnding.load(ordering: .relaxed) {
                do {
                    guard try exchange.accept() else { continue }
                } catch {
                    troubles.report("no request can be taken: \(error)")
                    usleep(100_000)
                    continue
                }
                meters.inFlight.rise()
                defer { meters.inFlight.fall() }
                guard !exchange.isToBeRefused else {
                    refuse(exchange, meters)
                    continue
                }
                guard let sent = answer(exchange, meters) else {
                    exchange = try Exchange(listeningOn: listener)
                    continue
                }
                // The memory of a long list is free by now; the C library would keep it.
                if sent > Self.large { malloc_trim(0) }
            }
        } catch {
            logger.critical("a thread cannot take requests: \(error)")
        }
    }

    /// Refuses a request without any work, since the process has no file descriptors for it.
    private func refuse(_ exchange: Exchange, _ meters: PoolMeters) {
        troubles.report("no file descriptor is left (LimitNOFILE, ulimit -n); requests are refused until some are free again")
        let began = monotonicSeconds()
        guard let request = Gateway.request(of: exchange, meter: meters.received) else { return exchange.finish() }
        let answer = api.refuse(request, for: Fault(.unavailable, "The service is overloaded. Try again in a moment."))
        let sent = try? Gateway.send(answer.response, to: exchange, isHead: request.method == .HEAD, meter: meters.sent)
        exchange.finish()
        let seconds = monotonicSeconds() - began
        requestMeters.record(request.method, answer.route, status: answer.response.status.code, seconds: seconds)
        logAccess(request, answer, sent: sent ?? 0, milliseconds: Int64(seconds * 1000))
    }

    /// Answers the request of an exchange.
    ///
    /// - Returns: bytes that were written, or `Int64.max` if the answer broke off; nil if another thread has taken the exchange.
    private func answer(_ exchange: Exchange, _ meters: PoolMeters) -> Int64? {
        let began = monotonicSeconds()
        guard let request = Gateway.request(of: exchange, meter: meters.received) else {
            logger.warning("what came is no request")
            _ = try? Gateway.send(Response(.badRequest), to: exchange, isHead: false, meter: meters.sent)
            exchange.finish()
            return 0
        }
        var answer = api.answer(request)
        if let states = request.failedFetch { logFailedFetch(states, answer) }
        if let senders, case .stream = answer.response.body, request.method != .HEAD {
            if handOver(Pending(exchange: exchange, request: request, answer: answer, began: began), to: senders) { return nil }
            api.refuse(request, &answer, for: Fault(.unavailable, "Too many downloads are under way here; try again when one is done."))
        }
        return send(Pending(exchange: exchange, request: request, answer: answer, began: began), meters, keepsConnection: true)
    }

    /// Logs that nginx has sent a request again because it could not fetch the data from a store's server.
    private func logFailedFetch(_ states: String, _ answer: API.Answer) {
        Trace.$current.withValue(answer.trace) {
            let end =
                if case .stream = answer.response.body { "this process sends it" } else { "the answer is \(answer.response.status.code)" }
            logger.error("nginx could not fetch image data from a store's server (the states it got: \(states.prefix(80))); \(end)")
        }
    }

    /// An answer that is still to be sent. One thread has it at a time.
    private struct Pending: @unchecked Sendable {
        let exchange: Exchange
        let request: Request
        var answer: API.Answer
        let began: Double
    }

    private func handOver(_ pending: Pending, to senders: Senders) -> Bool {
        running.with { $0 += 1 }
        let isTaken = senders.send(for: pending.answer.caller?.project) { [downloads] in
            downloads.inFlight.rise()
            // This thread does not wait for the next request on the connection.
            _ = self.send(pending, downloads, keepsConnection: false)
            downloads.inFlight.fall()
            self.running.with { $0 -= 1 }
        }
        if !isTaken { running.with { $0 -= 1 } }
        return isTaken
    }

    /// Sends an answer and logs it.
    ///
    /// - Returns: bytes that were written, or `Int64.max` if the answer broke off.
    private func send(_ pending: Pending, _ meters: PoolMeters, keepsConnection: Bool) -> Int64 {
        var pending = pending
        let (exchange, request) = (pending.exchange, pending.request)
        var sent: Int64 = 0
        var (isWhole, brokenAfter) = (true, Int64(0))
        // A list is read while it is sent.
        Trace.$current.withValue(pending.answer.trace) {
            do throws(Gateway.Broken) {
                sent = try deliver(&pending, meters)
                exchange.finish(keepsConnection: keepsConnection)
            } catch {
                Gateway.end(
                    exchange, brokenBy: error.reason, pending.answer.response.body, keepsConnection: keepsConnection, logger)
                (isWhole, brokenAfter) = (false, error.sent)
            }
        }
        let seconds = monotonicSeconds() - pending.began
        requestMeters.record(request.method, pending.answer.route, status: pending.answer.response.status.code, seconds: seconds)
        TransferMeters.record(
            request, pending.answer, received: (request.body as? RequestBody)?.received ?? 0, sent: isWhole ? sent : brokenAfter,
            isWhole: isWhole, seconds: seconds)
        logAccess(request, pending.answer, sent: sent, milliseconds: Int64(seconds * 1000))
        return isWhole ? sent : .max
    }

    /// Sends an answer. If its body fails before anything was sent, a refusal is sent in its place.
    private func deliver(_ pending: inout Pending, _ meters: PoolMeters) throws(Gateway.Broken) -> Int64 {
        let isHead = pending.request.method == .HEAD
        do throws(Gateway.Broken) {
            return try Gateway.send(pending.answer.response, to: pending.exchange, isHead: isHead, meter: meters.sent)
        } catch {
            guard case .failed(let fault) = error.reason, !error.hasBegun else { throw error }
            api.refuse(pending.request, &pending.answer, for: fault)
            return try Gateway.send(pending.answer.response, to: pending.exchange, isHead: isHead, meter: meters.sent)
        }
    }

    /// Logs one line for the request. Its bytes are the length of the body if nginx sends it.
    private func logAccess(_ request: Request, _ answer: API.Answer, sent: Int64, milliseconds: Int64) {
        var context = OsloLog.Context(answer.trace)
        context.user = answer.caller?.user
        context.project = answer.caller?.project
        var bytes = sent
        switch answer.response.body {
        case .file(_, let length) where request.method != .HEAD: bytes = length
        case .remote(_, let length): bytes = length
        default: break
        }
        let route = answer.route ?? "-"
        let status = answer.response.status.code
        log.write(
            .info, accessName,
            "\(request.method) \(route) \(status) \(milliseconds) ms \(bytes) bytes from \(request.remoteAddress)", context,
            [
                "method": .text(request.method.name), "route": .text(route), "status": .number(Int64(status)),
                "ms": .number(milliseconds), "bytes": .number(bytes), "remote_address": .text(request.remoteAddress),
            ])
    }
}
