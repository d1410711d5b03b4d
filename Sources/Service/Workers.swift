internal import APICommon
internal import CLinux
internal import Domain
internal import FastCGI
internal import Glibc
internal import HTTP
internal import Logging
internal import Synchronization
internal import Threading

/// The threads of a process that take requests, each one at a time, until the process is told to end.
final class Workers: Sendable {
    private let api: API
    private let log: OsloLog
    private let accessName: String
    private let logger: Logger
    private let isEnding = Atomic(false)
    private let running = Monitor(0)

    /// - Parameters: who speaks in the log, of what happens and of each request.
    init(api: API, log: OsloLog, name: String = "glance.api", accessName: String = "glance.access") {
        self.api = api
        self.log = log
        self.accessName = accessName
        logger = log.logger(name)
    }

    /// Threads that take requests from one socket.
    func start(_ count: Int, on listener: Listener) {
        running.with { $0 += count }
        for _ in 0..<count {
            _ = Thread.start {
                self.serve(listener)
                self.running.with { $0 -= 1 }
            }
        }
    }

    /// Takes nothing new, and waits for what runs.
    ///
    /// - Parameter patience: seconds; 0 is without a limit.
    /// - Returns: whether all ended in time.
    func end(patience: Int) -> Bool {
        isEnding.store(true, ordering: .relaxed)
        let limit = patience == 0 ? Double(Int32.max) : Double(patience)
        return running.wait(atMost: limit) { $0 == 0 ? () : nil } != nil
    }

    /// The one request of a CGI process.
    func serveOnce(_ exchange: Exchange) { _ = answer(exchange) }

    /// Bytes of an answer for which a thread took more memory than it has use for afterwards.
    private static let large: Int64 = 1 << 20

    private func serve(_ listener: Listener) {
        do {
            let exchange = try Exchange(listeningOn: listener)
            while !isEnding.load(ordering: .relaxed) {
                do {
                    guard try exchange.accept() else { continue }
                } catch {
                    logger.error("no request can be taken: \(error)")
                    usleep(100_000)
                    continue
                }
                // What was read of a long list is free by now; the C library would keep it.
                if answer(exchange) > Self.large { malloc_trim(0) }
            }
        } catch {
            logger.critical("a thread cannot take requests: \(error)")
        }
    }

    /// - Returns: bytes that were written, or as many as can be where the answer broke off.
    private func answer(_ exchange: Exchange) -> Int64 {
        let began = monotonicSeconds()
        guard let request = Gateway.request(of: exchange) else {
            logger.warning("what came is no request")
            _ = try? Gateway.send(Response(.badRequest), to: exchange, isHead: false)
            exchange.finish()
            return 0
        }
        var answer = api.answer(request)
        var sent: Int64 = 0
        var isWhole = true
        // A list is read while it is sent.
        Trace.$current.withValue(answer.trace) {
            do {
                do {
                    sent = try Gateway.send(answer.response, to: exchange, isHead: request.method == .HEAD)
                } catch let failed as Gateway.NotBegun {
                    api.refuse(request, for: failed.fault, &answer)
                    sent = try Gateway.send(answer.response, to: exchange, isHead: request.method == .HEAD)
                }
                exchange.finish()
            } catch {
                if let fault = error as? Fault {
                    logger.error("the answer breaks off: \(fault.message)\(fault.cause.map { " Cause: \($0)" } ?? "")")
                } else {
                    logger.info("the client is gone: \(error)")
                }
                // Where a length was told, the answer is seen to be short, and what there is of it still goes out.
                if case .written = answer.response.body { exchange.breakOff() } else { exchange.finish() }
                isWhole = false
            }
        }
        logAccess(request, answer, sent: sent, milliseconds: Int64((monotonicSeconds() - began) * 1000))
        return isWhole ? sent : .max
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
