package import APICommon
internal import Domain
package import HTTP
internal import JSONDocument
package import Operations

/// The older API for the same cache, under `/v2/cached_images` and `/v2/queued_images`; a flavor with `cachemanagement` turns it on.
package struct CacheManagementHandlers: Sendable {
    let service: CacheService

    package init(service: CacheService) { self.service = service }

    // swift-format-ignore
    package static let routes: [Route<@Sendable (CacheManagementHandlers) -> Handler>] = [
        Route(.GET,    "/v2/cached_images",         listCached),
        Route(.DELETE, "/v2/cached_images",         removeAllCached),
        Route(.DELETE, "/v2/cached_images/{image}", removeCached),
        Route(.GET,    "/v2/queued_images",         listQueued),
        Route(.DELETE, "/v2/queued_images",         removeAllQueued),
        Route(.PUT,    "/v2/queued_images/{image}", mark),
        Route(.DELETE, "/v2/queued_images/{image}", removeQueued),
    ]

    private func listCached(_ call: Call) throws(Fault) -> Response {
        let cached = try service.cached(by: .manageImageCache, for: call.caller)
        var json = JSONWriter()
        json.object { $0.write(cached: cached) }
        return .json(json.bytes)
    }

    private func listQueued(_ call: Call) throws(Fault) -> Response {
        let queued = try service.queued(by: .manageImageCache, for: call.caller)
        var json = JSONWriter()
        json.object { $0.write(queued: queued) }
        return .json(json.bytes)
    }

    private func removeAllCached(_ call: Call) throws(Fault) -> Response {
        Self.deleted(try service.removeAllCached(by: .manageImageCache, for: call.caller))
    }

    private func removeAllQueued(_ call: Call) throws(Fault) -> Response {
        Self.deleted(try service.removeAllQueued(by: .manageImageCache, for: call.caller))
    }

    private func removeCached(_ call: Call) throws(Fault) -> Response {
        try service.removeCached(call.imageID, by: call.caller)
        return .json(JSON.null.text)
    }

    private func removeQueued(_ call: Call) throws(Fault) -> Response {
        try service.removeQueued(call.imageID, by: call.caller)
        return .json(JSON.null.text)
    }

    private func mark(_ call: Call) throws(Fault) -> Response {
        try service.mark(call.imageID, by: call.caller)
        return .json(JSON.null.text)
    }

    private static func deleted(_ count: Int) -> Response {
        .json(JSON.object(["num_deleted": .int(Int64(count))]).text)
    }
}
