package import Domain

/// What a site has done with the bytes of imports on their way, except with copies.
package struct ImportPlugins: Sendable {
    /// Nil leaves packed bytes packed. Source: Glance, `image_decompression`.
    package var unpacker: (any Unpacking)?
    /// Nil leaves formats alone. Source: Glance, `image_conversion`.
    package var converter: (any ImageConverter)?
    /// That of V2's older tasks. Source: `[taskflow_executor] conversion_format`.
    package var legacyConverter: (any ImageConverter)?

    package init() {}

    /// Who unpacks an image; not one that is said to be packed, and not one that is signed, as it is.
    func unpacker(for image: Image) -> (any Unpacking)? { image.containerFormat == "compressed" || image.isSigned ? nil : unpacker }

    /// Who makes another format of an image. What lies in a container and installation media are left alone, as in Glance; and what is
    /// signed, since nobody could check what became of it.
    func converter(for image: Image, _ kind: Task.Kind) -> (any ImageConverter)? {
        guard !image.isSigned, let converter = kind == .legacyImport ? legacyConverter : converter else { return nil }
        return image.containerFormat == "bare" && image.diskFormat != "iso" && image.diskFormat != converter.format ? converter : nil
    }

    /// Whether an image may have another size when it is imported.
    func changes(_ image: Image, _ kind: Task.Kind) -> Bool { unpacker(for: image) != nil || converter(for: image, kind) != nil }
}
