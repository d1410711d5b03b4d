/// The request that a thread works for. Log lines and requests to other services carry it.
package struct Trace: Sendable, Equatable {
    /// `req-…`, the value that the client reads in `x-openstack-request-id`.
    package let requestID: String
    /// The id that the client gave the request and that other services of the cloud share; nil without one.
    package let globalRequestID: String?

    package init(requestID: String, globalRequestID: String?) {
        self.requestID = requestID
        self.globalRequestID = globalRequestID
    }

    /// The current request; nil on a thread that works for none.
    @TaskLocal package static var current: Trace?

    /// Runs a closure on behalf of a request.
    package static func following<Result>(_ trace: Trace?, _ act: () throws(Fault) -> Result) throws(Fault) -> Result {
        try $current.following(trace, act)
    }

    package static var requestID: String? { current?.requestID }
    package static var globalRequestID: String? { current?.globalRequestID }
}

extension TaskLocal {
    /// Runs a closure with a value of this variable. `withValue` forgets which errors the closure throws.
    func following<Result>(_ value: Value, _ act: () throws(Fault) -> Result) throws(Fault) -> Result {
        do {
            return try withValue(value) { try act() }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault(.unexpected, "The request failed.", cause: error)
        }
    }
}
