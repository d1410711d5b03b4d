package import APICommon
internal import Domain
internal import HTTP
internal import Importing
internal import JSONDocument
internal import Operations

/// Locations of an image, for services of the cloud that stored the data themselves. Source: Image API 2.17,
/// https://docs.openstack.org/api-ref/image/v2/index.html
package struct LocationsHandlers: RouteGroup {
    let imports: ImportService
    let locations: LocationService

    package init(_ parts: V2API.Parts) { (imports, locations) = (parts.imports, parts.locations) }

    package static let subject = "Locations"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,  "/v2/images/{image}/locations", list, 200, "Lists where an image's data lie, to administrators and services."),
        Row(.POST, "/v2/images/{image}/locations", add,  202, "Orders that data at a URL become the image's."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        var json = JSONWriter()
        let locations = try locations.locations(of: call.imageID, for: call.caller)
        json.array { json in for location in locations { location.write(to: &json) } }
        return .json(json.bytes)
    }

    private func add(_ call: Call) throws(Fault) -> Response {
        let body = try call.jsonObject()
        guard let url = body["url"]?.string else { throw Fault(.invalid, "A location requires a text 'url'.") }
        guard url.utf8.count <= FetchURL.longest else { throw Fault(.invalid, "The url is longer than \(FetchURL.longest) bytes.") }
        var expected: ImageHash?
        if let validation = body["validation_data"], validation != .null, validation.object?.isEmpty != true {
            expected = try ImageHash(validation: validation)
        }
        try imports.order(url, expecting: expected, on: call.imageID, by: call.caller)
        return Response(.accepted)
    }
}
