package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// The stores of a site with several stores, and the deletion of an image's data in one of them.
package struct StoresHandlers: RouteGroup {
    let service: ImageService
    let locations: LocationService

    package init(_ parts: V2API.Parts) { (service, locations) = (parts.service, parts.locations) }

    package static let subject = "Stores"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/info/stores",            body: .none, list,     200, "Lists the stores; 404 where the site has one without a name."),
        Row(.GET,    "/v2/info/stores/detail",     body: .none, detailed, 200, "Lists the stores with their types and settings, to administrators and services."),
        Row(.DELETE, "/v2/stores/{store}/{image}", body: .none, remove,   204, "Removes an image's data from one of several stores."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response { try response(service.namedStores, isDetailed: false) }

    private func detailed(_ call: Call) throws(Fault) -> Response {
        try response(try service.storesInDetail(for: call.caller), isDetailed: true)
    }

    private func response(_ stores: [StoreInfo]?, isDetailed: Bool) throws(Fault) -> Response {
        guard let stores else { throw Fault(.notFound, "This site has a single store.") }
        var json = JSONWriter()
        json.object { json in
            json.key("stores")
            json.array { json in for store in stores { store.write(isDetailed: isDetailed, to: &json) } }
        }
        return .json(json.bytes)
    }

    private func remove(_ call: Call) throws(Fault) -> Response {
        try locations.remove(call.imageID, fromStore: call.parameters["store"], by: call.caller)
        return Response(.noContent)
    }
}

extension StoreInfo {
    /// Writes the store's description. Like in Glance, a flag that is set is the text "true", and one that is not set is left out.
    fileprivate func write(isDetailed: Bool, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            if let description { json.member("description", description) }
            if isDefault { json.member("default", "true") }
            if isReadOnly { json.member("read-only", "true") }
            guard isDetailed else { return }
            json.member("type", type)
            json.member("properties", .object(properties))
            json.member("weight", Int64(weight))
        }
    }
}
