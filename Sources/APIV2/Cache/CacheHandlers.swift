package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// This node's image cache. Source: https://docs.openstack.org/api-ref/image/v2/index.html, "Cache Manage"
package struct CacheHandlers: RouteGroup {
    let service: CacheService

    package init(_ parts: V2API.Parts) { service = parts.cache }

    package static let subject = "The cache"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/cache",               body: .none, list,  200, "Lists what this node's cache has and what it waits for."),
        Row(.DELETE, "/v2/cache",               clear,              204, "Empties the cache, its queue or both, as `x-image-cache-clear-target` says."),
        Row(.POST,   "/v2/cache/clean",         clean,              200, "Removes unfinished and damaged files."),
        Row(.POST,   "/v2/cache/prune",         prune,              200, "Removes images that were not read for longest, until the cache has its size."),
        Row(.PUT,    "/v2/cache/{image}",       want,               202, "Orders that an image be cached."),
        Row(.DELETE, "/v2/cache/{image}",       remove,             204, "Removes an image from the cache and its queue."),
        Row(.GET,    "/v2/cache/nodes/{image}", body: .none, nodes, 200, "Lists the nodes that have an image cached."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let cached = try service.cached(for: call.caller)
        let queued = try service.queued(for: call.caller)
        var json = JSONWriter()
        json.object { json in
            json.write(cached: cached)
            json.write(queued: queued)
        }
        return .json(json.bytes)
    }

    /// Clears the cache, the queue or, without the header, both.
    private func clear(_ call: Call) throws(Fault) -> Response {
        let target = (call.request.headers["x-image-cache-clear-target"] ?? "").lowercased()
        guard ["", "cache", "queue"].contains(target) else {
            try service.checkMayClear(call.caller)
            // Like Glance, this error is plain text, whatever the client accepts.
            var request = call.request
            request.headers["Accept"] = nil
            return ErrorDocument.response(
                to: request, .badRequest, "x-image-cache-clear-target must be 'cache', 'queue', empty or absent.")
        }
        if target != "queue" { try service.removeAllCached(for: call.caller) }
        if target != "cache" { try service.removeAllQueued(for: call.caller) }
        return Response(.noContent)
    }

    private func want(_ call: Call) throws(Fault) -> Response {
        try service.want(call.imageID, by: call.caller)
        return Response(.accepted)
    }

    private func remove(_ call: Call) throws(Fault) -> Response {
        try service.remove(call.imageID, by: call.caller)
        return Response(.noContent)
    }

    private func nodes(_ call: Call) throws(Fault) -> Response {
        let nodes = try service.nodes(caching: call.imageID, for: call.caller)
        return .json(JSON.array(nodes.map { .string($0) }).text)
    }

    private func clean(_ call: Call) throws(Fault) -> Response {
        try service.clean(by: call.caller)
        return Response(.ok)
    }

    private func prune(_ call: Call) throws(Fault) -> Response {
        let pruned = try service.prune(by: call.caller)
        var json = JSONWriter()
        json.object { json in
            json.member("total_files_pruned", Int64(pruned.files))
            json.member("total_bytes_pruned", pruned.bytes)
        }
        return .json(json.bytes)
    }
}

extension JSONWriter {
    mutating func write(cached entries: [CacheService.Entry]) {
        key("cached_images")
        array { json in
            for entry in entries {
                json.object { json in
                    if let record = entry.record {
                        json.member("id", record.number)
                        json.member("checksum", record.checksum)
                    }
                    json.member("image_id", entry.file.image.text)
                    json.member("hits", entry.hits)
                    json.member("last_accessed", JSON.double(entry.file.lastAccessed))
                    json.member("last_modified", JSON.double(entry.file.lastModified))
                    json.member("size", entry.file.size)
                }
            }
        }
    }

    mutating func write(queued ids: [ImageID]) {
        key("queued_images")
        array { json in for id in ids { json.string(id.text) } }
    }
}
