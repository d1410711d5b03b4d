import ImageFormats

/// The inspector's result for bytes that arrive in pieces of one length, or in two pieces.
func inspection(_ bytes: [UInt8], pieces: Int = .max, cutAt cut: Int? = nil) -> Inspection {
    var inspector = FormatInspector()
    bytes.withUnsafeBytes { bytes in
        if let cut {
            inspector.inspect(UnsafeRawBufferPointer(rebasing: bytes[..<cut]))
            inspector.inspect(UnsafeRawBufferPointer(rebasing: bytes[cut...]))
        } else {
            for start in stride(from: 0, to: bytes.count, by: min(pieces, max(bytes.count, 1))) {
                inspector.inspect(UnsafeRawBufferPointer(rebasing: bytes[start..<start + min(pieces, bytes.count - start)]))
            }
        }
    }
    return inspector.inspection()
}

extension Verdict {
    /// The check that refused; nil if none did.
    var refusal: Finding.Check? {
        if case .refused(let finding) = self { finding.check } else { nil }
    }

    var virtualSize: Int64? {
        if case .accepted(let size, _) = self { size } else { nil }
    }

    var warnings: [Finding] {
        if case .accepted(_, let warnings) = self { warnings } else { [] }
    }
}
