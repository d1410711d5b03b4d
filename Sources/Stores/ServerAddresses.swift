internal import Domain
internal import Glibc
internal import Threading

/// The addresses of stores' servers, so that nginx need not resolve names. An address is kept for a minute.
struct ServerAddresses: Sendable {
    /// Those of this process.
    static let shared = ServerAddresses()

    /// By hosts, of which stores have few.
    private let known = ExpiringCache<String, String?>(seconds: 60, most: 1000)

    /// An address of the host of a URL; nil if there is none, or the URL is none.
    func address(of url: String) -> String? {
        guard let host = RemoteURL(url)?.host else { return nil }
        if let address = NetworkAddress(host) { return address.description }
        if let address = known[host] { return address }
        // The store has just asked this server, so the resolver answers at once.
        let address = Self.resolved(host)
        known.keep(address, for: host)
        return address
    }

    /// The first address of IPv4, or else of IPv6: nginx tries one only, and a server that listens on both answers at either.
    private static func resolved(_ host: String) -> String? {
        var hints = addrinfo()
        hints.ai_flags = AI_ADDRCONFIG
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &found) == 0 else { return nil }
        defer { freeaddrinfo(found) }
        var addresses: [NetworkAddress] = []
        var next = found
        while let entry = next?.pointee {
            switch (entry.ai_family, entry.ai_addr) {
            case (AF_INET, let raw?):
                raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { raw in
                    withUnsafeBytes(of: raw.pointee.sin_addr) { addresses.append(contentsOf: NetworkAddress(Array($0)).map { [$0] } ?? []) }
                }
            case (AF_INET6, let raw?):
                raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { raw in
                    withUnsafeBytes(of: raw.pointee.sin6_addr) {
                        addresses.append(contentsOf: NetworkAddress(Array($0)).map { [$0] } ?? [])
                    }
                }
            default: break
            }
            next = entry.ai_next
        }
        return (addresses.first { $0.bytes.count == 4 } ?? addresses.first)?.description
    }
}
