package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// The older API for the same cache, under `/v2/cached_images` and `/v2/queued_images`; a flavor with `cachemanagement` turns it on.
package struct CacheManagementHandlers: RouteGroup {
    let service: CacheService

    package init(_ parts: V2API.Parts) { service = parts.cache }

    package static func isServed(with parts: V2API.Parts) -> Bool { parts.managesCache }

    package static let subject = "The cache, by the older routes"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/cached_images",         listCached,      200, "Lists what the cache has."),
        Row(.DELETE, "/v2/cached_images",         removeAllCached, 200, "Empties the cache."),
        Row(.DELETE, "/v2/cached_images/{image}", removeCached,    200, "Removes an image from the cache."),
        Row(.GET,    "/v2/queued_images",         listQueued,      200, "Lists what the cache waits for."),
        Row(.DELETE, "/v2/queued_images",         removeAllQueued, 200, "Empties the queue."),
        Row(.PUT,    "/v2/queued_images/{image}", mark,            200, "Orders that an image be cached."),
        Row(.DELETE, "/v2/queued_images/{image}", removeQueued,    200, "Removes an image from the queue."),
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
