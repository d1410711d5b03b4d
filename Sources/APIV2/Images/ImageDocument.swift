internal import Domain
internal import JSONDocument
internal import Text

/// The JSON document of an image.
struct ImageDocument {
    let image: Image
    let site: SiteProperties
    /// The URL of the first location; nil unless the site shows it and the caller may see it.
    var directURL: String?
    /// All locations, if the site shows them; empty for a caller who may not see them, nil if the site does not show them.
    var locations: [ImageLocation]?
    /// Names of the stores that have the data; empty on a site with one store.
    var stores: [String] = []

    /// Names of custom properties that are not shown: those of other fields, and those that are only for other workers.
    private static let unshown = FewNames(Image.fieldNames.union(["os_glance_stage_host", "os_glance_hash_op_host"]))

    func write(to json: inout JSONWriter) {
        json.object { json in
            for property in image.properties where isShown(property.name) {
                json.member(property.name, property.value ?? (site.declares(property.name) ? nil : ""))
            }
            json.member("name", image.name)
            json.member("disk_format", image.diskFormat)
            json.member("container_format", image.containerFormat)
            json.member("visibility", image.visibility.rawValue)
            json.member("size", image.size)
            json.member("virtual_size", image.virtualSize)
            json.member("status", image.status.rawValue)
            json.member("checksum", image.checksum)
            json.member("protected", image.isProtected)
            json.member("min_ram", image.minRAM)
            json.member("min_disk", image.minDisk)
            json.member("owner", image.owner)
            json.member("os_hidden", image.isHidden)
            json.member("os_hash_algo", image.hash?.algorithm)
            json.member("os_hash_value", image.hash?.value)
            json.member("id", image.id.text)
            json.member("created_at", image.createdAt.description)
            json.member("updated_at", image.updatedAt.description)
            if let locations {
                json.key("locations")
                json.array { json in for location in locations { location.write(to: &json) } }
            }
            if let directURL { json.member("direct_url", directURL) }
            json.key("tags")
            json.array { json in for tag in image.tags { json.string(tag) } }
            let path = "/v2/images/" + image.id.text
            json.member("self", path)
            json.member("file", path + "/file")
            json.member("schema", "/v2/schemas/image")
            if !stores.isEmpty { json.member("stores", stores.joined(separator: ",")) }
        }
    }

    /// Whether a custom property is shown. One called `stores` is hidden if the image shows the names of its stores.
    private func isShown(_ name: String) -> Bool {
        !Self.unshown.contains(name) && (stores.isEmpty || name != "stores")
    }
}

extension ImageLocation {
    /// Writes a location: its URL and its metadata.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("url", shownURL)
            json.member("metadata", .object(fields))
        }
    }
}
