package import Domain

/// The plugins that change the data of imports. Copies are not changed.
package struct ImportPlugins: Sendable {
    /// Nil when packed data stays packed. Source: Glance, `image_decompression`.
    package var unpacker: (any Unpacking)?
    /// Nil when formats are not converted. Source: Glance, `image_conversion`.
    package var converter: (any ImageConverter)?
    /// The converter for V2's older tasks. Source: `[taskflow_executor] conversion_format`.
    package var legacyConverter: (any ImageConverter)?

    /// Makes plugins that change nothing.
    package init() {}

    /// The unpacker for an image; nil for an image that is declared as packed, and for a signed one.
    func unpacker(for image: Image) -> (any Unpacking)? { image.containerFormat == "compressed" || image.isSigned ? nil : unpacker }

    /// The converter for an image. As in Glance, data in a container and installation media are not converted; nor are signed images, since
    /// the result has no signature.
    func converter(for image: Image, _ kind: Task.Kind) -> (any ImageConverter)? {
        guard !image.isSigned, let converter = kind == .legacyImport ? legacyConverter : converter else { return nil }
        return image.containerFormat == "bare" && image.diskFormat != "iso" && image.diskFormat != converter.format ? converter : nil
    }

    /// Whether the import may change the size of an image.
    func changes(_ image: Image, _ kind: Task.Kind) -> Bool { unpacker(for: image) != nil || converter(for: image, kind) != nil }
}
