internal import APICommon
internal import Domain
internal import FastCGI
internal import Glibc
internal import HTTP
internal import Logging
internal import Synchronization
internal import Threading

/// The threads of a process that take requests, each one at a time, until the process is told to end.
final class Workers: Ending {
    private let api: API
    private let log: OsloLog
    private let accessName: String
    private let logger: Logger
    private let senders: Senders?
    private let isEnding = Atomic(false)
    private let running = Monitor(0)
    private let troubles: SparingLog

    /// - Parameters:
    ///   - name: who speaks in the log of what happens, and of each request.
    ///   - senders: of what would keep a thread from taking requests for long; nil where there is nothing such.
    init(api: API, log: OsloLog, name: String = "glance.api", accessName: String = "glance.access", senders: Senders? = nil) {
        self.api = api
        self.log = log
        self.senders = senders
        self.accessName = accessName
        logger = log.logger(name)
        troubles = SparingLog(logger)
    }

    /// Threads that take requests from one socket.
    ///
    /// - Throws: when the system does not make them.
    func start(_ count: Int, on listener: Listener) throws(ThreadUnavailable) {
        running.with { $0 += count }
        for _ in 0..<count {
            try Thread.start {
                self.serve(listener)
                self.running.with { $0 -= 1 }
            }
        }
    }

    /// Takes nothing new; what runs is finished.
    func end() { isEnding.store(true, ordering: .relaxed) }

    func hasEnded(within seconds: Double) -> Bool { running.wait(atMost: seconds) { $0 == 0 ? () : nil } != nil }

    /// The one request of a CGI process.
    func serveOnce(_ exchange: Exchange) { _ = answer(exchange) }

    private func serve(_ listener: Listener) {
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
                if exchange.isToBeRefused {
                    refuse(exchange)
                } else if !answer(exchange) {
                    exchange = try Exchange(listeningOn: listener)
                }
            }
        } catch {
            logger.critical("a thread cannot take requests: \(error)")
        }
    }

    /// Answers without any work: what work would need the process has not.
    private func refuse(_ exchange: Exchange) {
        troubles.report("no file descriptor is left (LimitNOFILE, ulimit -n); requests are refused until some are free again")
        let began = monotonicSeconds()
        guard let request = Gateway.request(of: exchange) else { return exchange.finish() }
        let answer = api.refuse(request, for: Fault(.unavailable, "The service is overloaded. Try again in a moment."))
        let sent = try? Gateway.send(answer.response, to: exchange, isHead: request.method == .HEAD)
        exchange.finish()
        logAccess(request, answer, sent: sent ?? 0, milliseconds: Int64((monotonicSeconds() - began) * 1000))
    }

    /// - Returns: whether the exchange is free again; else another thread has it.
    private func answer(_ exchange: Exchange) -> Bool {
        let began = monotonicSeconds()
        guard let request = Gateway.request(of: exchange) else {
            logger.warning("what came is no request")
            _ = try? Gateway.send(Response(.badRequest), to: exchange, isHead: false)
            exchange.finish()
            return true
        }
        var answer = api.answer(request)
        if let senders, case .stream = answer.response.body, request.method != .HEAD {
            if handOver(Pending(exchange: exchange, request: request, answer: answer, began: began), to: senders) { return false }
            api.refuse(request, &answer, for: Fault(.unavailable, "Too many downloads are under way here; try again when one is done."))
        }
        send(answer, to: request, on: exchange, began: began)
        exchange.finish()
        return true
    }

    /// An answer on its way from one thread to another, which alone has it then.
    private struct Pending: @unchecked Sendable {
        let exchange: Exchange
        let request: Request
        let answer: API.Answer
        let began: Double
    }

    private func handOver(_ pending: Pending, to senders: Senders) -> Bool {
        running.with { $0 += 1 }
        let isTaken = senders.send(for: pending.answer.caller?.project) {
            self.send(pending.answer, to: pending.request, on: pending.exchange, began: pending.began)
            // The thread has no time to wait for the next request on the connection.
            pending.exchange.finish(keepsConnection: false)
            self.running.with { $0 -= 1 }
        }
        if !isTaken { running.with { $0 -= 1 } }
        return isTaken
    }

    private func send(_ answer: API.Answer, to request: Request, on exchange: Exchange, began: Double) {
        var sent: Int64 = 0
        do {
            sent = try Gateway.send(answer.response, to: exchange, isHead: request.method == .HEAD)
        } catch {
            Trace.$current.withValue(answer.trace) { Gateway.log(error, logger) }
        }
        logAccess(request, answer, sent: sent, milliseconds: Int64((monotonicSeconds() - began) * 1000))
    }

    /// One line a request. Of a body that nginx sends by itself, its length.
    private func logAccess(_ request: Request, _ answer: API.Answer, sent: Int64, milliseconds: Int64) {
        var context = OsloLog.Context(answer.trace)
        context.user = answer.caller?.user
        context.project = answer.caller?.project
        var bytes = sent
        if case .file(_, let length) = answer.response.body, request.method != .HEAD { bytes = length }
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
