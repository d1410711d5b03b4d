internal import JSONDocument

/// What is known of an image, as V2 shows it.
struct ReplicatedImage {
    let id: String
    let document: JSONObject

    /// - Returns: nil for a document without an id.
    init?(_ document: JSONObject) {
        guard let id = document["id"]?.string else { return nil }
        (self.id, self.document) = (id, document)
    }

    var status: String { document["status"]?.string ?? "" }
    var size: Int64? { document["size"]?.int }
    /// As text: Glance's name of an algorithm, and the digest in hexadecimal; nil where nobody computed it.
    var hash: (algorithm: String, value: String)? {
        guard let algorithm = document["os_hash_algo"]?.string, let value = document["os_hash_value"]?.string else { return nil }
        return (algorithm, value.lowercased())
    }
    var checksum: String? { document["checksum"]?.string?.lowercased() }
    /// For messages: the id, and the name where there is one.
    var title: String { document["name"]?.string.map { "\(id) (\($0))" } ?? id }

    // MARK: fields

    /// Fields that clients write. Source: Image API v2, "Create image".
    private static let written = [
        "name", "disk_format", "container_format", "visibility", "owner", "protected", "min_disk", "min_ram", "os_hidden", "tags",
    ]
    /// Those of them that nobody may change once there are data.
    private static let settled = ["disk_format", "container_format"]
    /// Fields that each server makes by itself, and that say nothing of the image.
    private static let ofServer = ["self", "file", "schema", "locations", "direct_url", "stores", "virtual_size"]
    private static let measured = ["id", "status", "size", "checksum", "os_hash_algo", "os_hash_value", "created_at", "updated_at"]

    private static func isCustom(_ name: String) -> Bool {
        !written.contains(name) && !ofServer.contains(name) && !measured.contains(name) && !name.hasPrefix("os_glance_")
    }

    /// The body of `POST /v2/images` that makes an image like this one.
    func creation(_ dropped: DroppedFields) -> JSON {
        var body: JSONObject = ["id": .string(id)]
        document.forEach { name, value in
            guard value != .null, !dropped.contains(name, isCustom: Self.isCustom(name)) else { return }
            if Self.written.contains(name) || Self.isCustom(name) { body[name] = value }
        }
        return .object(body)
    }

    /// How the fields of another image that is to be like this one differ, in the order of this one's. What only the other has does
    /// not count.
    func differences(of other: ReplicatedImage, _ dropped: DroppedFields) -> [Difference] {
        // Digests by different algorithms say nothing of each other.
        let isHashComparable = hash?.algorithm == other.hash?.algorithm
        var differences: [Difference] = []
        document.forEach { name, value in
            guard !Self.ofServer.contains(name), !name.hasPrefix("os_glance_"), !dropped.contains(name, isCustom: Self.isCustom(name))
            else { return }
            if !isHashComparable && (name == "os_hash_algo" || name == "os_hash_value") { return }
            let theirs = other.document[name]
            guard Self.comparable(value) != Self.comparable(theirs ?? .null) else { return }
            let isChangeable = !Self.settled.contains(name) && !Self.measured.contains(name) && value != .null
            differences.append(
                Difference(name: name, value: value, other: theirs, isCustom: Self.isCustom(name), isChangeable: isChangeable))
        }
        return differences
    }

    /// Tags have no order.
    private static func comparable(_ value: JSON) -> JSON {
        guard let array = value.array else { return value }
        return .array(array.compactMap(\.string).sorted().map { .string($0) })
    }

    /// The body of `PATCH /v2/images/{id}` that makes the other's fields like this one's. Source: RFC 6902.
    static func patch(_ differences: [Difference]) -> JSON {
        .array(
            differences.filter(\.isChangeable).map { difference in
                let name = difference.name.replacing("~", with: "~0").replacing("/", with: "~1")
                return [
                    "op": difference.isCustom && difference.other == nil ? "add" : "replace", "path": .string("/\(name)"),
                    "value": difference.value,
                ]
            })
    }

    // MARK: the form of V1

    /// An image as a dump of Glance's has it, which is V1's form.
    ///
    /// - Returns: nil for a document without an id.
    init?(classic: JSONObject) {
        var document: JSONObject = [:]
        // Custom properties first, so that none takes the place of a field.
        classic["properties"]?.object?.forEach { name, value in
            guard Self.isCustom(name) else { return }
            document[name] = value == .null ? "" : value
        }
        classic.forEach { name, value in
            switch name {
            case "properties", "deleted", "deleted_at", "location", "date": break
            case "is_public": document["visibility"] = value.bool == true ? "public" : "shared"
            default: document[name] = value
            }
        }
        self.init(document)
    }

    /// The same as V1 shows it, without what is null: Glance's program that loads a dump sends each field as a header.
    var classic: JSONObject {
        var (fields, properties): (JSONObject, JSONObject) = ([:], [:])
        let names = [
            "id", "name", "status", "disk_format", "container_format", "size", "checksum", "owner", "protected", "min_disk", "min_ram",
            "created_at", "updated_at",
        ]
        for name in names { if let value = document[name], value != .null { fields[name] = value } }
        fields["is_public"] = .bool(document["visibility"]?.string == "public")
        fields["deleted"] = false
        document.forEach { name, value in if Self.isCustom(name), value != .null { properties[name] = value } }
        fields["properties"] = .object(properties)
        return fields
    }
}

/// A field that two images do not have alike.
struct Difference {
    let name: String
    let value: JSON
    /// Nil where the other image does not have it.
    let other: JSON?
    let isCustom: Bool
    /// Whether a client can make the other alike.
    let isChangeable: Bool
}

/// Fields that the operator wants left alone, in the words of either API: `--dontreplicate`.
package struct DroppedFields: Sendable {
    private let names: Set<String>

    /// - Parameter text: names with blanks between. `is_public`, `location` and `properties` are V1's words.
    package init(_ text: String) {
        var names = Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
        if names.contains("location") { names.formUnion(["locations", "direct_url"]) }
        if names.contains("is_public") { names.insert("visibility") }
        self.names = names
    }

    func contains(_ name: String, isCustom: Bool) -> Bool { names.contains(name) || isCustom && names.contains("properties") }
}
