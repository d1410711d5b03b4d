internal import APICommon
internal import Domain
internal import HTTP

/// The disk and container formats that images may have, as configured, and the names of the store that takes new data.
package struct V1Formats: Sendable {
    let disk, container: [String]
    /// In V1 a store is named by a scheme of its locations.
    let stores: [String]

    package init(disk: [String], container: [String], stores: [String]) {
        self.disk = disk
        self.container = container
        self.stores = stores
    }

    /// Amazon's formats. An image with one of them has the same disk and container format.
    static let amazon: Set<String> = ["aki", "ari", "ami"]
}

/// The content of a V1 request's headers.
struct V1Request {
    /// The fields of the image's record.
    var fields = V1Fields()
    /// Whether the request names a status that does not exist.
    var hasUnknownStatus = false
    var isDeleted = false
    /// The URL of existing bytes, which stay where they are.
    var location: String?
    /// The URL to fetch the bytes from.
    var copyFrom: String?
    /// Whether custom properties that the request does not name are removed.
    var purges = true

    /// The size in bytes that the request gives; nil if it gives none.
    var size: Int64? { fields.size ?? nil }

    private static let prefix = "x-image-meta-"
    private static let propertyPrefix = "property-"

    /// Reads the headers.
    ///
    /// - Throws: `.invalid`, naming the header, for an unknown header or a value that is not allowed.
    init(_ headers: Headers, _ formats: V1Formats) throws(Fault) {
        fields.properties = []
        for field in headers.fields {
            let name = field.name.lowercased()
            switch name {
            case "x-glance-api-copy-from": copyFrom = field.value
            case "x-glance-registry-purge-props": purges = field.value.isTrueWord
            case _ where name.hasPrefix(Self.prefix): try read(String(name.dropFirst(Self.prefix.count)), field.value, formats)
            default: break
            }
        }
        try check(formats)
    }

    private mutating func read(_ name: String, _ text: String, _ formats: V1Formats) throws(Fault) {
        // Bytes that are not UTF-8 were decoded as this character.
        guard !text.unicodeScalars.contains("\u{FFFD}") else {
            throw Fault(.invalid, "Bad header: \(Self.prefix)\(name.prefix(80)) is no UTF-8.")
        }
        if name.hasPrefix(Self.propertyPrefix) {
            let name = name.dropFirst(Self.propertyPrefix.count).underscored
            try ImageText.check(property: name, text)
            guard !name.isEmpty else { throw Fault(.invalid, "Bad header: x-image-meta-property- names no property.") }
            fields.properties?.removeAll { $0.name == name }
            fields.properties?.append(ImageProperty(name, text.isEmpty ? nil : text))
            return
        }
        let field = name[...].underscored
        let value = text.isEmpty ? nil : text
        switch field {
        case "id": fields.id = try id(text)
        case "status":
            fields.status = value.flatMap { ImageStatus(rawValue: $0) }
            hasUnknownStatus = value != nil && fields.status == nil
        case "name": fields.name = .some(try checked(field, value, longest: ImageText.longestName))
        case "owner": fields.owner = .some(try checked(field, value, longest: ImageText.longestName))
        case "checksum": fields.checksum = .some(try checked(field, value, longest: 32)?.lowercased())
        case "disk_format": fields.diskFormat = .some(value)
        case "container_format": fields.containerFormat = .some(value)
        case "is_public": fields.visibility = text.isTrueWord ? .public : .shared
        case "protected": fields.isProtected = text.isTrueWord
        case "deleted": isDeleted = text.isTrueWord
        case "size": fields.size = try number(field, text, most: .max).map { .some($0) }
        case "min_disk": fields.minDisk = try number(field, text, most: Int64(Int32.max))
        case "min_ram": fields.minRAM = try number(field, text, most: Int64(Int32.max))
        case "virtual_size": fields.virtualSize = .some(text == "None" || text.isEmpty ? nil : try number(field, text, most: .max))
        case "created_at": fields.createdAt = try time(field, text)
        case "updated_at": fields.updatedAt = try time(field, text)
        case "deleted_at": _ = try time(field, text)
        case "store": try check(store: text, formats)
        case "location": location = text
        case "copy_from", "uri": break
        default: throw Fault(.invalid, "Bad header: \(Self.prefix)\(name.prefix(80))")
        }
    }

    // MARK: values

    private func checked(_ field: String, _ text: String?, longest: Int) throws(Fault) -> String? {
        guard let text else { return nil }
        guard text.unicodeScalars.count <= longest else { throw Self.bad(field, "is longer than \(longest) characters") }
        try ImageText.check(text)
        return text
    }

    private func id(_ text: String) throws(Fault) -> ImageID? {
        guard !text.isEmpty else { return nil }
        guard ImageID(text).isUUID else { throw Self.bad("id", "is no UUID") }
        return ImageID(text)
    }

    private func number(_ field: String, _ text: String, most: Int64) throws(Fault) -> Int64? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int64(text), number <= most else {
            throw Self.bad(field, "is no integer from 0 to \(most)")
        }
        return number
    }

    private func time(_ field: String, _ text: String) throws(Fault) -> Timestamp? {
        guard !text.isEmpty else { return nil }
        guard let time = Timestamp(iso8601: text), time.year >= 1900 else { throw Self.bad(field, "is no time by ISO 8601 since 1900") }
        return time
    }

    private func check(store: String, _ formats: V1Formats) throws(Fault) {
        guard store.isEmpty || formats.stores.contains(store) else {
            throw Self.bad("store", "names no store that takes images: '\(store.prefix(40))'")
        }
    }

    private mutating func check(_ formats: V1Formats) throws(Fault) {
        if case .some(let disk?) = fields.diskFormat, !formats.disk.contains(disk) {
            throw Self.bad("disk_format", "is none of \(formats.disk.joined(separator: ", "))")
        }
        if case .some(let container?) = fields.containerFormat, !formats.container.contains(container) {
            throw Self.bad("container_format", "is none of \(formats.container.joined(separator: ", "))")
        }
        let disk: String? = fields.diskFormat ?? nil
        let container: String? = fields.containerFormat ?? nil
        guard [disk, container].contains(where: { $0.map(V1Formats.amazon.contains) == true }) else { return }
        guard disk == nil || container == nil || disk == container else {
            throw Self.bad("container_format", "must be the same as disk_format if one of them is aki, ari or ami")
        }
        fields.diskFormat = .some(disk ?? container)
        fields.containerFormat = .some(container ?? disk)
    }

    static func bad(_ field: String, _ why: String) -> Fault { Fault(.invalid, "Bad header: x-image-meta-\(field) \(why).") }
}

extension String {
    /// Whether the text means yes; any other text means no.
    fileprivate var isTrueWord: Bool { ["true", "t", "yes", "y", "on", "1"].contains(lowercased()) }
}

extension Substring {
    /// A name as V1 stores it: `-` and `_` are the same.
    fileprivate var underscored: String { String(map { $0 == "-" ? "_" : $0 }) }
}
