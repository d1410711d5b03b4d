package import APICommon
package import Domain
internal import HTTP
internal import JSONDocument
internal import RegistryWire

/// The registry's requests for image records. `glance-api` sends them for V1 on behalf of its callers. It has already applied the
/// policy to a change; ownership is checked here again.
package struct RegistryHandlers: RouteGroup {
    let catalog: any Catalog
    /// Images on a page if the query has no limit, and the largest limit.
    let usualPage, longestPage: Int

    package init(_ parts: RegistryAPI.Parts) {
        (catalog, usualPage, longestPage) = (parts.catalog, parts.usualPage, parts.longestPage)
    }

    package static let subject = "Records"
    package static let origin = GlanceOrigin.olderGlance

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/",                  brief,    200, "Lists images in brief."),
        Row(.POST,   "/",                  brief,    200, "Lists images in brief."),
        Row(.PUT,    "/",                  brief,    200, "Lists images in brief."),
        Row(.DELETE, "/",                  brief,    200, "Lists images in brief."),
        Row(.GET,    "/images",            brief,    200, "Lists images in brief."),
        Row(.GET,    "/images/detail",     detailed, 200, "Lists images with all fields."),
        Row(.POST,   "/images",            create,   200, "Creates a record."),
        Row(.GET,    "/images/{image}",    show,     200, "Shows a record, with an `ETag` of its state."),
        Row(.PUT,    "/images/{image}",    update,   200, "Changes a record, where `If-Match` still holds."),
        Row(.DELETE, "/images/{image}",    delete,   200, "Deletes a record and notes that its data are to be removed."),
        Row(.POST,   "/lists/rest",        rest,     200, "Reads the rest of a page that was too long for one answer.", origin: .vitrine),
        Row(.DELETE, "/removals/{number}", complete, 204, "Notes that the data of a deleted image are removed.", origin: .vitrine),
    ]

    private func brief(_ call: Call) throws(Fault) -> Response {
        try list(call, WireImage.writeBrief)
    }

    private func detailed(_ call: Call) throws(Fault) -> Response {
        guard ImageListing.isInParts(call.query) else { return try list(call) { WireImage.write($0, for: .api, to: &$1) } }
        let (listing, reader) = try listing(call)
        return .part(try catalog.page(listing, visibleTo: reader))
    }

    private func list(_ call: Call, _ write: @escaping (Image, inout JSONWriter) -> Void) throws(Fault) -> Response {
        let (listing, reader) = try listing(call)
        let walk = try ImageWalk(listing, in: catalog, for: reader)
        return .json { json throws(Fault) in try WireImage.write(walk, to: &json, write) }
    }

    /// Answers with further images of a list that was sent in parts: the images that the body names, if the list still contains them.
    private func rest(_ call: Call) throws(Fault) -> Response {
        let (listing, reader) = try listing(call)
        guard let elements = try call.jsonObject()["rest"]?.array, elements.count <= longestPage else {
            throw Fault(.invalid, "The request body must name images of the list: {\"rest\": […]}.")
        }
        return .part(try catalog.page(of: elements.compactMap(\.string).map { ImageID($0) }, in: listing, visibleTo: reader))
    }

    private func listing(_ call: Call) throws(Fault) -> (listing: ImageListing, reader: Caller) {
        try ImageListing.fromV1Query(call.query, for: call.caller, usual: usualPage, most: longestPage)
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        let body = try call.jsonObject()
        let object = try call.imageObject(of: body)
        var random = SystemRandomNumberGenerator()
        let id = object["id"].flatMap { $0 == .null ? nil : ImageID($0.string ?? "") } ?? .random(using: &random)
        guard id.isUUID else { throw Fault(.invalid, "Invalid image id: '\(id.text.prefix(80))'.") }
        var draft = try V1Fields(wire: object).draft(id, status: .active)
        if !call.caller.isAdmin { draft.owner = call.caller.project }
        return .image(try catalog.insert(draft, claiming: try QuotaClaim.claim(in: body)))
    }

    private func show(_ call: Call) throws(Fault) -> Response {
        let (id, caller) = (call.imageID, call.caller)
        do throws(Fault) {
            // glance-api asks for the record without locations if it does not need them: they are a quarter of the statement's cost.
            let isAlone = call.query["locations"] == "false"
            return .image(try isAlone ? catalog.image(id, visibleTo: caller) : catalog.locatedImage(id, visibleTo: caller))
        } catch {
            guard error.kind == .notFound, caller.isAdmin else { throw error }
            return .image(try catalog.recordedImage(id, visibleTo: caller))
        }
    }

    private func update(_ call: Call) throws(Fault) -> Response {
        let body = try call.jsonObject()
        let fields = try V1Fields(wire: try call.imageObject(of: body))
        let purges = call.request.headers["X-Glance-Registry-Purge-Props"] == "true" || body["purge_props"]?.bool == true
        let image = try catalog.update(call.imageID, visibleTo: call.caller, claiming: try QuotaClaim.claim(in: body)) {
            image throws(Fault) in
            try checkIsOwn(image, call.caller)
            try call.requireState(of: image)
            if let state = body["from_state"]?.string, state != image.status.rawValue {
                throw Fault(.conflict, "Image operation conflicts")
            }
            let (owner, status) = (image.owner, image.status)
            fields.apply(to: &image, purging: purges)
            guard image.status == status || status.mayBecome(image.status) else {
                throw Fault(.conflict, "An image that is \(status.rawValue) cannot become \(image.status.rawValue).")
            }
            if !call.caller.isAdmin { image.owner = owner }
        }
        return .image(image)
    }

    private func delete(_ call: Call) throws(Fault) -> Response {
        var deleted: Image?
        let owed = try catalog.delete(call.imageID, visibleTo: call.caller) { image throws(Fault) in
            try checkIsOwn(image, call.caller)
            try call.requireState(of: image)
            deleted = image
        }
        var json = JSONWriter()
        json.object { json in
            if let deleted {
                json.key("image")
                WireImage.write(deleted, for: .api, to: &json)
            }
            json.member("removals", .array(owed.map { .object($0.wire) }))
        }
        return .json(json.bytes)
    }

    private func complete(_ call: Call) throws(Fault) -> Response {
        try call.requireService()
        guard let number = Int64(call.parameters["number"]) else { throw Fault(.notFound, "There is no such removal.") }
        try catalog.complete(OwedRemoval(number: number, image: ImageID(""), url: "", store: nil))
        return Response(.noContent)
    }

    private func checkIsOwn(_ image: Image, _ caller: Caller) throws(Fault) {
        guard caller.mayChange(image) else {
            throw image.visibility == .public || image.visibility == .community
                ? Fault(.forbidden, "You do not own this image.") : .imageNotFound(image.id)
        }
    }
}

extension Call {
    /// The member `image` of a body.
    fileprivate func imageObject(of body: JSONObject) throws(Fault) -> JSONObject {
        guard let object = body["image"]?.object else {
            throw Fault(.invalid, "The request body must hold an image: {\"image\": {…}}.")
        }
        return object
    }

    /// Checks the `If-Match` header.
    ///
    /// - Throws: `.changedMeanwhile` if the image has another state than `If-Match` names.
    fileprivate func requireState(of image: Image) throws(Fault) {
        guard let wanted = request.headers["If-Match"], wanted != ImageTag.of(WireImage.document(of: image)) else { return }
        throw Fault(.changedMeanwhile, "The image was changed meanwhile.")
    }

    /// - Throws: `.forbidden` unless `glance-api` asks in its own name.
    func requireService() throws(Fault) {
        guard caller.standing == .service else { throw Fault(.forbidden, "Only the service itself may do this.") }
    }
}

extension Response {
    fileprivate static func part(_ page: ImagePage) -> Response { .json { json in WireImage.write(page, to: &json) } }

    /// An answer with an image; `ETag` names its state.
    static func image(_ image: Image) -> Response {
        let document = WireImage.document(of: image)
        var response = Response.json(document)
        response.headers["ETag"] = ImageTag.of(document)
        return response
    }
}
