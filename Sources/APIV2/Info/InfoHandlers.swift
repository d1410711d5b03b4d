package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// Information about the service: the caller's usage.
package struct InfoHandlers: RouteGroup {
    let usage: UsageReport

    package init(_ parts: V2API.Parts) { usage = parts.usage }

    package static let subject = "Quotas"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET, "/v2/info/usage", body: .none, tellUsage, 200, "Tells what the caller's project stores and may store; sizes in MiB, -1 for no limit."),
    ]

    /// Answers with the usage and limits of the caller's project. Sizes are in MiB, as in Keystone's limits; -1 means no limit.
    private func tellUsage(_ call: Call) throws(Fault) -> Response {
        let report = try usage.report(for: call.caller)
        var json = JSONWriter()
        json.object { json in
            json.key("usage")
            json.object { json in
                guard let (limits, usage) = report else { return }
                func tell(_ name: String, _ usage: Int64, _ limit: Int64?, unit: Int64, _ json: inout JSONWriter) {
                    json.key(name)
                    json.object { json in
                        json.member("usage", usage / unit)
                        json.member("limit", limit.map { $0 / unit } ?? -1)
                    }
                }
                tell("image_size_total", usage.imageSizeTotal, limits.imageSizeTotal, unit: 1 << 20, &json)
                tell("image_stage_total", usage.imageStageTotal, limits.imageStageTotal, unit: 1 << 20, &json)
                tell("image_count_total", usage.imageCountTotal, limits.imageCountTotal, unit: 1, &json)
                tell("image_count_uploading", usage.imageCountUploading, limits.imageCountUploading, unit: 1, &json)
            }
        }
        return .json(json.bytes)
    }
}
