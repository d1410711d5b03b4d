/// Unpacks a stream of compressed or archived data.
package protocol Unpacking: Sendable {
    /// Wraps a reader. Data that is not packed passes unchanged.
    ///
    /// - Returns: a reader that throws `.invalid` for a packing that is damaged or does not hold an image, such as an archive of several
    ///   files. Its bytes may be used only once it has come to its end without an error.
    func unpacked(_ reader: any ByteStream) -> any ByteStream
}

/// An installation's settings for converting imported images.
package struct ConversionSettings: Sendable {
    /// The disk formats that can be produced. Source: Glance, `[image_conversion] output_format`.
    package enum Format: String, Sendable, CaseIterable {
        case qcow2, raw, vmdk
    }

    /// The disk format that images are converted to.
    package var format: Format
    /// The time limit of one conversion, in seconds.
    package var seconds: Double

    /// Makes settings of their parts.
    package init(format: Format, seconds: Double) { (self.format, self.seconds) = (format, seconds) }
}

/// Converts an image to another disk format.
package protocol ImageConverter: Sendable {
    /// The disk format that it produces.
    var format: String { get }

    /// Converts a file into a new file. An unfinished new file is removed.
    ///
    /// - Parameters:
    ///   - format: the disk format that the source file is declared to have.
    ///   - target: the path of the new file; nothing is there yet.
    ///   - most: the largest size of the image in bytes.
    ///   - isCancelled: called several times a second.
    ///   - note: called now and then with the progress, from 0 to 1.
    /// - Throws: `.unsupportedMedia` for a file that has another format, refers to other files or is damaged; `.tooLarge` when the result
    ///   is too large, or the conversion takes more time or memory than allowed; `.gone` when it was cancelled.
    func convert(
        fileAt path: String, from format: String, to target: String, atMost most: Int64, isCancelled: @escaping () -> Bool,
        note: @escaping (_ done: Double) -> Void
    ) throws(Fault)
}
