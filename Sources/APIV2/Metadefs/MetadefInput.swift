internal import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument

/// Reads and checks metadata definitions from clients.
struct MetadefInput {
    let schemas: MetadefSchemas

    /// Reads a new namespace. Fields that only an answer has are allowed inside its contents, because clients send back what they got.
    func draft(_ body: JSONObject, by caller: Caller) throws(Fault) -> MetadefDraft {
        var draft = MetadefDraft(fields: try fields(body, by: caller))
        for entry in Self.entries(body["resource_type_associations"]) { draft.contents.resourceTypes.append(try association(entry)) }
        draft.contents.properties = try properties(body["properties"])
        for entry in Self.entries(body["objects"]) { draft.contents.objects.append(try object(entry)) }
        for entry in Self.entries(body["tags"]) { draft.contents.tags.append(try tag(entry)) }
        return draft
    }

    private static func entries(_ list: JSON?) -> [JSONObject] {
        list?.array?.map { entry in
            var entry = entry.object ?? [:]
            for name in ["self", "schema", "created_at", "updated_at"] { entry[name] = nil }
            return entry
        } ?? []
    }

    /// Reads the fields of a namespace. A field that is missing gets the value that a new namespace has.
    func fields(_ body: JSONObject, by caller: Caller) throws(Fault) -> MetadefFields {
        try check(body, schemas.namespace, readOnly: ["self", "schema", "created_at", "updated_at"])
        let name = body["namespace"]?.string ?? ""
        try MetadefLimits.check(name: name, of: "namespace")
        // No path could name it.
        guard !name.contains("/") else { throw Fault(.invalid, "The name of a namespace must not contain a '/'.") }
        guard let owner = body["owner"]?.string ?? caller.project else {
            throw Fault(.invalid, "The namespace needs an owner, and you have no project.")
        }
        return MetadefFields(
            name: name, displayName: body["display_name"]?.string, description: body["description"]?.string,
            visibility: body["visibility"]?.string.flatMap(Visibility.init) ?? .private,
            isProtected: body["protected"]?.bool ?? false, owner: owner)
    }

    func object(_ body: JSONObject) throws(Fault) -> MetadefObject {
        try check(body, schemas.object, readOnly: ["self", "schema", "created_at", "updated_at"])
        let name = body["name"]?.string ?? ""
        try MetadefLimits.check(name: name, of: "object")
        let description = body["description"]?.string
        try MetadefLimits.check(text: description ?? "", of: "description of object \(name)")
        let required = body["required"]?.array?.compactMap(\.string)
        // The names are stored as one text with commas.
        guard required?.contains(where: { $0.isEmpty || $0.contains(",") }) != true else {
            throw Fault(.invalid, "The names of the properties that object \(name) requires must not be empty or have commas.")
        }
        try MetadefLimits.check(text: required?.joined(separator: ",") ?? "", of: "list of what object \(name) requires")
        var schemas = JSONObject()
        for property in try properties(body["properties"]) { schemas[property.name] = try MetadefSchemaText(property.schema).json }
        let text = String(decoding: JSON.object(schemas).text, as: UTF8.self)
        try MetadefLimits.check(text: text, of: "list of the properties of object \(name)")
        return MetadefObject(
            name: name, description: description, required: required, properties: body["properties"] == nil ? nil : text)
    }

    func property(_ body: JSONObject) throws(Fault) -> MetadefProperty {
        try check(body, schemas.property, readOnly: ["created_at", "updated_at"])
        return try property(body["name"]?.string ?? "", body)
    }

    func association(_ body: JSONObject) throws(Fault) -> ResourceTypeAssociation {
        try check(body, schemas.resourceType, readOnly: ["created_at", "updated_at"])
        let name = body["name"]?.string ?? ""
        try MetadefLimits.check(name: name, of: "resource type")
        return ResourceTypeAssociation(
            name: name, prefix: body["prefix"]?.string, propertiesTarget: body["properties_target"]?.string)
    }

    func tag(_ body: JSONObject) throws(Fault) -> MetadefTag {
        try check(body, schemas.tag, readOnly: ["created_at", "updated_at"])
        return try tag(named: body["name"]?.string ?? "")
    }

    func tag(named name: String) throws(Fault) -> MetadefTag {
        try MetadefLimits.check(name: name, of: "tag")
        return MetadefTag(name: name)
    }

    func tags(_ body: JSONObject) throws(Fault) -> [MetadefTag] {
        try check(body, schemas.newTags, readOnly: [])
        var tags: [MetadefTag] = []
        for entry in Self.entries(body["tags"]) { tags.append(try tag(entry)) }
        return tags
    }

    // MARK: parts

    private func check(_ body: JSONObject, _ schema: JSONSchema, readOnly: [String]) throws(Fault) {
        for name in readOnly where body[name] != nil { throw Fault(.forbidden, "Attribute '\(name)' is read-only.") }
        try schema.require(.object(body))
        try checkStorable(.object(body))
    }

    private func checkStorable(_ value: JSON) throws(Fault) {
        switch value {
        case .string(let text): try ImageText.check(text)
        case .array(let elements): for element in elements { try checkStorable(element) }
        case .object(let members):
            try members.forEach { (name, member) throws(Fault) in
                try ImageText.check(name)
                try checkStorable(member)
            }
        case .null, .bool, .int, .double: break
        }
    }

    /// Reads a map of properties by name.
    private func properties(_ map: JSON?) throws(Fault) -> [MetadefProperty] {
        var properties: [MetadefProperty] = []
        try map?.object?.forEach { (name, schema) throws(Fault) in properties.append(try property(name, schema.object ?? [:])) }
        return properties
    }

    private func property(_ name: String, _ body: JSONObject) throws(Fault) -> MetadefProperty {
        try MetadefLimits.check(name: name, of: "property")
        let schema = try MetadefSchemaText(checking: body, of: name)
        let text = String(decoding: schema.json.text, as: UTF8.self)
        try MetadefLimits.check(text: text, of: "definition of property \(name)")
        return MetadefProperty(name: name, schema: text)
    }
}

/// The definition of a property as the catalog stores it: its known fields, in a fixed order.
///
/// It contains the name if the client wrote it there. So it does for properties that are created one by one, whose names Glance shows
/// in lists too, and does not for those in a namespace's map.
struct MetadefSchemaText {
    let json: JSON

    private static let fields = [
        "name", "type", "title", "description", "operators", "default", "readonly", "minimum", "maximum", "enum", "pattern", "minLength",
        "maxLength", "confidential", "items", "uniqueItems", "minItems", "maxItems", "additionalItems",
    ]

    /// Reads a stored definition. Unknown fields are ignored: Glance's files may have any.
    init(_ text: String) throws(Fault) {
        let kept: JSON
        do throws(JSONSyntaxError) {
            kept = try JSON(parsing: Array(text.utf8))
        } catch {
            throw Fault(.unexpected, "A definition cannot be read.", cause: error)
        }
        json = Self.ordered(kept.object ?? [:])
    }

    init(_ kept: JSON) { json = Self.ordered(kept.object ?? [:]) }

    /// - Throws: `.invalid` for values that the schema allows but Glance cannot store.
    init(checking body: JSONObject, of name: String) throws(Fault) {
        func refuse(_ reason: String) -> Fault { Fault(.invalid, "The definition of property '\(name)' \(reason).") }

        for field in body.keys where !Self.fields.contains(field) {
            throw refuse("has '\(field)', which is no field of a property")
        }
        if let name = body["name"] {
            guard let name = name.string, name.unicodeScalars.count <= 80 else {
                throw refuse("has a 'name' that is no string of up to 80 characters")
            }
        }
        if let choices = body["enum"], !Self.areTexts(choices) { throw refuse("has an 'enum' whose elements are not all strings") }
        if let items = body["items"]?.object {
            guard items["type"]?.string != nil else { throw refuse("has 'items' without a 'type'") }
            for field in items.keys where field != "type" && field != "enum" {
                throw refuse("has 'items' with '\(field)', which is none of type and enum")
            }
            if let choices = items["enum"], !Self.areTexts(choices) {
                throw refuse("has 'items' with an 'enum' whose elements are not all strings")
            }
        }
        json = Self.ordered(body)
    }

    private static func areTexts(_ value: JSON) -> Bool { value.array?.allSatisfy { $0.string != nil } ?? false }

    private static func ordered(_ body: JSONObject) -> JSON {
        var ordered = JSONObject()
        for field in fields {
            switch (field, body[field]) {
            case (_, nil), (_, .null?): break
            case ("default", let value?): ordered[field] = .string(text(value))
            case ("enum", let value?): ordered[field] = texts(value)
            case ("items", let value?):
                var items = JSONObject()
                if let type = value.object?["type"] { items["type"] = type }
                if let choices = value.object?["enum"] { items["enum"] = texts(choices) }
                ordered[field] = .object(items)
            case (_, let value?): ordered[field] = value
            }
        }
        return .object(ordered)
    }

    private static func texts(_ value: JSON) -> JSON { .array(value.array?.map { .string(text($0)) } ?? []) }

    /// The text of a default, which is a text for every type; booleans are written as Python writes them.
    private static func text(_ value: JSON) -> String {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "True" : "False"
        default: String(decoding: value.text, as: UTF8.self)
        }
    }
}

extension Call {
    /// Reads the part of a namespace's contents that the client asks for.
    ///
    /// - Parameter least: the lowest limit.
    func metadefSlice(least: Int) throws(Fault) -> MetadefSlice {
        var slice = MetadefSlice()
        if let text = query["limit"] {
            guard let limit = Int64(loosely: text), limit >= least else {
                throw Fault(.invalid, "Invalid limit: '\(text)' is not an integer from \(least) on.")
            }
            slice.limit = Int(limit)
        }
        slice.marker = query["marker"]
        slice.isDescending = try isDescending()
        if let text = query["sort_key"] {
            guard let key = MetadefSlice.Key(rawValue: text) else { throw .sortKey(text, MetadefSlice.Key.allCases.map(\.rawValue)) }
            slice.key = key
        }
        return slice
    }

    func metadefListing(_ paging: ImagesHandlers.Paging) throws(Fault) -> MetadefListing {
        var listing = MetadefListing(limit: paging.usual)
        if let text = query["limit"] {
            guard let limit = Int64(loosely: text), limit >= 0 else {
                throw Fault(.invalid, "Invalid limit: '\(text)' is not an integer from 0 on.")
            }
            listing.limit = Int(min(limit, Int64(paging.most)))
        }
        if let marker = query["marker"] {
            guard MetadefLimits.isPossible(marker) else { throw .namespaceNotFound(marker) }
            listing.marker = marker
        }
        listing.isDescending = try isDescending()
        if let text = query["sort_key"] {
            guard let key = MetadefListing.Key(rawValue: text) else { throw .sortKey(text, MetadefListing.Key.allCases.map(\.rawValue)) }
            listing.key = key
        }
        if let text = query["visibility"], !text.isEmpty {
            guard text == "public" || text == "private" else {
                throw Fault(.invalid, "Invalid visibility: '\(text)' is not public or private.")
            }
            listing.visibility = Visibility(rawValue: text)
        }
        if let text = query["resource_types"] {
            let names = text.split(separator: ",").map(String.init)
            guard names.count <= 100 else { throw Fault(.invalid, "There are \(names.count) resource_types; 100 are allowed.") }
            listing.resourceTypes = names.filter(MetadefLimits.isPossible)
        }
        return listing
    }

    private func isDescending() throws(Fault) -> Bool {
        switch query["sort_dir"] {
        case nil, "desc"?: return true
        case "asc"?: return false
        case let text?: throw Fault(.invalid, "Invalid sort direction: '\(text)' is not asc or desc.")
        }
    }
}

extension Fault {
    fileprivate static func sortKey(_ text: String, _ keys: [String]) -> Fault {
        Fault(.invalid, "Invalid sort key: \(text). It must be one of the following: \(keys.joined(separator: ", ")).")
    }
}
