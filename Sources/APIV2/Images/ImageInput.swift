internal import APICommon
internal import Domain
internal import JSONDocument

/// The fields of an image that clients may not write.
enum ImageFields {
    static let readOnly: Set<String> = [
        "created_at", "updated_at", "status", "checksum", "size", "virtual_size", "direct_url", "self", "file", "schema",
        "os_hash_algo", "os_hash_value",
    ]

    /// Names that are reserved for the service.
    static func isReserved(_ name: String) -> Bool {
        ["locations", "location", "deleted", "deleted_at"].contains(name) || Image.isMark(name)
    }

    static func checkWritable(_ name: String) throws(Fault) {
        if readOnly.contains(name) { throw Fault(.forbidden, "Attribute '\(name)' is read-only.") }
        if isReserved(name) { throw Fault(.forbidden, "Attribute '\(name)' is reserved.") }
    }
}

extension ImageDraft {
    /// Reads the body of a request that creates an image. The owner is the caller's project, unless the body names another.
    init(_ body: JSONObject, by caller: Caller, _ schema: JSONSchema) throws(Fault) {
        for name in body.keys { try ImageFields.checkWritable(name) }
        // Like in Glance, a PATCH may set a property of that name, but this request may not.
        if body["stores"] != nil { throw Fault(.forbidden, "Attribute 'stores' is read-only.") }
        try schema.require(.object(body))

        var random = SystemRandomNumberGenerator()
        self.init(id: body["id"]?.string.map { ImageID($0) } ?? .random(using: &random), owner: caller.project)
        try body.forEach { (name, value) throws(Fault) in
            switch name {
            case "id": break
            case "name": self.name = try Self.text(value)
            case "owner": owner = try Self.owner(value)
            case "visibility": visibility = value.string.flatMap(Visibility.init) ?? visibility
            case "protected": isProtected = value.bool ?? false
            case "os_hidden": isHidden = value.bool ?? false
            case "disk_format": diskFormat = value.string
            case "container_format": containerFormat = value.string
            case "min_disk": minDisk = try Self.least(value, name)
            case "min_ram": minRAM = try Self.least(value, name)
            case "tags": tags = try Self.tags(value)
            default:
                let value = Self.property(value)
                try ImageText.check(property: name, value)
                properties.append(ImageProperty(name, value))
            }
        }
    }

    fileprivate static func text(_ value: JSON) throws(Fault) -> String? {
        if let text = value.string { try ImageText.check(text) }
        return value.string
    }

    /// The value of a property. A site's schema may allow null, numbers and booleans; the latter two are stored as the texts that Glance
    /// writes to the database.
    fileprivate static func property(_ value: JSON) -> String? {
        switch value {
        case .null: nil
        case .string(let text): text
        case .bool(let flag): flag ? "1" : "0"
        default: String(decoding: value.text, as: UTF8.self)
        }
    }

    /// The owner; an empty text means none.
    fileprivate static func owner(_ value: JSON) throws(Fault) -> String? {
        let text = try text(value)
        return text?.isEmpty == true ? nil : text
    }

    fileprivate static func least(_ value: JSON, _ name: String) throws(Fault) -> Int64 {
        let number = value.int ?? 0
        try ImageText.check(least: number, name)
        return number
    }

    fileprivate static func tags(_ value: JSON) throws(Fault) -> [String] {
        let tags = value.array?.compactMap(\.string) ?? []
        for tag in tags { try ImageText.check(tag: tag) }
        return tags.uniqued
    }
}

extension JSONPatch.Dialect {
    private static let types: KeyValuePairs<String, JSONPatch.Dialect> = [
        "application/openstack-images-v2.0-json-patch": .v2_0,
        "application/openstack-images-v2.1-json-patch": .v2_1,
    ]

    /// Chooses the dialect by the type of the body.
    ///
    /// - Throws: `.unsupportedMedia`, with the supported types.
    init(contentType: String?) throws(Fault) {
        let type = contentType?.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
        guard let known = Self.types.first(where: { $0.key == type }) else {
            throw Fault(.unsupportedMedia, "The media type of a change must be one of: \(Self.types.map(\.key).joined(separator: ", ")).")
                .with(header: "Accept-Patch", Self.types.map(\.key).joined(separator: ", "))
        }
        self = known.value
    }
}

extension ImageChange {
    /// Reads a list of changes. The whole list is checked before the first change is applied.
    static func all(of body: JSON, _ dialect: JSONPatch.Dialect, _ schema: JSONSchema) throws(Fault) -> [ImageChange] {
        let patch: JSONPatch
        do throws(JSONPatchError) {
            patch = try JSONPatch(body, dialect: dialect)
        } catch {
            throw Fault(.invalid, error.reason)
        }
        var changes: [ImageChange] = []
        for operation in patch.operations { changes.append(try ImageChange(operation, dialect, schema)) }
        return changes
    }

    private init(_ operation: JSONPatch.Operation, _ dialect: JSONPatch.Dialect, _ schema: JSONSchema) throws(Fault) {
        let name = operation.path[0]
        if name == "locations" {
            self = .locations(try LocationChange(operation, schema))
            return
        }
        if name == "id" { throw Fault(.forbidden, "Attribute 'id' is read-only.") }
        try ImageFields.checkWritable(name)
        guard operation.path.count == 1 else { throw .noPlace(operation) }
        guard let value = operation.value else {
            self = .removeProperty(name)
            return
        }
        var document = JSONObject()
        document[name] = value
        try schema.require(.object(document))

        if operation.verb == .add && dialect == .v2_0 && Image.fieldNames.contains(name) {
            self = .addNewProperty(name, "")  // there already: refused once the caller's rights are known
            return
        }
        switch name {
        case "name": self = .name(try ImageDraft.text(value))
        case "owner": self = .owner(try ImageDraft.owner(value))
        case "visibility": self = .visibility(value.string.flatMap(Visibility.init) ?? .shared)
        case "protected": self = .isProtected(value.bool ?? false)
        case "os_hidden": self = .isHidden(value.bool ?? false)
        case "disk_format": self = .diskFormat(value.string)
        case "container_format": self = .containerFormat(value.string)
        case "min_disk": self = .minDisk(try ImageDraft.least(value, name))
        case "min_ram": self = .minRAM(try ImageDraft.least(value, name))
        case "tags": self = .tags(try ImageDraft.tags(value))
        default:
            let value = ImageDraft.property(value)
            try ImageText.check(property: name, value)
            switch (operation.verb, dialect) {
            case (.add, .v2_0): self = .addNewProperty(name, value)
            case (.replace, _): self = .replaceProperty(name, value)
            case (.add, .v2_1), (.remove, _): self = .setProperty(name, value)
            }
        }
    }
}

extension LocationChange {
    /// Reads a change of the locations: `add` and `remove` change one location, `replace` changes the whole list.
    fileprivate init(_ operation: JSONPatch.Operation, _ schema: JSONSchema) throws(Fault) {
        guard operation.path.count == (operation.verb == .replace ? 1 : 2) else { throw .noPlace(operation) }
        guard let value = operation.value else {
            self = .remove(at: operation.path[1])
            return
        }
        var document = JSONObject()
        document["locations"] = operation.verb == .add ? .array([value]) : value
        try schema.require(.object(document))
        var locations: [NewLocation] = []
        for value in document["locations"]?.array ?? [] { locations.append(try NewLocation(value.object ?? [:])) }
        self = operation.verb == .add ? .add(locations[0], at: operation.path[1]) : .replace(locations)
    }
}

extension NewLocation {
    /// The size of the metadata column, in bytes.
    private static let longestMetadata = 65535

    fileprivate init(_ value: JSONObject) throws(Fault) {
        let metadata = String(decoding: (value["metadata"] ?? [:]).text, as: UTF8.self)
        let url = value["url"]?.string ?? ""
        try ImageText.check(url)
        try ImageText.check(metadata)
        guard metadata.utf8.count <= Self.longestMetadata else { throw Fault(.invalid, "The metadata of a location are too long.") }
        self.init(ImageLocation(url: url, metadata: metadata), expecting: value["validation_data"]?.object.map(ExpectedDigests.init))
    }
}

extension ExpectedDigests {
    /// Reads digests that the schema has already checked.
    fileprivate init(_ value: JSONObject) {
        func text(_ name: String) -> String? { value[name]?.string?.lowercased() }
        self.init(
            checksum: text("checksum"), hash: ImageHash(algorithm: text("os_hash_algo") ?? "", value: text("os_hash_value") ?? ""))
    }
}

extension Fault {
    fileprivate static func noPlace(_ operation: JSONPatch.Operation) -> Fault {
        Fault(.invalid, "Invalid JSON pointer for this resource: '/\(operation.path.joined(separator: "/"))'.")
    }
}
