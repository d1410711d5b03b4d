package import Domain
package import JSONDocument

/// An image as V1 shows it, and as the registry and the API say it to each other: one shape, of which a client sees less.
package enum WireImage {
    package enum Reader: Sendable {
        /// Whoever asks V1.
        case client
        /// The API itself: where the bytes lie, and what only V2 knows.
        case api
    }

    package static func write(_ image: Image, for reader: Reader, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", image.id.text)
            json.member("name", image.name)
            json.member("status", image.status.rawValue)
            json.member("is_public", image.visibility == .public)
            json.member("protected", image.isProtected)
            json.member("owner", image.owner)
            json.member("disk_format", image.diskFormat)
            json.member("container_format", image.containerFormat)
            json.member("size", image.size)
            json.member("virtual_size", image.virtualSize)
            json.member("checksum", image.checksum)
            json.member("min_disk", image.minDisk)
            json.member("min_ram", image.minRAM)
            json.member("created_at", image.createdAt.wireText)
            json.member("updated_at", image.updatedAt.wireText)
            json.member("deleted_at", image.deletedAt?.wireText)
            json.member("deleted", image.deletedAt != nil)
            json.key("properties")
            json.object { json in for property in image.properties { json.member(property.name, property.value) } }
            if reader == .api { writeRest(of: image, to: &json) }
        }
    }

    private static func writeRest(of image: Image, to json: inout JSONWriter) {
        json.member("location", image.locations.first?.url)
        json.key("location_data")
        json.array { json in
            for location in image.locations {
                json.object { json in
                    json.member("url", location.url)
                    json.member("metadata", location.metadata)
                    json.member("status", "active")
                }
            }
        }
        json.member("visibility", image.visibility.rawValue)
        json.member("os_hidden", image.isHidden)
        json.member("os_hash_algo", image.hash?.algorithm)
        json.member("os_hash_value", image.hash?.value)
        json.key("tags")
        json.array { json in for tag in image.tags { json.string(tag) } }
    }

    /// An image of a brief list.
    package static func writeBrief(_ image: Image, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", image.id.text)
            json.member("name", image.name)
            json.member("size", image.size)
            json.member("disk_format", image.diskFormat)
            json.member("container_format", image.containerFormat)
            json.member("checksum", image.checksum)
        }
    }

    /// A page of a list.
    package static func document(of images: [Image], _ write: (Image, inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(reserving: 1024 * (images.count + 1))
        json.object { json in
            json.key("images")
            json.array { json in for image in images { write(image, &json) } }
        }
        return json.bytes
    }

    /// What the registry answers a request for one image with.
    package static func document(of image: Image) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("image")
            write(image, for: .api, to: &json)
        }
        return json.bytes
    }
}

extension Image {
    /// Reads what the registry sent.
    ///
    /// - Throws: `.unexpected` for what is no image.
    package init(wire object: JSONObject) throws(Fault) {
        let fields = try WireFields(object)
        guard let id = object["id"]?.string, let status = fields.status, let visibility = fields.visibility,
            let createdAt = fields.createdAt, let updatedAt = fields.updatedAt
        else { throw Fault(.unexpected, "The image registry sent what is no image.") }
        self.init(
            id: ImageID(id), status: status, visibility: visibility, createdAt: createdAt, updatedAt: updatedAt,
            deletedAt: object["deleted_at"]?.string.flatMap { Timestamp(iso8601: $0) })
        fields.apply(to: &self, replacingProperties: true)
    }
}

extension Timestamp {
    /// `2026-11-23T08:07:00.000000`, as V1 shows it.
    package var wireText: String { String(description.dropLast()) + ".000000" }
}
