internal import JSONDocument

/// The record of an image as V2 shows it.
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
    /// The algorithm by Glance's name, and the digest in hexadecimal; nil if the image has none.
    var hash: (algorithm: String, value: String)? {
        guard let algorithm = document["os_hash_algo"]?.string, let value = document["os_hash_value"]?.string else { return nil }
        return (algorithm, value.lowercased())
    }
    var checksum: String? { document["checksum"]?.string?.lowercased() }
    /// For messages: the id, and the name if it has one.
    var title: String { document["name"]?.string.map { "\(id) (\($0))" } ?? id }

    // MARK: fields

    /// Fields that clients write. Source: Image API v2, "Create image".
    private static let written = [
        "name", "disk_format", "container_format", "visibility", "owner", "protected", "min_disk", "min_ram", "os_hidden", "tags",
    ]
    /// Fields that cannot be changed once an image has data.
    private static let settled = ["disk_format", "container_format"]
    /// Fields that each server sets itself, and that do not describe the image.
    private static let ofServer = ["self", "file", "schema", "locations", "direct_url", "stores", "virtual_size"]
    private static let measured = ["id", "status", "size", "checksum", "os_hash_algo", "os_hash_value", "created_at", "updated_at"]

    private static func isCustom(_ name: String) -> Bool {
        !written.contains(name) && !ofServer.contains(name) && !measured.contains(name) && !name.hasPrefix("os_glance_")
    }

    /// The body of a `POST /v2/images` that creates an image like this one.
    func creation(_ dropped: DroppedFields) -> JSON {
        var body: JSONObject = ["id": .string(id)]
        document.forEach { name, value in
            guard value != .null, !dropped.contains(name, isCustom: Self.isCustom(name)) else { return }
            if Self.written.contains(name) || Self.isCustom(name) { body[name] = value }
        }
        return .object(body)
    }

    /// The fields of this image that another image has not, or with another value, in this image's order. Fields that only the other image
    /// has are ignored.
    func differences(of other: ReplicatedImage, _ dropped: DroppedFields) -> [Difference] {
        // Digests by different algorithms cannot be compared.
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

    /// Sorts tags, whose order has no meaning.
    private static func comparable(_ value: JSON) -> JSON {
        guard let array = value.array else { return value }
        return .array(array.compactMap(\.string).sorted().map { .string($0) })
    }

    /// The body of a `PATCH /v2/images/{id}` that gives the other image this image's fields. Source: RFC 6902.
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

    /// Reads an image in the form of V1, which Glance's dumps have.
    ///
    /// - Returns: nil for a document without an id.
    init?(v1 fields: JSONObject) {
        var document: JSONObject = [:]
        // Custom properties come first, so that none of them replaces a field.
        fields["properties"]?.object?.forEach { name, value in
            guard Self.isCustom(name) else { return }
            document[name] = value == .null ? "" : value
        }
        fields.forEach { name, value in
            switch name {
            case "properties", "deleted", "deleted_at", "location", "date": break
            case "is_public": document["visibility"] = value.bool == true ? "public" : "shared"
            default: document[name] = value
            }
        }
        self.init(document)
    }

    /// The image in the form of V1, without nulls: Glance's replicator sends each field of a dump as a header.
    var v1: JSONObject {
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

/// A field whose values in two images differ.
struct Difference {
    let name: String
    let value: JSON
    /// Nil if the other image does not have the field.
    let other: JSON?
    let isCustom: Bool
    /// Whether a client can change the other image's value.
    let isChangeable: Bool
}

/// The fields that the operator wants to ignore (`--dontreplicate`), by their names in either API.
package struct DroppedFields: Sendable {
    private let names: Set<String>

    /// - Parameter text: names with blanks between them. `is_public`, `location` and `properties` are V1's names.
    package init(_ text: String) {
        var names = Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
        if names.contains("location") { names.formUnion(["locations", "direct_url"]) }
        if names.contains("is_public") { names.insert("visibility") }
        self.names = names
    }

    func contains(_ name: String, isCustom: Bool) -> Bool { names.contains(name) || isCustom && names.contains("properties") }
}
