internal import Text

/// A location as Glance writes it: `rbd://<cluster>/<pool>/<image>/<snapshot>`, each part percent-encoded; in old releases `rbd://<image>`.
/// Source: glance_store, `_drivers/rbd.py`, `StoreLocation`.
struct RBDLocation: Equatable {
    /// The cluster's id and the pool; nil in the old form, which means the configured ones.
    let place: (cluster: String, pool: String)?
    let image: String
    /// The snapshot that holds the data; nil in the old form.
    let snapshot: String?

    /// The name of the snapshot that Glance and this service make.
    static let snapshotName = "snap"

    init(cluster: String, pool: String, image: String, snapshot: String = Self.snapshotName) {
        (place, self.image, self.snapshot) = ((cluster, pool), image, snapshot)
    }

    /// Reads a URL, which may come from an old database or a user.
    ///
    /// - Returns: nil for other URLs, and for names that no pool or image can have.
    init?(_ url: String) {
        let scheme = "rbd://"
        guard url.utf8.count <= 1000, url.utf8.starts(with: scheme.utf8) else { return nil }
        let parts = url.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ part in !part.isEmpty && part.utf8.allSatisfy { 0x21...0x7E ~= $0 } }) else { return nil }
        if parts.count == 1 {
            (place, image, snapshot) = (nil, String(parts[0]), nil)
            return
        }
        let names = parts.compactMap { percentDecoded($0) }
        guard names.count == 4 else { return nil }
        (place, image, snapshot) = ((names[0], names[1]), names[2], names[3])
    }

    var url: String {
        guard let place, let snapshot else { return "rbd://\(image)" }
        return "rbd://" + [place.cluster, place.pool, image, snapshot].map { percentEncoded($0) }.joined(separator: "/")
    }

    static func == (one: RBDLocation, other: RBDLocation) -> Bool { one.url == other.url }
}

/// The name of an image whose upload is under way: `vitrine.<image id>.<token>`. Nobody else gives such names.
struct UnfinishedName: Equatable {
    let image: String
    let token: String

    /// The beginning of all such names.
    static let prefix = "vitrine."

    init(image: String, token: String) { (self.image, self.token) = (image, token) }

    /// - Returns: nil for a name of another form.
    init?(_ name: String) {
        guard name.hasPrefix(Self.prefix) else { return nil }
        let parts = name.dropFirst(Self.prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 36, Self.isToken(parts[1]) else { return nil }
        (image, token) = (String(parts[0]), String(parts[1]))
    }

    private static func isToken(_ text: Substring) -> Bool {
        1...64 ~= text.utf8.count && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x2D }
    }

    var text: String { "\(Self.prefix)\(image).\(token)" }
}
