/// The rules for URLs that this service fetches on a client's behalf. They hold for web-download, `copy_from`, locations, the http store,
/// and for each redirect.
///
/// As in Glance, schemes, hosts and ports each have a list of what is allowed and one of what is refused; the second is used only
/// where the first is empty. Unlike in Glance, a host that is not listed as allowed must have a public address. The address is
/// judged when the connection is made, so a name cannot resolve to another address in between.
///
/// Source: Glance, `[import_filtering_opts]`; OSSA-2026-004.
package struct FetchRules: Sendable {
    /// Elements that are allowed; if there are none, everything except the refused elements is.
    package struct List<Element: Hashable & Sendable>: Sendable {
        fileprivate let allowed: Set<Element>
        fileprivate let disallowed: Set<Element>

        package init(allowed: [Element] = [], disallowed: [Element] = []) {
            self.allowed = Set(allowed)
            self.disallowed = Set(disallowed)
        }

        fileprivate func permits(_ element: Element) -> Bool {
            allowed.isEmpty ? !disallowed.contains(element) : allowed.contains(element)
        }
    }

    private let schemes: List<String>
    private let hosts: List<FetchURL.Host>
    private let ports: List<Int>

    /// - Throws: for a host that is neither a name nor an address. An IPv6 address may be written without brackets.
    package init(
        schemes: List<String> = List(allowed: ["http", "https"]), hosts: List<String> = List(),
        ports: List<Int> = List(allowed: [80, 443])
    ) throws(FetchRefusal) {
        self.schemes = List(
            allowed: schemes.allowed.map { $0.lowercased() }, disallowed: schemes.disallowed.map { $0.lowercased() })
        self.hosts = List(allowed: try Self.hosts(named: hosts.allowed), disallowed: try Self.hosts(named: hosts.disallowed))
        self.ports = ports
    }

    private static func hosts(named texts: Set<String>) throws(FetchRefusal) -> [FetchURL.Host] {
        var hosts: [FetchURL.Host] = []
        for text in texts { hosts.append(try FetchURL.Host(text.contains(":") && text.first != "[" ? "[\(text)]" : text[...])) }
        return hosts
    }

    /// Accepts a URL, with the conditions that its address must meet.
    ///
    /// - Throws: `.invalid`, with the same text whatever the reason; the reason is the fault's cause.
    package func judge(_ text: String) throws(Fault) -> FetchTarget {
        do throws(FetchRefusal) {
            return try target(text)
        } catch {
            throw Fault(.invalid, "The URL does not pass filtering: this service does not fetch from there.", cause: error)
        }
    }

    private func target(_ text: String) throws(FetchRefusal) -> FetchTarget {
        let url = try FetchURL(text)
        // Other schemes are not implemented, whatever the lists allow.
        guard url.scheme == "http" || url.scheme == "https", schemes.permits(url.scheme) else {
            throw FetchRefusal("the scheme \(url.scheme)")
        }
        guard hosts.permits(url.host) else { throw FetchRefusal("the host \(url.host)", shown: "the host") }
        guard let port = url.port, ports.permits(port) else { throw FetchRefusal("the port \(url.port ?? 0)") }
        let target = FetchTarget(
            url: text, isListed: hosts.allowed.contains(url.host), refused: hosts.allowed.isEmpty ? hosts.disallowed : [])
        switch url.host {
        case .address(let address):
            guard target.permits(address) else {
                throw FetchRefusal("the host \(url.host), which is no public address", shown: "the host, which is no public address")
            }
        case .name(let name):
            // A resolver is not needed to know this: RFC 6761, 6.3.
            guard target.isListed || name != "localhost" && !name.hasSuffix(".localhost") else { throw FetchRefusal("localhost") }
        }
        return target
    }
}

/// A URL that may be fetched, provided that the address of its host is permitted.
package struct FetchTarget: Sendable {
    package let url: String
    /// The operator listed the host as allowed, so any address is permitted.
    fileprivate let isListed: Bool
    fileprivate let refused: Set<FetchURL.Host>

    /// - Parameter address: the address that a connection is about to be made to.
    package func permits(_ address: NetworkAddress) -> Bool {
        isListed || address.isPublic && !refused.contains(.address(address))
    }
}
