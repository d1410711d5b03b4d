internal import Domain
internal import JSONDocument

/// The payloads of metadata definitions, with Glance's fields in Glance's order.
extension Notification {
    static func write(_ namespace: MetadefNamespace, _ formerly: String?, _ deletedAt: Timestamp?, to json: inout JSONWriter) {
        json.object { json in
            json.member("namespace", namespace.name)
            json.member("namespace_old", formerly ?? namespace.name)
            json.member("display_name", namespace.fields.displayName)
            json.member("protected", namespace.isProtected)
            json.member("visibility", namespace.fields.visibility.rawValue)
            json.member("owner", namespace.fields.owner)
            json.member("description", namespace.fields.description)
            json.member("created_at", namespace.createdAt.description)
            json.member("updated_at", (namespace.updatedAt ?? namespace.createdAt).description)
            end(deletedAt, &json)
        }
    }

    /// - Parameter namespace: the name of the item's namespace.
    static func write(
        _ item: MetadefItem, _ namespace: String, _ formerly: String?, _ deletedAt: Timestamp?, to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("namespace", namespace)
            json.member("name", item.name)
            json.member("name_old", formerly ?? item.name)
            switch item {
            case .resourceType(let association):
                json.member("prefix", association.prefix)
                json.member("properties_target", association.propertiesTarget)
                write(association.record, &json)
            case .property(let property):
                let schema = object(property.schema)
                for field in schemaFields { json.member(field, schema[field] ?? .null) }
            case .object(let group):
                json.key("properties")
                json.array { json in object(group.properties ?? "{}").forEach { write($0, $1, &json) } }
                json.key("required")
                if let required = group.required {
                    json.array { json in for name in required { json.string(name) } }
                } else {
                    json.null()
                }
                json.member("description", group.description)
                write(group.record, &json)
            case .tag(let tag): write(tag.record, &json)
            }
            end(deletedAt, &json)
        }
    }

    /// Writes a property of an object. Unlike elsewhere, Glance writes its empty, zero or false values as null.
    private static func write(_ name: String, _ schema: JSON, _ json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            for field in schemaFields {
                let value = schema.object?[field] ?? .null
                json.member(field, value.isNothing ? .null : value)
            }
        }
    }

    private static func write(_ record: MetadefRecord?, _ json: inout JSONWriter) {
        json.member("created_at", record?.createdAt.description)
        json.member("updated_at", (record?.updatedAt ?? record?.createdAt)?.description)
    }

    private static func end(_ deletedAt: Timestamp?, _ json: inout JSONWriter) {
        json.member("deleted", deletedAt != nil)
        json.member("deleted_at", deletedAt?.description)
    }

    private static let schemaFields = [
        "type", "title", "description", "default", "minimum", "maximum", "enum", "pattern", "minLength", "maxLength", "confidential",
        "items", "uniqueItems", "minItems", "maxItems", "additionalItems",
    ]

    /// Parses a text from the catalog; a text that is no object, written by another service, counts as empty.
    private static func object(_ text: String) -> JSONObject { (try? JSON(parsing: Array(text.utf8)))?.object ?? [:] }
}

extension JSON {
    /// Whether Python takes the value as false.
    fileprivate var isNothing: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        }
    }
}
