package import APICommon
internal import Domain
internal import HTTP
internal import Importing
internal import JSONDocument
internal import Operations

/// Image records: list, create, show, change, delete.
package struct ImagesHandlers: RouteGroup {
    let service: ImageService
    let locations: LocationService
    let schemas: ImageSchemas
    let paging: Paging
    let shows: Shown
    /// Names of the import methods, for the header of a new image.
    let importMethods: [String]
    let nodes: any OtherNodes

    /// Whether images show where their data is stored, to callers who may see it.
    package struct Shown: Sendable {
        /// `show_image_direct_url`
        package var directURL = false
        /// `show_multiple_locations`
        package var locations = false

        package init() {}
    }

    /// The number of images on a page.
    package struct Paging: Sendable {
        /// If the query has no limit.
        package var usual: Int
        /// The largest limit.
        package var most: Int

        package init(usual: Int = 25, most: Int = 1000) {
            self.usual = usual
            self.most = most
        }
    }

    package init(_ parts: V2API.Parts) {
        (service, locations, schemas) = (parts.service, parts.locations, parts.imageSchemas)
        (paging, shows, nodes) = (parts.paging, parts.shows, parts.nodes)
        importMethods = parts.imports.settings.methods.map(\.rawValue)
    }

    package static let subject = "Images"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/images",                            list,                    200, "Lists the images that the caller sees, with filters, sorting and pages."),
        Row(.POST,   "/v2/images",                            create,                  201, "Creates a record without data, in status queued."),
        Row(.GET,    "/v2/images/{image}",                    body: .none, show,       200, "Shows a record."),
        Row(.PATCH,  "/v2/images/{image}",                    update,                  200, "Changes fields, properties, tags and, where the site allows it, locations."),
        Row(.DELETE, "/v2/images/{image}",                    body: .none, delete,     204, "Deletes an image and its data."),
        Row(.POST,   "/v2/images/{image}/actions/deactivate", body: .none, deactivate, 204, "Forbids the download of an image to all but administrators."),
        Row(.POST,   "/v2/images/{image}/actions/reactivate", body: .none, reactivate, 204, "Allows the download again."),
        Row(.PUT,    "/v2/images/{image}/tags/{tag}",         body: .none, tag,        204, "Adds a tag."),
        Row(.DELETE, "/v2/images/{image}/tags/{tag}",         body: .none, untag,      204, "Removes a tag."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let query = call.query
        let page = try service.list(try ImageListing(query, paging), for: call.caller)
        let links = PageLinks("/v2/images", query)
        return .json { json in
            json.object { json in
                json.key("images")
                json.array { json in for image in page.images { document(of: image, for: call.caller).write(to: &json) } }
                json.member("first", links.first)
                json.member("schema", "/v2/schemas/images")
                if let marker = page.nextMarker { json.member("next", links.next(after: marker.text)) }
            }
        }
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        let draft = try ImageDraft(try call.jsonObject(), by: call.caller, schemas.image)
        let image = try service.create(draft, by: call.caller)
        var response = response(.created, image, for: call.caller)
        response.headers["Location"] = "\(call.request.baseURL.address)/v2/images/\(image.id)"
        if !importMethods.isEmpty { response.headers["OpenStack-image-import-methods"] = importMethods.joined(separator: ",") }
        if let stores = service.namedStores { response.headers["OpenStack-image-store-ids"] = stores.map(\.id).joined(separator: ",") }
        return response
    }

    private func show(_ call: Call) throws(Fault) -> Response {
        let image = try service.show(call.imageID, to: call.caller)
        locations.repairLabels(of: image)
        return response(.ok, image, for: call.caller)
    }

    private func update(_ call: Call) throws(Fault) -> Response {
        let dialect = try JSONPatch.Dialect(contentType: call.request.headers["Content-Type"])
        let changes = try ImageChange.all(of: try call.json(), dialect, schemas.change)
        return response(.ok, try locations.update(call.imageID, changes, by: call.caller), for: call.caller)
    }

    private func delete(_ call: Call) throws(Fault) -> Response {
        guard !call.wasPassedOn else {
            try service.delete(call.imageID, by: call.caller)
            return Response(.noContent)
        }
        let requestID = try service.delete(call.imageID, by: call.caller) { node throws(Fault) in try nodes.send(call.toPassOn(), to: node)
        }
        return Response(.noContent, passedOnAs: requestID)
    }

    private func deactivate(_ call: Call) throws(Fault) -> Response {
        try service.deactivate(call.imageID, by: call.caller)
        return Response(.noContent)
    }

    private func reactivate(_ call: Call) throws(Fault) -> Response {
        try service.reactivate(call.imageID, by: call.caller)
        return Response(.noContent)
    }

    private func tag(_ call: Call) throws(Fault) -> Response {
        let tag = call.parameters["tag"]
        try ImageText.check(tag: tag)
        try service.tag(call.imageID, tag, by: call.caller)
        return Response(.noContent)
    }

    private func untag(_ call: Call) throws(Fault) -> Response {
        try service.untag(call.imageID, call.parameters["tag"], by: call.caller)
        return Response(.noContent)
    }

    private func response(_ status: Status, _ image: Image, for caller: Caller) -> Response {
        let document = document(of: image, for: caller)
        return .json(status) { json in document.write(to: &json) }
    }

    private func document(of image: Image, for caller: Caller) -> ImageDocument {
        var document = ImageDocument(image: image, site: schemas.site)
        document.stores = service.shownStores(of: image, to: caller)
        guard shows.directURL || shows.locations else { return document }
        let shown = service.shownLocations(of: image, to: caller)
        if shows.directURL { document.directURL = shown.first?.shownURL }
        if shows.locations { document.locations = shown }
        return document
    }
}
