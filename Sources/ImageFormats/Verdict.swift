/// What an image's bytes are.
package struct Inspection: Sendable, Equatable {
    /// Bytes of the image.
    package let size: Int64
    /// Every format whose marks the image bears; none is raw.
    package let matches: [Match]
    /// That the image ends as a fixed VHD does. It begins as anything, so this counts only where the image is said to be a VHD.
    let fixedDisk: Match?
}

/// What a site asks of images.
package struct FormatRules: Sendable {
    /// Source: `[image_format] require_image_format_match`.
    package var requiresMatch = true
    /// Of VMDK, the createTypes allowed. Only `monolithicSparse` and `streamOptimized` can be: the others have data elsewhere.
    /// Source: `[image_format] vmdk_allowed_types`.
    package var vmdkTypes = ["streamOptimized", "monolithicSparse"]
    /// Checks of gpt that only warn.
    /// Source: `[image_format] gpt_safety_checks_nonfatal`.
    package var nonfatalChecksOfGPT: Set<String> = []

    package init() {}
}

/// What becomes of an image that was inspected.
package enum Verdict: Sendable, Equatable {
    /// - Parameters:
    ///   - virtualSize: bytes of the disk that a guest sees; nil where nobody can tell.
    ///   - warnings: what would refuse it at another site.
    case accepted(virtualSize: Int64?, warnings: [Finding])
    case refused(Finding)
}

extension Inspection {
    /// Kernels and ramdisks of Linux: a kernel bears the mark of a partition table in its first sector, and has none. Glance means
    /// to let them pass, and refuses them as something else than they were said to be.
    private static let kernels: Set<String> = ["aki", "ari"]

    /// Judges an image that was said to be of a format.
    ///
    /// What the bytes are counts also where the image was said to be raw: the checks of a format are made of every image that
    /// bears its marks. An ISO that boots bears a partition table too, and is an ISO.
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
