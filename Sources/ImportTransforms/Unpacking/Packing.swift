/// The packings that are recognized, by their first bytes.
package enum Packing: String, Sendable, CaseIterable {
    case gzip, bzip2, xz, zstd, zip

    /// The number of bytes that are needed to recognize each of them.
    static let beginning = 10

    /// - Returns: nil when the data has none of these packings.
    init?(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.prefix(Self.beginning))
        func begins(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }
        switch true {
        // RFC 1952: deflate is the only method, and three flags are reserved.
        case begins([0x1F, 0x8B, 8]) && bytes.count > 3 && bytes[3] & 0xE0 == 0: self = .gzip
        case begins(Array("BZh".utf8)) && bytes.count == 10 && Self.bzip2Blocks.contains(Array(bytes[4...])): self = .bzip2
        case begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]): self = .xz
        case begins([0x28, 0xB5, 0x2F, 0xFD]): self = .zstd
        case begins(Array("PK".utf8) + [3, 4]): self = .zip
        default: return nil
        }
    }

    /// The beginning of the first block, and that of the end of an empty file.
    private static let bzip2Blocks: [[UInt8]] = [[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]]
}

/// The reason why packed data cannot be read.
package enum UnpackingError<Failure: Error>: Error {
    /// The source has failed.
    case source(Failure)
    /// The data is damaged or not supported, in words that its sender may read.
    case flaw(String)
}

/// A defect of packed data.
struct Flaw: Error {
    let words: String
    init(_ words: String) { self.words = words }
}
