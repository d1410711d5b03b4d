internal import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import RegistryWire
internal import Text

/// An image in V1's answers: as JSON in the body, or as headers before its data.
enum V1Response {
    static func document(of image: Image, _ status: Status = .ok) -> Response {
        var response = Response.json(status) { json in
            json.object { json in
                json.key("image")
                WireImage.write(image, for: .client, to: &json)
            }
        }
        response.headers["ETag"] = image.checksum
        return response
    }

    /// Bytes for an image's headers: nginx's limit for all headers of an answer, less room for the others.
    private static let longestHeader = 56 * 1024

    /// The image's headers. Fields without a value are left out, and so are properties whose names are not valid in headers.
    ///
    /// - Throws: `.headerTooLarge` if the headers would exceed the limit. V2 has the same fields in a body.
    static func headers(of image: Image) throws(Fault) -> Headers {
        var headers = Headers()
        func add(_ field: String, _ value: String?) {
            if let value { headers.add("x-image-meta-\(field)", writable(value)) }
        }
        func add(_ field: String, _ value: Bool) { add(field, value ? "True" : "False") }
        add("id", image.id.text)
        add("name", image.name)
        add("status", image.status.rawValue)
        add("size", image.size.map { String($0) })
        add("virtual_size", image.virtualSize.map { String($0) })
        add("disk_format", image.diskFormat)
        add("container_format", image.containerFormat)
        add("min_disk", String(image.minDisk))
        add("min_ram", String(image.minRAM))
        add("is_public", image.visibility == .public)
        add("owner", image.owner)
        add("checksum", image.checksum)
        add("created_at", image.createdAt.wireText)
        add("updated_at", image.updatedAt.wireText)
        add("deleted_at", image.deletedAt?.wireText)
        add("deleted", image.deletedAt != nil)
        add("protected", image.isProtected)
        for property in image.properties where property.name.allBytes(isToken) {
            add("property-\(property.name.lowercased())", property.value)
        }
        let length = headers.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard length <= longestHeader else {
            throw Fault(.headerTooLarge, "The image's properties are too long for a header; ask the Images API v2 for them.")
        }
        headers["ETag"] = image.checksum
        return headers
    }

    /// A value on one line: control characters, which V2 allows, become blanks.
    private static func writable(_ text: String) -> String {
        guard !text.allBytes({ $0 >= 0x20 && $0 != 0x7F }) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
