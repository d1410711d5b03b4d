internal import Glibc
internal import Text

/// An address of IPv4 (4 bytes) or IPv6 (16 bytes).
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// - Parameter bytes: 4 or 16 bytes in network order.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads four decimal numbers without leading zeros, or IPv6 without a zone.
    package init?(_ text: some StringProtocol) {
        guard let bytes = addressBytes(text) else { return nil }
        self.init(bytes)
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        return text.withUnsafeMutableBufferPointer { buffer in
            inet_ntop(family, bytes, buffer.baseAddress, socklen_t(buffer.count)).map { String(cString: $0) } ?? ""
        }
    }

    /// Whether the address is that of one machine in the public Internet. Addresses that lead back to this host or its networks are not:
    /// loopback, private, link-local (where clouds keep their metadata service), shared, test, reserved and multicast ones, and IPv6
    /// addresses that contain an IPv4 address, such as `::ffff:127.0.0.1`.
    ///
    /// Source: IANA's special-purpose address registries for IPv4 and IPv6 (RFC 6890), as of 2025.
    package var isPublic: Bool {
        let isIPv4 = bytes.count == 4
        return (isIPv4 || Self.global6.contains(self)) && !(isIPv4 ? Self.special4 : Self.special6).contains { $0.contains(self) }
    }

    /// Whether a text is a loopback address.
    package static func isLoopback(_ text: String) -> Bool {
        guard let bytes = NetworkAddress(text)?.bytes else { return false }
        let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127])
        return bytes.count == 4 ? bytes[0] == 127 : isMapped || bytes == [UInt8](repeating: 0, count: 15) + [1]
    }

    /// Addresses that begin with the same bits.
    struct Block: Sendable {
        let start: [UInt8]
        let bits: Int

        init(_ start: [UInt8], _ bits: Int) { (self.start, self.bits) = (start, bits) }

        func contains(_ address: NetworkAddress) -> Bool {
            start.indices.allSatisfy { place in
                let mask = UInt8(truncatingIfNeeded: 0xFF00 >> max(0, min(8, bits - place * 8)))
                return address.bytes[place] & mask == start[place] & mask
            }
        }
    }

    private static let special4: [Block] = [
        Block([0], 8),  // this network, and "unspecified"
        Block([10], 8),  // private
        Block([100, 64], 10),  // shared (carriers' NAT)
        Block([127], 8),  // loopback
        Block([169, 254], 16),  // link-local
        Block([172, 16], 12),  // private
        Block([192, 0, 0], 24),  // IETF protocols
        Block([192, 0, 2], 24),  // documentation
        Block([192, 88, 99], 24),  // relays of 6to4
        Block([192, 168], 16),  // private
        Block([198, 18], 15),  // benchmarks
        Block([198, 51, 100], 24),  // documentation
        Block([203, 0, 113], 24),  // documentation
        Block([224], 4),  // multicast
        Block([240], 4),  // reserved, and broadcast
    ]

    /// 2000::/3. Outside of it lie ::, ::1, ::ffff:0:0/96 (IPv4), 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64), fc00::/7 (private),
    /// fe80::/10 (link-local), fec0::/10 (site-local), ff00::/8 (multicast).
    private static let global6 = Block([0x20], 3)

    private static let special6: [Block] = [
        Block([0x20, 0x01, 0x00], 23),  // IETF protocols, Teredo and benchmarks among them
        Block([0x20, 0x01, 0x0D, 0xB8], 32),  // documentation
        Block([0x20, 0x02], 16),  // 6to4, which holds an IPv4 address
        Block([0x3F, 0xFF, 0x00], 20),  // documentation
    ]
}
