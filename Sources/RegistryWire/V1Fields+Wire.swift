package import Domain
package import JSONDocument

extension V1Fields {
    /// Reads the fields of a message.
    ///
    /// - Throws: `.invalid`, with the field's name, for an invalid value.
    package init(wire object: JSONObject) throws(Fault) {
        self.init()
        name = try Self.text("name", object, longest: ImageText.longestName)
        owner = try Self.text("owner", object, longest: ImageText.longestName)
        diskFormat = try Self.text("disk_format", object, longest: 20)
        containerFormat = try Self.text("container_format", object, longest: 20)
        checksum = try Self.text("checksum", object, longest: 32)
        status = try Self.word("status", object)
        visibility = try Self.visibility(object)
        isProtected = try Self.flag("protected", object)
        isHidden = try Self.flag("os_hidden", object)
        size = try Self.number("size", object, most: .max)
        virtualSize = try Self.number("virtual_size", object, most: .max)
        minDisk = try Self.number("min_disk", object, most: Int64(Int32.max)).map { $0 ?? 0 }
        minRAM = try Self.number("min_ram", object, most: Int64(Int32.max)).map { $0 ?? 0 }
        createdAt = try Self.time("created_at", object)
        updatedAt = try Self.time("updated_at", object)
        if object["os_hash_algo"] != nil || object["os_hash_value"] != nil {
            let sides = (object["os_hash_algo"]?.string, object["os_hash_value"]?.string)
            hash = .some(sides.0.flatMap { algorithm in sides.1.map { ImageHash(algorithm: algorithm, value: $0) } })
        }
        properties = try Self.properties(object)
        tags = object["tags"]?.array?.compactMap(\.string)
        locations = try Self.locations(object)
    }

    // MARK: values

    /// The outer optional is nil when the field is missing.
    private static func text(_ field: String, _ object: JSONObject, longest: Int) throws(Fault) -> String?? {
        guard let value = object[field] else { return nil }
        if value == .null { return .some(nil) }
        guard let text = value.string, text.unicodeScalars.count <= longest else { throw invalid(field) }
        try ImageText.check(text)
        return text
    }

    private static func number(_ field: String, _ object: JSONObject, most: Int64) throws(Fault) -> Int64?? {
        guard let value = object[field] else { return nil }
        if value == .null { return .some(nil) }
        guard let number = value.int ?? value.string.flatMap({ Int64($0) }), 0...most ~= number else { throw invalid(field) }
        return number
    }

    private static func flag(_ field: String, _ object: JSONObject) throws(Fault) -> Bool? {
        guard let value = object[field], value != .null else { return nil }
        guard let flag = value.bool else { throw invalid(field) }
        return flag
    }

    private static func word<Word: RawRepresentable<String>>(_ field: String, _ object: JSONObject) throws(Fault) -> Word? {
        guard let value = object[field], value != .null else { return nil }
        guard let word = value.string.flatMap({ Word(rawValue: $0) }) else { throw invalid(field) }
        return word
    }

    private static func time(_ field: String, _ object: JSONObject) throws(Fault) -> Timestamp? {
        guard let value = object[field], value != .null else { return nil }
        guard let time = value.string.flatMap({ Timestamp(iso8601: $0) }) else { throw invalid(field) }
        return time
    }

    /// Reads `visibility` or `is_public`. Both may be given only if they agree, as in the registry's own messages.
    private static func visibility(_ object: JSONObject) throws(Fault) -> Visibility? {
        let named: Visibility? = try word("visibility", object)
        guard let isPublic = try flag("is_public", object) else { return named }
        guard let named else { return isPublic ? .public : .shared }
        guard isPublic == (named == .public) else {
            throw Fault(.invalid, "Specify is_public or visibility, not two that contradict each other.")
        }
        return named
    }

    private static func properties(_ object: JSONObject) throws(Fault) -> [ImageProperty]? {
        guard let value = object["properties"] else { return nil }
        guard let members = value.object else { throw invalid("properties") }
        var properties: [ImageProperty] = []
        try members.forEach { (name, value) throws(Fault) in
            guard value == .null || value.string != nil else { throw invalid("properties") }
            try ImageText.check(property: name, value.string ?? "")
            properties.append(ImageProperty(name, value.string))
        }
        return properties
    }

    /// Reads the locations from `location`, `locations` or `location_data`.
    private static func locations(_ object: JSONObject) throws(Fault) -> [ImageLocation]? {
        if let list = object["location_data"] ?? object["locations"], list != .null {
            guard let elements = list.array else { throw invalid("location_data") }
            var locations: [ImageLocation] = []
            for element in elements {
                guard let url = element.string ?? element.object?["url"]?.string else { throw invalid("location_data") }
                let metadata = element.object?["metadata"]
                locations.append(
                    ImageLocation(url: url, metadata: metadata?.string ?? metadata.map { String(decoding: $0.text, as: UTF8.self) } ?? "{}")
                )
            }
            return locations
        }
        guard let value = object["location"], value != .null else { return nil }
        guard let url = value.string else { throw invalid("location") }
        return [ImageLocation(url: url)]
    }

    private static func invalid(_ field: String) -> Fault { Fault(.invalid, "Invalid value for the field \(field) of an image.") }
}
