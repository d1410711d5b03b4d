/// The result of inspecting an image.
package struct Inspection: Sendable, Equatable {
    /// The size of the image in bytes.
    package let size: Int64
    /// The formats whose signatures the image has; none means raw.
    package let matches: [Match]
    /// The match of a fixed VHD's footer. Such an image may begin with anything, so this counts only when the declared format is VHD.
    let fixedDisk: Match?
}

/// An installation's rules for the formats of images.
package struct FormatRules: Sendable {
    /// Whether the declared format must be the real one. Source: `[image_format] require_image_format_match`.
    package var requiresMatch = true
    /// The allowed createTypes of VMDK. Only `monolithicSparse` and `streamOptimized` can be allowed: the others have data in other files.
    /// Source: `[image_format] vmdk_allowed_types`.
    package var vmdkTypes = ["streamOptimized", "monolithicSparse"]
    /// The checks of gpt that only warn. Source: `[image_format] gpt_safety_checks_nonfatal`.
    package var nonfatalChecksOfGPT: Set<String> = []

    /// Makes default rules.
    package init() {}
}

/// The decision about an inspected image.
package enum Verdict: Sendable, Equatable {
    /// The image is accepted.
    ///
    /// - Parameters:
    ///   - virtualSize: the size in bytes of the disk that a guest sees; nil when it is unknown.
    ///   - warnings: findings that other rules would refuse.
    case accepted(virtualSize: Int64?, warnings: [Finding])
    /// The image is refused because of a finding.
    case refused(Finding)
}

extension Inspection {
    /// Kernels and ramdisks of Linux. A kernel has the signature of a partition table in its first sector, but no table. Glance intends to
    /// accept them, but refuses them because of the mismatch.
    private static let kernels: Set<String> = ["aki", "ari"]

    /// Decides about an image with a declared format.
    ///
    /// The real format counts even for an image that is declared as raw: every image must pass the checks of the formats whose signatures
    /// it has. A bootable ISO has a partition table too, and is an ISO.
    ///
    /// - Parameter claimed: the image's `disk_format`.
    package func verdict(claimed: String, by rules: FormatRules) -> Verdict {
        let matches = candidates(claimed: claimed)
        let nonfatal = rules.nonfatalChecksOfGPT.union(Self.kernels.contains(claimed) ? [Finding.Check.mbr.rawValue] : [])
        var (fatal, warnings): ([Finding], [Finding]) = ([], [])
        for match in matches {
            for finding in match.findings + match.findingsOfSubformat(rules) {
                let isFatal = match.format != .gpt || !nonfatal.contains(finding.check.rawValue)
                if isFatal { fatal.append(finding) } else { warnings.append(finding) }
            }
        }
        if let finding = fatal.first { return .refused(finding) }
        if let finding = mismatch(matches, claimed: claimed) {
            if rules.requiresMatch { return .refused(finding) }
            warnings.append(finding)
        }
        if claimed == ImageFormat.raw.rawValue { return .accepted(virtualSize: size, warnings: warnings) }
        guard let match = matches.first, matches.count == 1, match.format.rawValue == claimed else {
            return .accepted(virtualSize: nil, warnings: warnings)
        }
        return .accepted(virtualSize: match.format == .gpt ? size : match.virtualSize, warnings: warnings)
    }

    private func candidates(claimed: String) -> [Match] {
        let formats = Set(matches.map(\.format))
        if formats == [.iso, .gpt] { return matches.filter { $0.format == .iso } }
        if claimed == ImageFormat.vhd.rawValue, formats.isSubset(of: [.gpt]), let fixedDisk { return [fixedDisk] }
        return matches
    }

    private func mismatch(_ matches: [Match], claimed: String) -> Finding? {
        guard let match = matches.first else {
            guard let format = ImageFormat(rawValue: claimed), format != .raw else { return nil }
            return Finding(format: .raw, check: .format, offset: 0, words: "The image is said to be \(format), and is not.")
        }
        if matches.count > 1 {
            let names = matches.map(\.format.rawValue).joined(separator: ", ")
            return Finding(format: match.format, check: .format, offset: 0, words: "The image is of several formats: \(names).")
        }
        let isKernel = match.format == .gpt && Self.kernels.contains(claimed)
        if claimed == ImageFormat.raw.rawValue || claimed == match.format.rawValue || isKernel { return nil }
        return Finding(
            format: match.format, check: .format, offset: 0, words: "The image is said to be \(claimed), and is \(match.format).")
    }
}

extension Match {
    fileprivate func findingsOfSubformat(_ rules: FormatRules) -> [Finding] {
        guard let subformat else { return [] }
        let isWhole = ["monolithicsparse", "streamoptimized"].contains(subformat)
        if isWhole && rules.vmdkTypes.contains(where: { $0.lowercased() == subformat }) { return [] }
        return [
            Finding(
                format: format, check: .descriptor, offset: VMDK.descriptorOffset, words: "VMDK of this createType is not allowed.")
        ]
    }
}
