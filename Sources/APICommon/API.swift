package import Domain
package import HTTP
package import Logging

/// One HTTP API as a whole: the steps of a request between the FastCGI server and its handler, in order.
package struct API: Sendable {
    private let router: Router<Handler>
    /// The method and the pattern of each route.
    package let served: [(method: HTTP.Method, pattern: String)]
    /// Nil for an API with one version, whose paths do not name it.
    private let versions: Versions?
    private let authenticator: any Authenticator
    private let front: Front
    private let logger: Logger

    /// Settings for the steps before authentication, and for the headers of every answer.
    package struct Front: Sendable {
        /// Characters that a client's request id may have.
        package var longestRequestID: Int
        /// Whether `glance-api` is the only client. Its own request ids are then taken over.
        package var isForAPI = false
        /// Decides the base of links in answers.
        package var publicAddress = PublicAddress.asReached
        /// Nil if scripts of other web sites get no access.
        package var cors: CORS?
        /// Nil if `/healthcheck` is off.
        package var healthcheck: Healthcheck?
        /// Waits until what a request finds is not older than what its client was told elsewhere; false where it never is. It runs before a
        /// request that may change something, and once a request that reads has not found what it names.
        package var catchUp: (@Sendable () throws(Fault) -> Bool)?

        package init(longestRequestID: Int) { self.longestRequestID = longestRequestID }
    }

    /// - Parameter routes: the handlers with their methods and path patterns; see `Router`.
    package init(routes: [Route<Handler>], versions: Versions?, authenticator: any Authenticator, front: Front, logger: Logger) {
        router = Router(routes)
        served = routes.map { ($0.method, $0.pattern) } + (front.healthcheck == nil ? [] : [(.GET, Healthcheck.path)])
        self.versions = versions
        self.authenticator = authenticator
        self.front = front
        self.logger = logger
    }

    /// Whether this is the registry, whose client is `glance-api`.
    package var isRegistry: Bool { front.isForAPI }

    /// An answer, with the facts that the access log prints about it.
    package struct Answer {
        package var response: Response
        package var trace: Trace
        /// The pattern of the matched route, such as `/v2/images/{image}`; nil if no route matched.
        package var route: String?
        /// Nil if the caller was not authenticated.
        package var caller: Caller?
    }

    /// Answers a request. Errors become error documents, so this never throws.
    package func answer(_ request: Request) -> Answer {
        var request = request
        request.baseURL = front.publicAddress.baseURL(of: request)
        var answer: Answer
        do throws(Fault) {
            let trace = try Trace(of: request, longest: front.longestRequestID, isFromAPI: front.isForAPI)
            answer = Answer(response: Response(.noContent), trace: trace)
            Trace.$current.withValue(trace) { respond(to: request, &answer) }
        } catch {
            answer = Answer(response: ErrorDocument.response(to: request, for: error), trace: .fresh())
            front.cors?.mark(&answer.response, to: request)
        }
        // An answer from another node keeps the request id that the other node gave it.
        if answer.response.headers["x-openstack-request-id"] == nil {
            answer.response.headers["x-openstack-request-id"] = answer.trace.requestID
        }
        return answer
    }

    /// Answers with an error, before authentication and routing.
    package func refuse(_ request: Request, for fault: Fault) -> Answer {
        var trace = Trace.fresh()
        do throws(Fault) { trace = try Trace(of: request, longest: front.longestRequestID, isFromAPI: front.isForAPI) } catch {}
        var answer = Answer(response: Response(.noContent), trace: trace)
        refuse(request, &answer, for: fault)
        return answer
    }

    /// Replaces an answer that cannot be sent by an error that the client may retry.
    package func refuse(_ request: Request, _ answer: inout Answer, for fault: Fault) {
        log(fault)
        answer.response = ErrorDocument.response(to: request, for: fault)
        front.cors?.mark(&answer.response, to: request)
        answer.response.headers["x-openstack-request-id"] = answer.trace.requestID
    }

    private func respond(to request: Request, _ answer: inout Answer) {
        if let response = front.cors?.answerToPreflight(request) {
            answer.response = response
            return
        }
        if let response = front.healthcheck?.answer(request) {
            (answer.response, answer.route) = (response, Healthcheck.path)
        } else {
            do throws(Fault) {
                answer.response = try response(to: request, &answer)
            } catch {
                log(error)
                answer.response = ErrorDocument.response(to: request, for: told(error, isRouted: answer.route != nil))
            }
        }
        if answer.response.status == .unauthorized { answer.response.headers["WWW-Authenticate"] = authenticator.challenge }
        if let field = answer.response.headers.firstUnwritable {
            logger.error("the header \(field.name) cannot be written")
            answer.response = ErrorDocument.response(to: request, for: Fault(.unexpected, "The answer cannot be written."))
        }
        front.cors?.mark(&answer.response, to: request)
    }

    private func response(to request: Request, _ answer: inout Answer) throws(Fault) -> Response {
        guard let query = request.query else { throw Fault(.invalid, "The query does not decode as UTF-8.") }
        let path: String
        switch versions?.choose(for: request) ?? .path(request.path) {
        case .answer(let response): return response
        case .path(let chosen): path = chosen
        }
        let caller = try authenticator.caller(for: Credentials(request))
        answer.caller = caller

        switch router.match(request.method, path) {
        case .badPath: throw Fault(.invalid, "The path does not decode as UTF-8.")
        case .notFound: throw Fault(.notFound, "The resource could not be found.")
        case .notImplemented:
            return ErrorDocument.response(to: request, .notImplemented, "The method \(request.method) is not known.")
        case .methodNotAllowed(let methods):
            // Like Glance, a body that is not JSON gets its own error before the 405.
            if request.hasBody { _ = try Call(request: request, parameters: PathParameters(), query: query, caller: caller).json() }
            var response = ErrorDocument.response(
                to: request, .methodNotAllowed, "The method \(request.method) is not allowed for this resource.")
            response.headers["Allow"] = methods.map(\.name).joined(separator: ", ")
            return response
        case .found(let route, let parameters):
            answer.route = route.pattern
            // No stored name has these characters, so it cannot exist. Where a name is created, the handler explains the error.
            if [.GET, .HEAD, .DELETE].contains(request.method), !parameters.all.allSatisfy(ImageText.isStorable) {
                throw Fault(.notFound, "The resource could not be found.")
            }
            if route.bodyRule == .none && bringsBytes(request) {
                throw Fault(.invalid, "A body is not expected with this request.")
            }
            let call = Call(request: request, parameters: parameters, query: query, caller: caller)
            return try Author.following(Author(caller)) { () throws(Fault) in try handle(call, by: route.handler) }
        }
    }

    private func handle(_ call: Call, by handler: Handler) throws(Fault) -> Response {
        guard let catchUp = front.catchUp else { return try handler(call) }
        guard call.request.method == .GET || call.request.method == .HEAD else {
            _ = try catchUp()
            return try handler(call)
        }
        do throws(Fault) {
            return try handler(call)
        } catch {
            guard error.kind == .notFound, try catchUp() else { throw error }
            return try handler(call)
        }
    }

    /// Whether the body has any bytes. A chunked body can be empty.
    private func bringsBytes(_ request: Request) -> Bool {
        guard request.hasBody, request.announced == nil else { return request.hasBody }
        do throws(StreamError) {
            return try request.body.readAll(atMost: 0, within: Call.longestBody) == nil
        } catch {
            return true
        }
    }

    /// The error that the client gets. If no authentication is configured, 401, 403 and 404 all become one 403: a login is not possible,
    /// and an answer must not reveal what exists.
    private func told(_ fault: Fault, isRouted: Bool) -> Fault {
        guard authenticator.knowsNobody, isRouted, [.notFound, .unauthenticated, .forbidden].contains(fault.kind) else { return fault }
        return Fault(
            .forbidden,
            "This image service has no authentication configured, so nobody is allowed to do this. Its operator must choose one.")
    }

    private func log(_ fault: Fault) {
        guard let cause = fault.cause else { return }
        let level: Logger.Level = fault.kind == .unexpected || fault.kind == .unavailable ? .error : .info
        logger.log(level: level, "\(fault.message) Cause: \(cause)")
    }
}
