package import Domain

/// The sizes of an upload's parts, of which S3 takes 10,000 at most. The memory that they take together is bounded, whatever the image.
///
/// A part stays in memory until the server has it, so that it can be signed and sent again. So no part is larger than that memory, and the
/// largest images (5 TiB, by S3's own limit) cannot be written.
package struct S3PartSizes: Sendable {
    private let size: Int
    /// Whether parts grow because it is not known how many there will be.
    private let grows: Bool
    private let store: String

    package static let most = 10_000
    /// Bytes of all parts that are in memory at once: those on their way and the one that is being filled.
    package static let memory = 56 << 20
    /// The largest part of which one is filled while another is on its way, in bytes. Both, and what the HTTP client holds, stay within
    /// `memory`. A larger one is sent before the next is filled.
    package static let largestOfTwo = 28 << 20
    /// Source: Amazon S3 User Guide, "Multipart upload limits".
    package static let smallest = 5 << 20
    /// Of images of unknown length, parts from this number on have `memory` bytes, so that more fits.
    private static let firstAlone = 6_001

    /// - Parameters:
    ///   - usual: the configured size.
    ///   - announced: bytes of the image; nil if they are not known.
    /// - Throws: `.tooLarge` for an image that takes too many parts.
    package init(of usual: Int, announced: Int64?, store: String) throws(Fault) {
        (grows, self.store) = (announced == nil, store)
        let announced = announced ?? 0
        guard announced <= Int64(Self.memory) * Int64(Self.most) else {
            throw .tooManyParts(store, bytes: Int64(Self.memory) * Int64(Self.most))
        }
        // Whole mebibytes.
        let needed = ((Int(announced) + Self.most << 20 - 1) / (Self.most << 20)) << 20
        size = max(min(max(usual, Self.smallest), Self.largestOfTwo), needed)
    }

    /// The size of a part, counted from 1: of unknown lengths each thousand of parts is twice as large as the one before, up to the largest
    /// of which two fit, and the last thousands take all the memory.
    package subscript(number: Int) -> Int {
        guard grows else { return size }
        return number < Self.firstAlone ? min(size << min((number - 1) / 1000, 3), Self.largestOfTwo) : Self.memory
    }

    /// The refusal of an image of unknown length that turns out to be too large.
    package var refusal: Fault { .tooManyParts(store, bytes: (1...Self.most).reduce(0) { $0 + Int64(self[$1]) }) }
}

extension Fault {
    fileprivate static func tooManyParts(_ store: String, bytes: Int64) -> Fault {
        Fault(.tooLarge, "The store '\(store)' takes images of \(bytes) bytes at most.")
    }
}
