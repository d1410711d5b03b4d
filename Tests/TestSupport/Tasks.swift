import Testing

extension TestGlance {
    /// The task on an image.
    ///
    /// - Parameter request: the request that ordered it. Several tasks may be of the same second, so their order says nothing.
    package func task(on id: String, of request: String? = nil) throws -> JSONValue {
        let reply = try send("GET", "/v2/images/\(id)/tasks", as: .admin)
        let tasks = reply.json["tasks"]?.array?.filter { request == nil || $0["request_id"]?.string == request }
        guard reply.status == 200, let task = tasks?.first, tasks?.count == 1 else { throw Unexpected(reply) }
        return task
    }

    /// Waits for the end of an image's task, and returns it.
    package func ended(
        on id: String, of request: String? = nil, within seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> JSONValue {
        func hasEnded() throws -> Bool { ["success", "failure"].contains(try task(on: id, of: request)["status"]?.string) }
        #expect(try eventually(within: seconds, hasEnded), sourceLocation: sourceLocation)
        return try task(on: id, of: request)
    }
}
