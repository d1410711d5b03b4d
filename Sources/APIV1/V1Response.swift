internal import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import RegistryWire

/// An image as V1 answers with it: in the body, or in the header before its data.
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

    /// Bytes that nginx takes of an answer's header, less what else stands there.
    private static let longestHeader = 56 * 1024

    /// Fields without a value are left out, and so are properties whose name no header can have.
    ///
    /// - Throws: `.headerTooLarge` when all of it is too long for a header; V2 has it in a body.
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
        for property in image.properties where property.name.utf8.allSatisfy(isToken) {
            add("property-\(property.name.lowercased())", property.value)
        }
        let length = headers.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard length <= longestHeader else {
            throw Fault(.headerTooLarge, "The image's properties are too long for a header; ask the Images API v2 for them.")
        }
        headers["ETag"] = image.checksum
        return headers
    }

    /// A value on one line, whatever V2 was told.
    private static func writable(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
