internal import Domain
internal import JSONDocument

/// The JSON schemas of images and members. Clients build their models from them, so they contain every field.
///
/// Source: https://docs.openstack.org/api-ref/image/v2/index.html, "Image Schemas"
package struct ImageSchemas: Sendable {
    /// The schema of an image; it also checks the body that creates one.
    let image: JSONSchema
    /// The same without required fields, for a part of an image.
    let change: JSONSchema
    let images: JSONSchema
    let member: JSONSchema
    let members: JSONSchema
    let site: SiteProperties

    package init(diskFormats: [String], containerFormats: [String], site: SiteProperties = .none) {
        self.site = site
        var image = Self.image(diskFormats: diskFormats, containerFormats: containerFormats, site)
        change = JSONSchema(name: "image", image)
        if !site.required.isEmpty { image["required"] = .array(site.required.map { .string($0) }) }
        self.image = JSONSchema(name: "image", image)
        images = JSONSchema(name: "images", Self.collection(of: "images", image, paged: true))
        member = JSONSchema(name: "member", Self.member)
        members = JSONSchema(name: "members", Self.collection(of: "members", Self.member, paged: false))
    }

    static let uuid = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"

    private static func image(diskFormats: [String], containerFormats: [String], _ site: SiteProperties) -> JSONObject {
        let textOrNull: JSON = ["null", "string"]
        let integerOrNull: JSON = ["null", "integer"]
        func orNull(_ formats: [String]) -> JSON { .array([.null] + formats.map { .string($0) }) }
        // swift-format-ignore
        var properties: JSONObject = [
            "id": ["type": "string", "description": "An identifier for the image", "pattern": .string(uuid)],
            "name": ["type": textOrNull, "description": "The name of the image", "maxLength": 255],
            "status": ["type": "string", "readOnly": true, "description": "The status of the image",
                       "enum": ["queued", "saving", "active", "killed", "deleted", "uploading", "importing", "pending_delete", "deactivated"]],
            "visibility": ["type": "string", "description": "Who may see the image", "enum": ["community", "public", "private", "shared"]],
            "protected": ["type": "boolean", "description": "Whether the image cannot be deleted"],
            "os_hidden": ["type": "boolean", "description": "Whether lists leave the image out unless they ask for hidden ones"],
            "checksum": ["type": textOrNull, "readOnly": true, "description": "MD5 of the image's data", "maxLength": 32],
            "os_hash_algo": ["type": textOrNull, "readOnly": true, "description": "The algorithm of os_hash_value", "maxLength": 64],
            "os_hash_value": ["type": textOrNull, "readOnly": true, "description": "Digest of the image's data by os_hash_algo, in hexadecimal", "maxLength": 128],
            "owner": ["type": textOrNull, "description": "The project that the image belongs to", "maxLength": 255],
            "size": ["type": integerOrNull, "readOnly": true, "description": "Size of the image's data in bytes"],
            "virtual_size": ["type": integerOrNull, "readOnly": true, "description": "Size of the virtual disk in bytes"],
            "container_format": ["type": textOrNull, "description": "Format of the container", "enum": orNull(containerFormats)],
            "disk_format": ["type": textOrNull, "description": "Format of the disk", "enum": orNull(diskFormats)],
            "created_at": ["type": "string", "readOnly": true, "description": "When the image was registered"],
            "updated_at": ["type": "string", "readOnly": true, "description": "When the image's record was last changed"],
            "tags": ["type": "array", "description": "Words related to the image", "items": ["type": "string", "maxLength": 255]],
            "direct_url": ["type": "string", "readOnly": true, "description": "Where a store keeps the image's data"],
            "min_ram": ["type": "integer", "description": "Least memory to boot the image, in MB"],
            "min_disk": ["type": "integer", "description": "Least disk to boot the image, in GB"],
            "self": ["type": "string", "readOnly": true, "description": "The image's path"],
            "file": ["type": "string", "readOnly": true, "description": "The path of the image's data"],
            "stores": ["type": "string", "readOnly": true, "description": "The stores that hold the image's data, with commas between; only where there are several stores"],
            "schema": ["type": "string", "readOnly": true, "description": "The path of this schema"],
            "locations": ["type": "array", "description": "Where stores keep the image's data", "items": location],
        ]
        site.properties.forEach { properties[$0] = $1 }
        return [
            "name": "image", "properties": .object(properties), "additionalProperties": ["type": "string"],
            "links": [link("self", "{self}"), link("enclosure", "{file}"), link("describedby", "{schema}")],
        ]
    }

    private static let location: JSON = [
        "type": "object",
        "properties": [
            "url": ["type": "string", "maxLength": 255],
            "metadata": ["type": "object"],
            "validation_data": [
                "description": "Digests that the data must have", "type": "object", "writeOnly": true,
                "additionalProperties": false,
                "properties": [
                    "checksum": ["type": "string", "minLength": 32, "maxLength": 32],
                    "os_hash_algo": ["type": "string", "maxLength": 64],
                    "os_hash_value": ["type": "string", "maxLength": 128],
                ],
                "required": ["os_hash_algo", "os_hash_value"],
            ],
        ],
        "required": ["url", "metadata"],
    ]

    private static let member: JSONObject = [
        "name": "member",
        "properties": [
            "member_id": ["type": "string", "description": "The project that the image is shared with"],
            "image_id": ["type": "string", "description": "An identifier for the image", "pattern": .string(uuid)],
            "created_at": ["type": "string", "description": "When the project became a member"],
            "updated_at": ["type": "string", "description": "When the membership was last changed"],
            "status": ["type": "string", "description": "The project's answer", "enum": ["pending", "accepted", "rejected"]],
            "schema": ["readOnly": true, "type": "string"],
        ],
    ]

    static func collection(of name: String, _ item: JSONObject, paged: Bool) -> JSONObject {
        let path: JSON = ["type": "string"]
        var properties: JSONObject = [:]
        properties[name] = ["type": "array", "items": .object(item)]
        if paged {
            properties["first"] = path
            properties["next"] = path
        }
        properties["schema"] = path
        let paging = paged ? [link("first", "{first}"), link("next", "{next}")] : []
        return [
            "name": .string(name), "properties": .object(properties),
            "links": .array(paging + [link("describedby", "{schema}")]),
        ]
    }

    private static func link(_ relation: String, _ target: String) -> JSON {
        ["rel": .string(relation), "href": .string(target)]
    }
}

/// A site's rules for custom properties: their descriptions, allowed values, and the ones that an image must have.
///
/// Source: Glance, `schema-image.json`.
package struct SiteProperties: Sendable {
    /// JSON schemas by name, marked as not being Glance's own.
    let properties: JSONObject
    let required: [String]

    /// Whether the site describes the property. A described property without a value is shown as null, any other as an empty text:
    /// clients check what they get against the schema, which allows only texts for the others.
    func declares(_ name: String) -> Bool { properties[name] != nil }

    package static let none = SiteProperties(properties: [:], required: [])

    private init(properties: JSONObject, required: [String]) { (self.properties, self.required) = (properties, required) }

    /// Why the file cannot be used.
    package struct Unusable: Error {
        package let reason: String
    }

    /// Reads `{"name": schema, …}`, or `{"properties": {"name": schema, …}, "required": ["name", …]}`.
    package init(_ text: [UInt8]) throws(Unusable) {
        guard let document = (try? JSON(parsing: text))?.object else { throw Unusable(reason: "is no JSON object") }
        let isFlat = document["properties"] == nil
        guard let given = isFlat ? document : document["properties"]?.object else { throw Unusable(reason: "'properties' is no object") }
        var properties = JSONObject()
        try given.forEach { (name, schema) throws(Unusable) in
            guard var schema = schema.object else { throw Unusable(reason: "'\(name)' is described by no object") }
            if Image.fieldNames.contains(name) || name == "stores" || name.hasPrefix("os_glance") {
                throw Unusable(reason: "'\(name)' conflicts with base properties")
            }
            schema["is_base"] = .bool(false)
            properties[name] = .object(schema)
        }
        let required = isFlat ? [] : document["required"]?.array ?? []
        self.init(properties: properties, required: required.compactMap(\.string))
    }
}
