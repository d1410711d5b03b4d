/// Whose request a thread works for: what stands in its log lines, and what other services are told.
package struct Trace: Sendable, Equatable {
    /// `req-…`, as the client reads it in `x-openstack-request-id`.
    package let requestID: String
    /// The name that the client gave its request, by which other services of the cloud know it too; nil when it gave none.
    package let globalRequestID: String?

    package init(requestID: String, globalRequestID: String?) {
        self.requestID = requestID
        self.globalRequestID = globalRequestID
    }

    /// Nil on a thread that works for nobody's request.
    @TaskLocal package static var current: Trace?

    /// Does something for a request.
    package static func following<Result>(_ trace: Trace?, _ act: () throws(Fault) -> Result) throws(Fault) -> Result {
        do {
            return try $current.withValue(trace) { try act() }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault(.unexpected, "The request failed.", cause: error)
        }
    }

    package static var requestID: String? { current?.requestID }
    package static var globalRequestID: String? { current?.globalRequestID }
}
