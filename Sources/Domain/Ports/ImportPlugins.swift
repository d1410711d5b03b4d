/// Takes bytes out of what they are packed in, on their way.
package protocol Unpacking: Sendable {
    /// Bytes that are packed in nothing pass as they are.
    ///
    /// - Returns: a reader that throws `.invalid` for a packing that is damaged, or is no image's, such as an archive of several files.
    ///   What it gave is to be used only once it has come to a good end.
    func unpacked(_ reader: any ByteStream) -> any ByteStream
}

/// What a site makes of the formats of images that it imports.
package struct ConversionSettings: Sendable {
    /// Disk formats that can be made. Source: Glance, `[image_conversion] output_format`.
    package enum Format: String, Sendable, CaseIterable {
        case qcow2, raw, vmdk
    }

    package var format: Format
    /// That one conversion may take.
    package var seconds: Double

    package init(format: Format, seconds: Double) { (self.format, self.seconds) = (format, seconds) }
}

/// Makes an image of another format out of one.
package protocol ImageConverter: Sendable {
    /// The disk format that it makes.
    var format: String { get }

    /// Makes a file of a file. One that it does not bring to an end is not there afterwards.
    ///
    /// - Parameters:
    ///   - format: the disk format that the first file is said to have.
    ///   - target: nothing is there yet.
    ///   - most: bytes that the image may have.
    ///   - isCancelled: asked several times a second.
    ///   - note: told now and then how much is done, of 1.
    /// - Throws: `.unsupportedMedia` for a file of another format, one that leads to other files, or is damaged; `.tooLarge` for one that
    ///   becomes too large, or takes more time or memory than is allowed; `.gone` when it was cancelled.
    func convert(
        fileAt path: String, from format: String, to target: String, atMost most: Int64, isCancelled: @escaping () -> Bool,
        note: @escaping (_ done: Double) -> Void
    ) throws(Fault)
}
