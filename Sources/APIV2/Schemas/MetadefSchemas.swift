internal import JSONDocument

/// The JSON schemas of metadata definitions.
///
/// Source: https://docs.openstack.org/api-ref/image/v2/metadefs-index.html, "Metadata Definition Schemas"
package struct MetadefSchemas: Sendable {
    let namespace = JSONSchema(name: "namespace", Self.document("namespace", Self.namespaceFields, ["namespace"], Self.definitions))
    let namespaces = JSONSchema(
        name: "namespaces", Self.list("namespaces", "namespace", Self.namespaceFields, ["namespace"], Self.definitions))
    let object = JSONSchema(name: "object", Self.document("object", Self.objectFields, ["name"], Self.definitions))
    let objects = JSONSchema(name: "objects", Self.list("objects", "object", Self.objectFields, ["name"], Self.definitions))
    let property = JSONSchema(
        name: "property", Self.document("property", Self.propertyFields, ["type", "title", "name"], Self.definitionsOfProperty))
    let properties = JSONSchema(name: "properties", Self.map)
    let tag = JSONSchema(name: "tag", Self.document("tag", Self.tagFields, ["name"]))
    let tags = JSONSchema(name: "tags", Self.list("tags", "tag", Self.tagFields, ["name"]))
    let resourceType = JSONSchema(
        name: "resource_type_association", Self.document("resource_type_association", Self.associationFields, ["name"]))
    let resourceTypes = JSONSchema(
        name: "resource_type_associations",
        Self.list("resource_type_associations", "resource_type_association", Self.associationFields, ["name"]))

    /// The schema of a request that gives a namespace several tags; the API has no path to read it.
    let newTags = JSONSchema(
        name: "tags",
        [
            "properties": [
                "tags": [
                    "type": "array",
                    "items": [
                        "type": "object", "properties": ["name": ["type": "string", "maxLength": 80]], "required": ["name"],
                        "additionalProperties": false,
                    ],
                ]
            ],
            "required": ["tags"], "additionalProperties": false,
        ])

    package init() {}

    // MARK: fields

    private static let readOnlyText: JSON = ["readOnly": true, "type": "string"]

    private static func moment(_ description: String) -> JSON {
        ["type": "string", "readOnly": true, "description": .string(description), "format": "date-time"]
    }

    private static func name(_ description: String) -> JSON {
        ["type": "string", "description": .string(description), "maxLength": 80]
    }

    // swift-format-ignore
    private static let namespaceFields: JSONObject = [
        "namespace": name("The unique name of the namespace"),
        "display_name": name("The display name of the namespace"),
        "description": ["type": "string", "description": "What the namespace is for", "maxLength": 500],
        "visibility": ["type": "string", "description": "Who may see the namespace", "enum": ["public", "private"]],
        "protected": ["type": "boolean", "description": "Whether the namespace cannot be deleted"],
        "owner": ["type": "string", "description": "The project that the namespace belongs to", "maxLength": 255],
        "created_at": moment("When the namespace was created"),
        "updated_at": moment("When the namespace was last changed"),
        "schema": readOnlyText,
        "self": readOnlyText,
        "resource_type_associations": ["type": "array", "items": [
            "type": "object",
            "properties": ["name": ["type": "string"], "prefix": ["type": "string"], "properties_target": ["type": "string"]],
        ]],
        "properties": ["$ref": "#/definitions/property"],
        "objects": ["type": "array", "items": [
            "type": "object",
            "properties": [
                "name": ["type": "string"], "description": ["type": "string"], "required": ["$ref": "#/definitions/stringArray"],
                "properties": ["$ref": "#/definitions/property"],
            ],
        ]],
        "tags": ["type": "array", "items": ["type": "object", "properties": ["name": ["type": "string"]]]],
    ]

    private static let objectFields: JSONObject = [
        "name": ["type": "string", "maxLength": 80],
        "description": ["type": "string"],
        "required": ["$ref": "#/definitions/stringArray"],
        "properties": ["$ref": "#/definitions/property"],
        "schema": readOnlyText,
        "self": readOnlyText,
        "created_at": moment("When the object was created"),
        "updated_at": moment("When the object was last changed"),
    ]

    private static let tagFields: JSONObject = [
        "name": ["type": "string", "maxLength": 80],
        "created_at": moment("When the tag was created"),
        "updated_at": moment("When the tag was last changed"),
    ]

    private static let associationFields: JSONObject = [
        "name": name("The resource type, by Heat's name if it has one"),
        "prefix": name("The prefix of the namespace's properties on such resources, with its separator"),
        "properties_target": name("The set of properties, if such resources have several"),
        "created_at": moment("When the type was associated"),
        "updated_at": moment("When the association was last changed"),
    ]

    private static let types: JSON = ["array", "boolean", "integer", "number", "object", "string", nil]

    // swift-format-ignore
    private static let propertyFields: JSONObject = [
        "name": ["type": "string", "maxLength": 80],
        "title": ["type": "string"],
        "description": ["type": "string"],
        "operators": ["type": "array", "items": ["type": "string"]],
        "type": ["type": "string", "enum": types],
        "required": ["$ref": "#/definitions/stringArray"],
        "minimum": ["type": "number"],
        "maximum": ["type": "number"],
        "maxLength": ["$ref": "#/definitions/positiveInteger"],
        "minLength": ["$ref": "#/definitions/positiveIntegerDefault0"],
        "pattern": ["type": "string", "format": "regex"],
        "enum": ["type": "array"],
        "readonly": ["type": "boolean"],
        "default": [:],
        "items": ["type": "object", "properties": ["type": ["type": "string", "enum": types], "enum": ["type": "array"]]],
        "maxItems": ["$ref": "#/definitions/positiveInteger"],
        "minItems": ["$ref": "#/definitions/positiveIntegerDefault0"],
        "uniqueItems": ["type": "boolean", "default": false],
        "additionalItems": ["type": "boolean"],
    ]

    // MARK: definitions

    private static let positiveInteger: JSON = ["type": "integer", "minimum": 0]
    private static let positiveIntegerDefault0: JSON = ["allOf": [["$ref": "#/definitions/positiveInteger"], ["default": 0]]]

    private static let definitions: JSONObject = [
        "positiveInteger": positiveInteger,
        "positiveIntegerDefault0": positiveIntegerDefault0,
        "stringArray": ["type": "array", "items": ["type": "string"], "uniqueItems": true],
        "property": [
            "type": "object",
            "additionalProperties": ["type": "object", "required": ["title", "type"], "properties": .object(propertyFields)],
        ],
    ]

    private static let definitionsOfProperty: JSONObject = [
        "positiveInteger": positiveInteger,
        "positiveIntegerDefault0": positiveIntegerDefault0,
        "stringArray": ["type": "array", "items": ["type": "string"], "minItems": 1, "uniqueItems": true],
    ]

    // MARK: documents

    private static func document(
        _ name: String, _ fields: JSONObject, _ required: JSON, _ definitions: JSONObject? = nil
    ) -> JSONObject {
        var document: JSONObject = ["name": .string(name), "properties": .object(fields), "additionalProperties": false]
        if let definitions { document["definitions"] = .object(definitions) }
        document["required"] = required
        return document
    }

    private static func list(
        _ name: String, _ itemName: String, _ fields: JSONObject, _ required: JSON, _ definitions: JSONObject? = nil
    ) -> JSONObject {
        collection(name, ["type": "array", "items": .object(document(itemName, fields, required))], definitions)
    }

    /// Properties by name; the name is the key, so it is not among the fields.
    private static let map = collection(
        "properties", ["type": "object", "additionalProperties": .object(document("property", propertyFields, ["type", "title"]))],
        definitionsOfProperty)

    private static func collection(_ name: String, _ items: JSON, _ definitions: JSONObject?) -> JSONObject {
        var document: JSONObject = ["name": .string(name)]
        document["properties"] = .object([
            name: items, "first": ["type": "string"], "next": ["type": "string"], "schema": ["type": "string"],
        ])
        document["links"] = [
            ["rel": "first", "href": "{first}"], ["rel": "next", "href": "{next}"], ["rel": "describedby", "href": "{schema}"],
        ]
        if let definitions { document["definitions"] = .object(definitions) }
        return document
    }
}
