internal import Domain
internal import JSONDocument

/// An image as the API shows it.
struct ImageDocument {
    let image: Image
    let site: SiteProperties
    /// The first location, where the site shows it and the caller may know it.
    var directURL: String?
    /// All of them, where the site shows them: none to those who may not know them.
    var locations: [ImageLocation]?
    /// Names of stores; none where the site has one.
    var stores: [String] = []

    /// Custom properties that say something to other workers only.
    private static let unshown: Set<String> = ["os_glance_stage_host", "os_glance_hash_op_host"]

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
            json.member("self", "/v2/images/\(image.id)")
            json.member("file", "/v2/images/\(image.id)/file")
            json.member("schema", "/v2/schemas/image")
            if !stores.isEmpty { json.member("stores", stores.joined(separator: ",")) }
        }
    }

    /// A change may set a property called `stores`; where the image lies in stores, it is these that are shown.
    private func isShown(_ name: String) -> Bool {
        !Self.unshown.contains(name) && !Image.fieldNames.contains(name) && (stores.isEmpty || name != "stores")
    }
}

extension ImageLocation {
    /// As the API shows it: where it is, and what is said of it.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("url", shownURL)
            json.member("metadata", .object(fields))
        }
    }
}
