/// The `ETag` of an image's state: a hash that is the same in every process.
enum ImageTag {
    /// FNV-1a, 64 bits. It need not resist attacks: a caller gains nothing from two states with the same hash.
    static func of(_ document: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in document { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return "\"\(String(hash, radix: 16))\""
    }
}
