/// Names a state of an image: the same for the same state in every process, another for another one.
enum ImageTag {
    /// FNV-1a, 64 bits. Two states of one image are told apart, that is all; nobody gains by finding two that are not.
    static func of(_ document: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in document { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return "\"\(String(hash, radix: 16))\""
    }
}
