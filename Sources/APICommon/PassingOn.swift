package import Domain
package import HTTP

extension Call {
    /// Whether another node forwarded this request. Such a request is never forwarded again; this node does what it can.
    package var wasPassedOn: Bool { request.headers[RequestToPassOn.mark] != nil }

    /// The request to send to another node, with the client's credentials.
    package func toPassOn(body: [UInt8]? = nil) -> RequestToPassOn {
        var headers: [(name: String, value: String)] = [(RequestToPassOn.mark, "1"), ("Accept", "application/json")]
        for name in ["X-Auth-Token", "X-Storage-Token", "X-Service-Token", "X-Image-Meta-Store"] {
            if let value = request.headers[name] { headers.append((name, value)) }
        }
        if body != nil { headers.append(("Content-Type", "application/json")) }
        if let id = Trace.globalRequestID ?? Trace.requestID { headers.append(("X-Openstack-Request-Id", id)) }
        return RequestToPassOn(method: request.method.name, path: request.path, headers: headers, body: body)
    }
}

extension Response {
    /// An answer for work that another node did, with the request id from that node.
    package init(_ status: Status, passedOnAs requestID: String?) {
        self.init(status)
        headers["x-openstack-request-id"] = requestID
    }
}
