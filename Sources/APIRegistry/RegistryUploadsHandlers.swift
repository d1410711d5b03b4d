package import APICommon
package import Domain
internal import HTTP
internal import JSONDocument
internal import RegistryWire

/// The registry's requests for upload leases, ordered copies and marks of store folders. Only `glance-api` itself may send them.
package struct RegistryUploadsHandlers: RouteGroup {
    let catalog: any Catalog

    package init(_ parts: RegistryAPI.Parts) { catalog = parts.catalog }

    package static let subject = "Uploads, copies and folders"
    package static let origin = GlanceOrigin.vitrine

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.POST, "/uploads",                   begin,            204, "Begins an upload under a lease; 200 with the remaining quota where there is a limit."),
        Row(.PUT,  "/uploads",                   renew,            200, "Renews leases."),
        Row(.POST, "/uploads/{token}/finish",    finish,           200, "Ends an upload and answers with the image; 204 where the image is not asked for."),
        Row(.POST, "/uploads/{token}/give-back", abort,            204, "Ends an upload that failed."),
        Row(.POST, "/copies",                    order,            204, "Orders that glance-tasks copy an image from a URL."),
        Row(.POST, "/store-folders",             markOfFolder,     200, "Tells or notes the mark of a store's folder."),
        Row(.POST, "/store-folders/contents",    contentsOfFolder, 200, "Lists the URLs that the database has within a folder."),
    ]

    private func begin(_ call: Call) throws(Fault) -> Response {
        let body = try serviceBody(call)
        let remaining = try catalog.begin(try upload(body), by: try body.text("worker"), claiming: try QuotaClaim.claim(in: body))
        return remaining.map { .json(JSON.object(["room": .int($0)]).text) } ?? Response(.noContent)
    }

    private func renew(_ call: Call) throws(Fault) -> Response {
        let body = try serviceBody(call)
        let held = body["tokens"]?.array.map { Set($0.compactMap(\.string)) }
        let tokens = try catalog.renew(held, heldBy: try body.text("worker"))
        return .json(JSON.object(["tokens": .array(tokens.map { .string($0) })]).text)
    }

    /// Ends an upload. The answer has the image if the message asks for it; `glance-api` of the previous release does not ask.
    private func finish(_ call: Call) throws(Fault) -> Response {
        let body = try serviceBody(call)
        let image = try catalog.finish(
            try upload(body), at: try ImageLocation(wire: body["location"]?.object ?? [:]),
            try MeasuredBytes(wire: body["measured"]?.object ?? [:]), claiming: try QuotaClaim.claim(in: body),
            isShown: body["is_shown"]?.bool == true)
        return image.map { .image($0) } ?? Response(.noContent)
    }

    private func abort(_ call: Call) throws(Fault) -> Response {
        let body = try serviceBody(call)
        guard let status = ImageStatus(rawValue: try body.text("status")), status == .queued || status == .killed else {
            throw Fault(.invalid, "An upload that failed leaves its image queued or killed.")
        }
        try catalog.abort(try upload(body), as: status, because: body["reason"]?.string ?? "")
        return Response(.noContent)
    }

    private func order(_ call: Call) throws(Fault) -> Response {
        let body = try serviceBody(call)
        let copy = OrderedCopy(image: ImageID(try body.text("image_id")), url: try body.text("url"), trace: Trace.current)
        try catalog.order(copy)
        return Response(.noContent)
    }

    /// Answers with the mark of a folder. If the message contains a mark, it is stored unless the folder already has one.
    private func markOfFolder(_ call: Call) throws(Fault) -> Response {
        let body = try serviceBody(call)
        let path = try body.text("path")
        guard let mark = body["mark"]?.string else {
            return .json(JSON.object(["mark": try catalog.mark(ofFolder: path).map { .string($0) } ?? .null]).text)
        }
        return .json(JSON.object(["mark": .string(try catalog.note(mark: mark, ofFolder: path))]).text)
    }

    private func contentsOfFolder(_ call: Call) throws(Fault) -> Response {
        let body = try serviceBody(call)
        let urls = try catalog.recordedURLs(
            inFolder: try body.text("path"), atMost: Int(clamping: max(0, min(1000, try body.number("limit")))))
        return .json(JSON.object(["urls": .array(urls.map { .string($0) })]).text)
    }

    private func serviceBody(_ call: Call) throws(Fault) -> JSONObject {
        try call.requireService()
        return try call.jsonObject()
    }

    private func upload(_ body: JSONObject) throws(Fault) -> Upload { try Upload(wire: body["upload"]?.object ?? [:]) }
}
