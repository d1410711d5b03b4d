internal import Domain
internal import JSONDocument
internal import Text

/// The JSON documents of metadata definitions. Fields without a value are left out.
struct MetadefDocument {
    /// Lists in a namespace that are written even if they are empty.
    var echoed: Set<String> = []
    /// Goes before the names of properties.
    var prefix = ""

    static func path(of namespace: String) -> String { "/v2/metadefs/namespaces/\(segment(namespace))" }

    /// - Parameter whole: passes the complete items to a closure; the namespace itself may hold their names alone.
    func write(
        _ namespace: MetadefNamespace, to json: inout JSONWriter,
        _ whole: ([MetadefItem], (MetadefItem) throws(Fault) -> Void) throws(Fault) -> Void
    ) throws(Fault) {
        try json.object { json throws(Fault) in
            let fields = namespace.fields
            json.member("namespace", fields.name)
            json.set("display_name", fields.displayName)
            json.set("description", fields.description)
            json.member("visibility", fields.visibility.rawValue)
            json.member("protected", fields.isProtected)
            json.member("owner", fields.owner)
            json.member("created_at", namespace.createdAt.description)
            json.set("updated_at", namespace.updatedAt?.description)
            if !namespace.contents.resourceTypes.isEmpty || echoed.contains("resource_type_associations") {
                json.key("resource_type_associations")
                json.array { json in for association in namespace.contents.resourceTypes { write(association, to: &json) } }
            }
            if !namespace.contents.properties.isEmpty || echoed.contains("properties") {
                json.key("properties")
                try write(properties: namespace.contents.properties, to: &json, whole)
            }
            if !namespace.contents.objects.isEmpty || echoed.contains("objects") {
                json.key("objects")
                try write(objects: namespace.contents.objects, of: fields.name, to: &json, whole)
            }
            if !namespace.contents.tags.isEmpty || echoed.contains("tags") {
                json.key("tags")
                json.array { json in for tag in namespace.contents.tags { json.object { $0.member("name", tag.name) } } }
            }
            json.member("self", Self.path(of: fields.name))
            json.member("schema", "/v2/schemas/metadefs/namespace")
        }
    }

    /// Passes items that are complete already.
    static func each(_ items: [MetadefItem], _ body: (MetadefItem) throws(Fault) -> Void) throws(Fault) {
        for item in items { try body(item) }
    }

    func write(_ object: MetadefObject, of namespace: String, to json: inout JSONWriter) throws(Fault) {
        write(object, try Self.properties(of: object), of: namespace, to: &json)
    }

    func write(
        objects: [MetadefObject], of namespace: String, to json: inout JSONWriter,
        _ whole: ([MetadefItem], (MetadefItem) throws(Fault) -> Void) throws(Fault) -> Void
    ) throws(Fault) {
        try json.array { json throws(Fault) in
            try whole(objects.map { .object($0) }) { item throws(Fault) in
                if !json.isAbandoned, case .object(let object) = item { try write(object, of: namespace, to: &json) }
            }
        }
    }

    func write(
        properties: [MetadefProperty], to json: inout JSONWriter,
        _ whole: ([MetadefItem], (MetadefItem) throws(Fault) -> Void) throws(Fault) -> Void
    ) throws(Fault) {
        try json.object { json throws(Fault) in
            try whole(properties.map { .property($0) }) { item throws(Fault) in
                guard !json.isAbandoned, case .property(let property) = item else { return }
                json.member(prefix + property.name, try MetadefSchemaText(property.schema).json)
            }
        }
    }

    func write(_ property: MetadefProperty, to json: inout JSONWriter) throws(Fault) {
        let schema = try MetadefSchemaText(property.schema).json
        json.object { json in
            json.member("name", property.name)
            schema.object?.forEach { if $0 != "name" { json.member($0, $1) } }
        }
    }

    func write(_ association: ResourceTypeAssociation, to json: inout JSONWriter) {
        json.object { json in
            json.member("name", association.name)
            json.set("prefix", association.prefix)
            json.set("properties_target", association.propertiesTarget)
            write(association.record, to: &json)
        }
    }

    func write(_ tag: MetadefTag, to json: inout JSONWriter) {
        json.object { json in
            json.member("name", tag.name)
            write(tag.record, to: &json)
        }
    }

    func write(_ type: ResourceType, to json: inout JSONWriter) {
        json.object { json in
            json.member("name", type.name)
            write(type.record, to: &json)
        }
    }

    // MARK: parts

    private typealias Schemas = [(name: String, schema: JSON)]

    private func write(_ record: MetadefRecord?, to json: inout JSONWriter) {
        guard let record else { return }
        json.member("created_at", record.createdAt.description)
        json.set("updated_at", record.updatedAt?.description)
    }

    private func write(_ schemas: Schemas, to json: inout JSONWriter) {
        json.object { json in for (name, schema) in schemas { json.member(prefix + name, schema) } }
    }

    private func write(_ object: MetadefObject, _ properties: Schemas?, of namespace: String, to json: inout JSONWriter) {
        json.object { json in
            json.member("name", object.name)
            if let required = object.required {
                json.key("required")
                json.array { json in for name in required { json.string(prefix + name) } }
            }
            json.set("description", object.description)
            if let properties {
                json.key("properties")
                write(properties, to: &json)
            }
            guard object.record != nil else { return }
            write(object.record, to: &json)
            json.member("self", "\(Self.path(of: namespace))/objects/\(Self.segment(object.name))")
            json.member("schema", "/v2/schemas/metadefs/object")
        }
    }

    private static func properties(of object: MetadefObject) throws(Fault) -> Schemas? {
        guard let text = object.properties else { return nil }
        let kept: JSON
        do throws(JSONSyntaxError) {
            kept = try JSON(parsing: Array(text.utf8))
        } catch {
            throw Fault(.unexpected, "The definition of object \(object.name) cannot be read.", cause: error)
        }
        var schemas: Schemas = []
        kept.object?.forEach { schemas.append(($0, MetadefSchemaText($1).json)) }
        return schemas
    }

    /// Encodes a name for a path. Colons, which names often contain, stay.
    private static func segment(_ name: String) -> String {
        name.split(separator: ":", omittingEmptySubsequences: false).map { percentEncoded(String($0)) }.joined(separator: ":")
    }
}

extension JSONWriter {
    /// Sets a member if there is a value.
    fileprivate mutating func set(_ name: String, _ value: String?) {
        if let value { member(name, value) }
    }
}
