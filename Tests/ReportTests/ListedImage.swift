import JSONDocument

/// An image as a list of images says it, by the real Glance's code or by V2, with what reports are compared with.
struct ListedImage {
    let id: String
    let owner: String?
    let status: String
    let size: Int64
    let properties: [String: String?]
    let tags: Set<String>
    /// The second digest, or MD5 for an image without one.
    let digest: String?
    /// The scheme and store of each location; nil where the list has no locations.
    let places: [String]?

    /// - Parameter json: an image of `RealGlance`.
    init(realGlances json: JSON) {
        id = json["id"]?.string ?? ""
        (owner, status, size) = (json["owner"]?.string, json["status"]?.string ?? "", json["size"]?.int ?? 0)
        properties = Self.texts(json["properties"])
        tags = Set(json["tags"]?.array?.compactMap(\.string) ?? [])
        digest = json["os_hash_value"]?.string ?? json["checksum"]?.string
        places = nil
    }

    /// - Parameter json: an image of V2's list, which shows locations.
    init(v2 json: JSON) {
        id = json["id"]?.string ?? ""
        (owner, status, size) = (json["owner"]?.string, json["status"]?.string ?? "", json["size"]?.int ?? 0)
        properties = Self.texts(json).filter { !Self.fields.contains($0.key) }
        tags = Set(json["tags"]?.array?.compactMap(\.string) ?? [])
        digest = json["os_hash_value"]?.string ?? json["checksum"]?.string
        places = json["locations"]?.array?.map { place in
            let scheme = place["url"]?.string?.split(separator: ":").first ?? ""
            return "\(scheme) \(place["metadata"]?["store"]?.string ?? "NULL")"
        }
    }

    /// Whether quotas count it.
    var counts: Bool { !["killed", "deleted", "pending_delete"].contains(status) }

    private static func texts(_ object: JSON?) -> [String: String?] {
        var texts: [String: String?] = [:]
        object?.object?.forEach { texts[$0] = $1.string }
        return texts
    }

    /// Names of V2 that are no properties.
    private static let fields: Set<String> = [
        "id", "name", "status", "visibility", "protected", "os_hidden", "checksum", "os_hash_algo", "os_hash_value", "owner", "size",
        "virtual_size", "min_disk", "min_ram", "disk_format", "container_format", "created_at", "updated_at", "self", "file", "schema",
        "tags",
        "stores", "locations", "direct_url",
    ]
}
