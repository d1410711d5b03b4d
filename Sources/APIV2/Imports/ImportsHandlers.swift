package import APICommon
internal import Domain
internal import HTTP
internal import Importing
internal import JSONDocument
internal import Operations

/// Staging and importing of image data; `glance-tasks` does the imports.
package struct ImportsHandlers: RouteGroup {
    let service: ImportService
    let nodes: any OtherNodes

    package init(_ parts: V2API.Parts) { (service, nodes) = (parts.imports, parts.nodes) }

    package static let subject = "Imports"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.PUT,  "/v2/images/{image}/stage",  stage,                    204, "Takes data that an import is to use."),
        Row(.POST, "/v2/images/{image}/import", order,                    202, "Orders an import, which glance-tasks does; see [imports.md](imports.md)."),
        Row(.GET,  "/v2/info/import",           body: .none, tellMethods, 200, "Lists the import methods of this site."),
    ]

    private func stage(_ call: Call) throws(Fault) -> Response {
        let announced = try call.announcedData()
        return try service.service.clientUploads.withOne(for: call.caller.project) { () throws(Fault) in
            try service.stage(call.imageID, from: call.request.body, announced: announced, by: call.caller)
            return Response(.noContent)
        }
    }

    private func order(_ call: Call) throws(Fault) -> Response {
        let request = try ImportRequest(try call.jsonObject(), store: call.request.headers["X-Image-Meta-Store"])
        guard let node = try service.order(request, on: call.imageID, by: call.caller, wasPassedOn: call.wasPassedOn) else {
            return Response(.accepted)
        }
        return Response(.accepted, passedOnAs: try nodes.send(call.toPassOn(body: JSON.object(request.body).text), to: node))
    }

    private func tellMethods(_ call: Call) -> Response {
        let methods: JSON = [
            "description": "Import methods available.", "type": "array",
            "value": .array(service.settings.methods.map { .string($0.rawValue) }),
        ]
        return .json(JSON.object(["import-methods": methods]).text)
    }
}

extension ImportRequest {
    /// Reads the body of an import request.
    ///
    /// - Parameter store: the store that the header names.
    /// - Throws: `.invalid` for a field that is missing or has the wrong type.
    init(_ body: JSONObject, store: String?) throws(Fault) {
        guard let method = body["method"] else { throw Fault(.invalid, "Import request requires a 'method' field.") }
        guard let method = method.object else { throw Fault(.invalid, "The 'method' of an import must be an object.") }
        guard let name = method["name"] else { throw Fault(.invalid, "Import request requires a 'name' field.") }
        guard let known = name.string.flatMap({ ImportPlan.Name(rawValue: $0) }) else {
            throw Fault(.invalid, "Unknown import method name '\((name.string ?? "").prefix(80))'.")
        }
        self.init(known, body: body)
        allMustSucceed = try Self.flag("all_stores_must_succeed", body) ?? true
        wantsAllStores = try Self.flag("all_stores", body) ?? false
        stores = try Self.stores(body)
        self.store = store
        url = try Self.text("uri", method)
        region = try Self.text("glance_region", method)
        regionImage = try Self.text("glance_image_id", method)
        interface = try Self.text("glance_service_interface", method)
        if let validation = body["validation_data"] ?? method["validation_data"] { expected = try ImageHash(validation: validation) }
    }

    private static func flag(_ name: String, _ object: JSONObject) throws(Fault) -> Bool? {
        guard let value = object[name] else { return nil }
        guard let flag = value.bool else { throw Fault(.invalid, "'\(name)' must be boolean value only") }
        return flag
    }

    private static func text(_ name: String, _ object: JSONObject) throws(Fault) -> String? {
        guard let value = object[name], value != .null else { return nil }
        guard let text = value.string else { throw Fault(.invalid, "'\(name)' must be a text.") }
        return text
    }

    private static func stores(_ object: JSONObject) throws(Fault) -> [String]? {
        guard let value = object["stores"] else { return nil }
        guard let stores = value.array?.map(\.string), !stores.contains(nil) else {
            throw Fault(.invalid, "'stores' must be a list of names.")
        }
        return stores.compactMap(\.self)
    }
}

extension ImageHash {
    /// Reads `{"os_hash_algo": "sha512", "os_hash_value": "…"}`.
    ///
    /// - Throws: `.invalid` for anything else.
    init(validation: JSON) throws(Fault) {
        guard let object = validation.object else { throw Fault(.invalid, "'validation_data' must be an object.") }
        guard Set(object.keys) == ["os_hash_algo", "os_hash_value"], let algorithm = object["os_hash_algo"]?.string,
            let value = object["os_hash_value"]?.string
        else { throw Fault(.invalid, "'validation_data' must have os_hash_algo and os_hash_value, and nothing else.") }
        self.init(algorithm: algorithm, value: value.lowercased())
        try check()
    }
}
