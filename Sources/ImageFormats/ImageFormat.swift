/// What an image's bytes may be, under the names that Glance gives as `disk_format`.
package enum ImageFormat: String, Sendable, CaseIterable {
    case raw, qcow2, vhd, vhdx, vmdk, vdi, qed, iso, gpt, luks
}

/// Why an image is refused, in words that may be sent to the client: they say nothing of the server.
package struct Finding: Sendable, Equatable {
    package let format: ImageFormat
    package let check: Check
    /// Bytes from the image's beginning to what is wrong.
    package let offset: UInt64
    package let words: String

    /// The names are those of oslo.utils' checks where it has one; `header`, `size`, `parent` and `format` are ours.
    package enum Check: String, Sendable {
        /// The format is recognised, and never allowed.
        case banned
        case backingFile = "backing_file"
        case dataFile = "data_file"
        case unknownFeatures = "unknown_features"
        case descriptor, footer, mbr, version
        /// What the format must have at its beginning is cut off or contradicts itself.
        case header
        /// The virtual size is more than any disk's.
        case size
        /// The image is a difference to another file.
        case parent
        /// The format is another than the image was said to have, or not one alone.
        case format
    }
}

/// A format whose marks the bytes bear, and all that is wrong with it.
package struct Match: Sendable, Equatable {
    package let format: ImageFormat
    /// Bytes of the disk that a guest sees; nil where the header does not say.
    package var virtualSize: Int64?
    package var findings: [Finding] = []
    /// VMDK's `createType`, in lower case.
    package var subformat: String?

    mutating func refuse(_ check: Finding.Check, at offset: UInt64, _ words: String) {
        findings.append(Finding(format: format, check: check, offset: offset, words: words))
    }

    /// Notes the size that the header tells; one of 2^63 bytes or more is no disk's, and no column's.
    mutating func hasSize(_ size: UInt64?, at offset: UInt64) {
        guard let size else { return }
        virtualSize = Int64(exactly: size)
        if virtualSize == nil { refuse(.size, at: offset, "The virtual size is beyond all measure.") }
    }
}
