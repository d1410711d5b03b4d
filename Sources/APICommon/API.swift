package import Domain
package import HTTP
package import Logging

/// A whole HTTP face: everything that happens to a request between the gateway and its handler, in order.
package struct API: Sendable {
    private let router: Router<Handler>
    /// Nil where the API has only one, and paths do not say it.
    private let versions: Versions?
    private let authenticator: any Authenticator
    private let longestRequestID: Int
    private let logger: Logger

    package init(
        routes: [Route<Handler>], versions: Versions?, authenticator: any Authenticator, longestRequestID: Int, logger: Logger
    ) {
        router = Router(routes)
        self.versions = versions
        self.authenticator = authenticator
        self.longestRequestID = longestRequestID
        self.logger = logger
    }

    /// An answer, and what the log says of how it came about.
    package struct Answer {
        package var response: Response
        package var requestID: RequestID
        /// The pattern of the route, such as `/v2/images/{image}`; nil when there was none.
        package var route: String?
        package var caller: Caller?
    }

    package func answer(_ request: Request) -> Answer {
        var random = SystemRandomNumberGenerator()
        var answer = Answer(response: Response(.noContent), requestID: RequestID.fresh(using: &random))
        do throws(Fault) {
            answer.requestID = try RequestID(of: request, longest: longestRequestID, using: &random)
            answer.response = try traced(answer.requestID) { () throws(Fault) in try respond(to: request, &answer) }
        } catch {
            log(error, answer)
            answer.response = ErrorDocument.response(to: request, for: error)
        }
        if let field = answer.response.headers.firstUnwritable {
            logger.error("[\(answer.requestID.text)] the header \(field.name) cannot be written")
            answer.response = ErrorDocument.response(to: request, for: Fault(.unexpected, "The answer cannot be written."))
        }
        answer.response.headers["x-openstack-request-id"] = answer.requestID.text
        return answer
    }

    /// Does something for which calls of other services say whose request it is.
    private func traced<Result>(_ id: RequestID, _ act: () throws(Fault) -> Result) throws(Fault) -> Result {
        do {
            return try Trace.$requestID.withValue(id.text) { try act() }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault(.unexpected, "The request failed.", cause: error)
        }
    }

    private func respond(to request: Request, _ answer: inout Answer) throws(Fault) -> Response {
        guard let query = request.query else { throw Fault(.invalid, "The query does not decode as UTF-8.") }
        let path: String
        switch versions?.choose(for: request) ?? .path(request.path) {
        case .answer(let response): return response
        case .path(let chosen): path = chosen
        }
        let caller = try authenticator.caller(for: Credentials(request.headers))
        answer.caller = caller

        switch router.match(request.method, path) {
        case .badPath: throw Fault(.invalid, "The path does not decode as UTF-8.")
        case .notFound: throw Fault(.notFound, "The resource could not be found.")
        case .notImplemented:
            return ErrorDocument.response(to: request, .notImplemented, "The method \(request.method) is not known.")
        case .methodNotAllowed(let methods):
            // As Glance has it: what is no JSON is refused for that first.
            if request.hasBody { _ = try Call(request: request, parameters: PathParameters(), query: query, caller: caller).json() }
            var response = ErrorDocument.response(
                to: request, .methodNotAllowed, "The method \(request.method) is not allowed for this resource.")
            response.headers["Allow"] = methods.map(\.name).joined(separator: ", ")
            return response
        case .found(let route, let parameters):
            answer.route = route.pattern
            if route.bodyRule == .none && request.hasBody {
                throw Fault(.invalid, "A body is not expected with this request.")
            }
            return try route.handler(Call(request: request, parameters: parameters, query: query, caller: caller))
        }
    }

    private func log(_ fault: Fault, _ answer: Answer) {
        guard let cause = fault.cause else { return }
        let level: Logger.Level = fault.kind == .unexpected || fault.kind == .unavailable ? .error : .info
        logger.log(level: level, "[\(answer.requestID.text)] \(fault.message) Cause: \(cause)")
    }
}
