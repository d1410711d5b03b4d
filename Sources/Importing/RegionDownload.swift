package import Domain
internal import JSONDocument
internal import Operations

/// The settings for images of other regions.
package struct RegionDownloads: Sendable {
    /// Finds and asks the other regions' services.
    let regions: any OtherRegions
    /// The prefixes of the custom properties that are copied. Source: `[glance_download_properties] extra_properties`.
    let prefixes: [String]

    /// Makes settings of their parts.
    package init(regions: any OtherRegions, prefixes: [String]) { (self.regions, self.prefixes) = (regions, prefixes) }
}

/// The record of an image in another region.
struct RegionImageRecord {
    let url: String
    let token: CallerToken
    let size: Int64
    /// The digests that its data must have; empty when the other region has none.
    let digests: [ImageHash]
    let diskFormat: String
    let containerFormat: String
    let properties: [ImageProperty]

    /// The largest size of a record in bytes.
    static let longest: Int64 = 1 << 20

    /// - Throws: `.invalid` for a record that is not one of an active image with data.
    init(_ text: [UInt8], at url: String, _ token: CallerToken, prefixes: [String]) throws(Fault) {
        guard let object = (try? JSON(parsing: text))?.object else { throw Fault(.invalid, "The source does not describe an image.") }
        guard object["status"]?.string == "active" else {
            throw Fault(.invalid, "The image of the source is not active but \(object["status"]?.string?.prefix(40) ?? "nothing").")
        }
        guard let size = object["size"]?.int, size >= 0, let disk = Self.format(object["disk_format"]),
            let container = Self.format(object["container_format"])
        else { throw Fault(.invalid, "The source does not tell the size and the formats of its image.") }
        (self.url, self.token, self.size, diskFormat, containerFormat) = (url, token, size, disk, container)
        var digests: [ImageHash] = []
        if let algorithm = object["os_hash_algo"]?.string, let value = object["os_hash_value"]?.string {
            digests.append(ImageHash(algorithm: algorithm, value: value))
        }
        if let checksum = object["checksum"]?.string { digests.append(ImageHash(algorithm: "md5", value: checksum)) }
        self.digests = digests
        var properties: [ImageProperty] = []
        for name in object.keys where prefixes.contains(where: { name.hasPrefix($0) }) && !Image.fieldNames.contains(name) {
            let value = object[name]?.string
            guard value != nil || object[name] == .null, !Image.isMark(name) else { continue }
            try ImageText.check(property: name, value)
            properties.append(ImageProperty(name, value))
        }
        self.properties = properties
    }

    /// A format that fits into its column; nil otherwise.
    private static func format(_ value: JSON?) -> String? { value?.string.flatMap { 1...20 ~= $0.utf8.count ? $0 : nil } }
}

extension Importer {
    /// Reads the record of the image in another region; nil for other imports.
    ///
    /// - Throws: `.invalid` for a region that the token's catalog does not have, `.forbidden` for properties that the caller who ordered
    ///   the import may not set.
    func described(_ plan: ImportPlan, for image: Image, _ run: JobRun) throws(Fault) -> RegionImageRecord? {
        guard case .region(let source) = plan.method else { return nil }
        guard let downloads else { throw Fault(.invalid, "Images of other regions are not imported here.") }
        let token = try downloads.regions.opened(source.sealedToken, for: image.id)
        let service = try downloads.regions.imageService(in: source.region, interface: source.interface, for: token)
        let url = "\(service)/v2/images/\(source.image)"
        let fetched = try self.source.fetch(url, showing: token, atMost: RegionImageRecord.longest, isCancelled: { run.isCancelled })
        let found = try RegionImageRecord(try text(of: fetched.reader), at: "\(url)/file", token, prefixes: downloads.prefixes)
        try self.service.limits.check(size: found.size)
        let caller = Caller(
            user: nil, project: source.project, roles: source.roles, isAdmin: self.service.policy.makesAdmin(roles: source.roles))
        if let rights = self.service.propertyRights(of: caller) {
            for property in found.properties { try rights.requireSetting(property.name, of: image) }
        }
        return found
    }

    private func text(of description: any ByteStream) throws(Fault) -> [UInt8] {
        do throws(StreamError) {
            guard let text = try description.readAll(atMost: Int(RegionImageRecord.longest), within: nil) else {
                throw .failed(Fault(.tooLarge, "The source describes its image in more than \(RegionImageRecord.longest) bytes."))
            }
            return text
        } catch {
            throw error.fault
        }
    }
}

extension ImageService {
    /// Gives the image the fields of an image in another region.
    ///
    /// - Throws: `.tooLarge` for more properties than an image may have.
    func become(_ source: RegionImageRecord, _ image: inout Image) throws(Fault) {
        let before = image.properties
        image.take(source)
        try limits.check(properties: image.properties, before: before)
    }
}

extension Image {
    /// Takes over size, formats and properties of an image in another region.
    mutating func take(_ source: RegionImageRecord) {
        (size, diskFormat, containerFormat) = (source.size, source.diskFormat, source.containerFormat)
        set(source.properties, replacing: false)
    }
}
