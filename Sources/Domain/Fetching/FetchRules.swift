/// What this service fetches when somebody tells it a URL. One and the same for web-download, `copy_from`, locations, the http
/// store, and for every redirect of theirs.
///
/// As in Glance, there is a list of what is allowed and one of what is not for schemes, hosts and ports, and the second counts only
/// where the first is empty. Unlike Glance, a host leads to a public address unless it is listed as allowed; the address is
/// judged when it is connected to, so that a name cannot mean another one by then.
///
/// Source: Glance, `[import_filtering_opts]`; OSSA-2026-004.
package struct FetchRules: Sendable {
    /// What is allowed if that is anything, else all but what is not.
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

    /// - Throws: for a host that is neither a name nor an address. An IPv6 address may come without its brackets.
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

    /// Says yes to a URL, and on which conditions.
    ///
    /// - Throws: `.invalid`, with the same text whatever the reason; the reason is its cause.
    package func judge(_ text: String) throws(Fault) -> FetchTarget {
        do throws(FetchRefusal) {
            return try target(text)
        } catch {
            throw Fault(.invalid, "The URL does not pass filtering: this service does not fetch from there.", cause: error)
        }
    }

    private func target(_ text: String) throws(FetchRefusal) -> FetchTarget {
        let url = try FetchURL(text)
        // Nothing else is spoken here, whatever is allowed.
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
            // Also without a resolver: RFC 6761, 6.3.
            guard target.isListed || name != "localhost" && !name.hasSuffix(".localhost") else { throw FetchRefusal("localhost") }
        }
        return target
    }
}

/// A URL that may be fetched, if the address that its host turns out to have may be connected to.
package struct FetchTarget: Sendable {
    package let url: String
    /// The operator named the host as allowed, so it may be anywhere.
    fileprivate let isListed: Bool
    fileprivate let refused: Set<FetchURL.Host>

    /// - Parameter address: that which a connection is about to be made to.
    package func permits(_ address: NetworkAddress) -> Bool {
        isListed || address.isPublic && !refused.contains(.address(address))
    }
}
