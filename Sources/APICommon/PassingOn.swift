package import Domain
package import HTTP

extension Call {
    /// Whether another node sent the request on to this one, which then does what it can and does not send it on in turn.
    package var wasPassedOn: Bool { request.headers[RequestToPassOn.mark] != nil }

    /// The request for another node, with all by which the client shows who he is.
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
    /// What another node did in this one's place, under the name that it gave the request.
    package init(_ status: Status, passedOnAs requestID: String?) {
        self.init(status)
        headers["x-openstack-request-id"] = requestID
    }
}
