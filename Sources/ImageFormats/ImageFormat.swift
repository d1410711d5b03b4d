/// The formats of images, named as in Glance's `disk_format`.
package enum ImageFormat: String, Sendable, CaseIterable {
    case raw, qcow2, vhd, vhdx, vmdk, vdi, qed, iso, gpt, luks
}

/// The reason why an image is refused, in words that may be sent to the client: they disclose nothing about the server.
package struct Finding: Sendable, Equatable {
    /// The format whose check failed.
    package let format: ImageFormat
    /// The check that failed.
    package let check: Check
    /// The position of the defect in bytes.
    package let offset: UInt64
    /// The reason in words.
    package let words: String

    /// The names of checks: those of oslo.utils where it has one; `header`, `size`, `parent` and `format` are of this service only.
    package enum Check: String, Sendable {
        /// The format is recognized, and never allowed.
        case banned
        case backingFile = "backing_file"
        case dataFile = "data_file"
        case unknownFeatures = "unknown_features"
        case descriptor, footer, mbr, version
        /// The header is cut off or contradicts itself.
        case header
        /// The virtual size is too large for any disk.
        case size
        /// The image is a difference to another file.
        case parent
        /// The format is not the declared one, or there are several.
        case format
    }
}

/// A format whose signature the bytes have, and all findings about it.
package struct Match: Sendable, Equatable {
    /// The format.
    package let format: ImageFormat
    /// The size in bytes of the disk that a guest sees; nil when the header does not have it.
    package var virtualSize: Int64?
    /// The findings.
    package var findings: [Finding] = []
    /// VMDK's `createType`, in lower case.
    package var subformat: String?

    mutating func refuse(_ check: Finding.Check, at offset: UInt64, _ words: String) {
        findings.append(Finding(format: format, check: check, offset: offset, words: words))
    }

    /// Sets the size from the header; a size of 2^63 bytes or more is a finding, and fits into no column.
    mutating func hasSize(_ size: UInt64?, at offset: UInt64) {
        guard let size else { return }
        virtualSize = Int64(exactly: size)
        if virtualSize == nil { refuse(.size, at: offset, "The virtual size is too large for any disk.") }
    }
}
