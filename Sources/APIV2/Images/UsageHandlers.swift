package import APICommon
package import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// The recorded downloads of an image.
package struct UsageHandlers: RouteGroup {
    let usage: ImageUsage

    package init(_ parts: V2API.Parts) { usage = parts.imageUsage }

    package static let subject = "Use of images"
    package static let origin = GlanceOrigin.vitrine

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET, "/v2/images/{image}/usage", body: .none, show, 200, "Tells the owner and administrators the downloads of an image: first, last, in all, and by day (UTC) from `since` to `until` (`2026-11-29`; 400 days at most, by default the last 30)."),
    ]

    private func show(_ call: Call) throws(Fault) -> Response {
        let report = try usage.report(of: call.imageID, since: call.query["since"], until: call.query["until"], for: call.caller)
        var json = JSONWriter()
        json.object { json in
            json.member("image_id", call.imageID.text)
            json.member("first_downloaded_at", report.total?.first.description)
            json.member("last_downloaded_at", report.total?.last.description)
            (report.total?.counts ?? UseCounts()).write(to: &json)
            json.member("since", report.days.lowerBound.description)
            json.member("until", report.days.upperBound.description)
            json.key("days")
            json.array { json in
                for (day, counts) in report.byDay {
                    json.object { json in
                        json.member("day", day.description)
                        counts.write(to: &json)
                    }
                }
            }
        }
        return .json(json.bytes)
    }
}

extension UseCounts {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("downloads", downloads)
        json.member("ranges", ranges)
        json.member("incomplete", incomplete)
        json.member("bytes", bytes)
    }
}
