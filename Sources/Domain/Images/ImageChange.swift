internal import JSONDocument

/// One change that a client asks for. `Operations` checks their rights before.
package enum ImageChange: Sendable {
    case name(String?)
    case visibility(Visibility)
    case isProtected(Bool)
    case isHidden(Bool)
    case owner(String?)
    case diskFormat(String?)
    case containerFormat(String?)
    case minDisk(Int64)
    case minRAM(Int64)
    /// The whole set.
    case tags([String])
    /// Sets a custom property, new or not.
    case setProperty(String, String?)
    case replaceProperty(String, String?)
    case removeProperty(String)
    /// `add` of the older JSON-Patch dialect. It refuses names that exist already, and the record's own fields always exist.
    case addNewProperty(String, String?)
    case locations(LocationChange)

    /// - Parameter placing: applies changes of locations, which need more than the record.
    /// - Throws: `.conflict` for a custom property that is missing, or that exists already; `.forbidden` for a format of an image
    ///   that has its data; what `placing` throws.
    package func apply(
        to image: inout Image, placing: (LocationChange, inout Image) throws(Fault) -> Void = Self.placeNothing
    ) throws(Fault) {
        switch self {
        case .locations(let change): try placing(change, &image)
        case .name(let name): image.name = name
        case .visibility(let visibility): image.visibility = visibility
        case .isProtected(let value): image.isProtected = value
        case .isHidden(let value): image.isHidden = value
        case .owner(let owner): image.owner = owner
        case .minDisk(let gigabytes): image.minDisk = gigabytes
        case .minRAM(let megabytes): image.minRAM = megabytes
        case .tags(let tags): image.tags = tags.uniqued
        case .diskFormat(let format):
            try Self.checkFormatMayChange(of: image, "disk_format")
            image.diskFormat = format
        case .containerFormat(let format):
            try Self.checkFormatMayChange(of: image, "container_format")
            image.containerFormat = format
        case .setProperty(let name, let value):
            if let index = image.indexOfProperty(name) {
                image.properties[index].value = value
            } else {
                image.properties.append(ImageProperty(name, value))
            }
        case .addNewProperty(let name, let value):
            guard image.indexOfProperty(name) == nil, !Image.fieldNames.contains(name) else {
                throw Fault(.conflict, "Property \(name) already exists.")
            }
            image.properties.append(ImageProperty(name, value))
        case .replaceProperty(let name, let value):
            guard let index = image.indexOfProperty(name) else { throw .noSuchProperty(name) }
            image.properties[index].value = value
        case .removeProperty(let name) where Image.fieldNames.contains(name):
            throw Fault(.forbidden, "Property \(name) may not be removed.")
        case .removeProperty(let name):
            guard let index = image.indexOfProperty(name) else { throw .noSuchProperty(name) }
            image.properties.remove(at: index)
        }
    }

    /// Refuses changes of locations, for sites that do not show them.
    package static func placeNothing(_ change: LocationChange, _ image: inout Image) throws(Fault) {
        throw Fault(.forbidden, "It's not allowed to change locations if locations are invisible.")
    }

    private static func checkFormatMayChange(of image: Image, _ field: String) throws(Fault) {
        guard image.status == .queued || image.status == .importing else {
            throw Fault(.forbidden, "Attribute \(field) can be only replaced for a queued image.")
        }
    }
}

extension Image {
    fileprivate func indexOfProperty(_ name: String) -> Int? { properties.firstIndex { $0.name.isSame(as: name) } }
}

extension Fault {
    package static func noSuchProperty(_ name: String) -> Fault { Fault(.conflict, "Property \(name) does not exist.") }
}

extension [String] {
    /// The texts without repetitions, in the order of their first appearance.
    package var uniqued: [String] {
        var seen: Set<ExactText> = []
        return filter { seen.insert(ExactText($0)).inserted }
    }

    /// Whether a text is among these, compared byte by byte as tags are.
    package func has(_ text: String) -> Bool { contains { $0.isSame(as: text) } }
}
