package import Domain
package import JSONDocument

/// The JSON document of an image, for V1's clients and between the registry and the API. Clients get fewer fields.
package enum WireImage {
    /// The reader of a document.
    package enum Reader: Sendable {
        /// A V1 client.
        case client
        /// The API: it also gets the locations and the fields of V2.
        case api
    }

    /// Writes an image.
    package static func write(_ image: Image, for reader: Reader, to json: inout JSONWriter) {
        write(image, made: image.createdAt, changed: image.updatedAt, for: reader, to: &json)
    }

    /// Writes a new image for the registry. Without a creation time in the draft, the registry sets it.
    package static func write(_ draft: ImageDraft, to json: inout JSONWriter) {
        let image = draft.image(madeAt: Timestamp(year: 1970, month: 1, day: 1))
        write(image, made: draft.createdAt, changed: draft.updatedAt, for: .api, to: &json)
    }

    private static func write(
        _ image: Image, made: Timestamp?, changed: Timestamp?, for reader: Reader, to json: inout JSONWriter
    ) {
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
            json.member("created_at", made?.wireText)
            json.member("updated_at", changed?.wireText)
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

    /// Writes an image of a brief list.
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

    /// Writes a whole list while it is read.
    package static func write(_ walk: ImageWalk, to json: inout JSONWriter, _ write: (Image, inout JSONWriter) -> Void) throws(Fault) {
        try json.object { json throws(Fault) in
            json.key("images")
            try json.array { json throws(Fault) in
                while !json.isAbandoned, let images = try walk.next() { for image in images { write(image, &json) } }
            }
        }
    }

    /// Writes a page for the API, with the ids that were left over.
    package static func write(_ page: ImagePage, to json: inout JSONWriter) {
        json.object { json in
            json.key("images")
            json.array { json in for image in page.images { write(image, for: .api, to: &json) } }
            json.member("is_full", page.isFull)
            json.key("rest")
            json.array { json in for id in page.rest { json.string(id.text) } }
        }
    }

    /// The registry's answer to a request for one image.
    package static func document(of image: Image) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("image")
            write(image, for: .api, to: &json)
        }
        return json.bytes
    }
}

extension ImagePage {
    /// Reads a page that the registry sent.
    ///
    /// - Throws: `.unexpected` for an invalid page.
    package init(wire object: JSONObject) throws(Fault) {
        guard let elements = object["images"]?.array else {
            throw Fault(.unexpected, "The image registry sent an invalid page of images.")
        }
        var images: [Image] = []
        for element in elements { images.append(try Image(wire: element.object ?? [:])) }
        // A registry of the previous release sends only the images.
        let rest = object["rest"]?.array?.compactMap(\.string).map { ImageID($0) }
        self.init(images: images, isFull: object["is_full"]?.bool ?? false, rest: rest ?? [])
    }
}

extension Image {
    /// Reads an image that the registry sent.
    ///
    /// - Throws: `.unexpected` for an invalid image.
    package init(wire object: JSONObject) throws(Fault) {
        let fields = try V1Fields(wire: object)
        guard let id = object["id"]?.string, let status = fields.status, let visibility = fields.visibility,
            let createdAt = fields.createdAt, let updatedAt = fields.updatedAt
        else { throw Fault(.unexpected, "The image registry sent an invalid image.") }
        self.init(
            id: ImageID(id), status: status, visibility: visibility, createdAt: createdAt, updatedAt: updatedAt,
            deletedAt: object["deleted_at"]?.string.flatMap { Timestamp(iso8601: $0) })
        fields.apply(to: &self, purging: true)
    }
}

extension Timestamp {
    /// The time in the form of V1, for example `2026-11-23T08:07:00.000000`.
    package var wireText: String { text(end: ".000000") }
}
