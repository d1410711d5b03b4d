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
    private let isEnding = Atomic(false)
    private let running = Monitor(0)
    private let troubles: SparingLog

    /// - Parameters: who speaks in the log, of what happens and of each request.
    init(api: API, log: OsloLog, name: String = "glance.api", accessName: String = "glance.access") {
        self.api = api
        self.log = log
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
    func serveOnce(_ exchange: Exchange) { answer(exchange) }

    private func serve(_ listener: Listener) {
        do {
            let exchange = try Exchange(listeningOn: listener)
            while !isEnding.load(ordering: .relaxed) {
                do {
                    guard try exchange.accept() else { continue }
                } catch {
                    troubles.report("no request can be taken: \(error)")
                    usleep(100_000)
                    continue
                }
                if exchange.isToBeRefused { refuse(exchange) } else { answer(exchange) }
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

    private func answer(_ exchange: Exchange) {
        let began = monotonicSeconds()
        guard let request = Gateway.request(of: exchange) else {
            logger.warning("what came is no request")
            _ = try? Gateway.send(Response(.badRequest), to: exchange, isHead: false)
            exchange.finish()
            return
        }
        let answer = api.answer(request)
        var sent: Int64 = 0
        do {
            sent = try Gateway.send(answer.response, to: exchange, isHead: request.method == .HEAD)
        } catch {
            Trace.$current.withValue(answer.trace) { logger.info("the client is gone: \(error)") }
        }
        exchange.finish()
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
