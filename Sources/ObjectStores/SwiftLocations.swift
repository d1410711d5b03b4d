internal import Domain
internal import Text
internal import Threading

/// An object of a store, and the account that it lies in.
struct SwiftObject {
    let account: SwiftAccount
    let container, name: String

    /// The path of a request to it.
    var path: String { SwiftObject.path(container, name) }

    static func path(_ container: String, _ name: String? = nil) -> String {
        let parts = name.map { $0.split(separator: "/", omittingEmptySubsequences: false).map { percentEncoded(String($0)) } } ?? []
        return "/" + ([percentEncoded(container)] + parts).joined(separator: "/")
    }
}

/// The objects that URLs of locations name, as Glance's driver writes them.
///
/// - `swift+config://REFERENCE/container/object`: in the account of a reference.
/// - `swift://`, `swift+https://`, `swift+http://`, with `[user:key@]auth-address/container/object`: of old rows. The address must be
///   that of a server that a reference names, so that a location leads nowhere else. Where a reference has the user, its key is used, not
///   the row's.
///
/// The container must be one that the store's options name. Source: glance_store, `_drivers/swift/store.py`, `StoreLocation.parse_uri`.
final class SwiftLocations: Sendable {
    private let settings: SwiftStore.Settings
    private let store: String
    /// The accounts of references, by their names.
    private let accounts: [String: SwiftAccount]
    /// The accounts of users that old rows alone name, by user and key; at most `most`.
    private let former = Monitor<[String: SwiftAccount]>([:])

    private static let most = 32
    /// The longest URL, in bytes.
    private static let longest = 4096

    init(_ settings: SwiftStore.Settings, store: String) {
        (self.settings, self.store) = (settings, store)
        accounts = settings.references.mapValues { SwiftAccount($0, settings, store: store) }
    }

    /// The account that new data go to.
    var main: SwiftAccount {
        guard let account = accounts[settings.mainReference] else { fatalError("the options name a main reference that is there") }
        return account
    }

    /// The URL of an object in the main account. It holds no credentials.
    func url(_ container: String, _ name: String) -> String { "swift+config://\(settings.mainReference)/\(container)/\(name)" }

    /// The object that a URL names; nil when it is none of this store's.
    func object(at url: String) -> SwiftObject? {
        guard url.utf8.count <= Self.longest, let mark = url.firstRange(of: "://"),
            url[mark.upperBound...].firstRange(of: "://") == nil
        else { return nil }
        let parts = url[mark.upperBound...].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, let object = parts.last, Self.isName(object) else { return nil }
        let container = String(parts[parts.count - 2])
        guard covers(container) else { return nil }
        let account: SwiftAccount?
        switch url[..<mark.lowerBound] {
        case "swift+config": account = parts.count == 3 ? accounts[String(parts[0])] : nil
        case "swift", "swift+https": account = self.account(at: parts[0], scheme: "https")
        case "swift+http": account = self.account(at: parts[0], scheme: "http")
        default: account = nil
        }
        return account.map { SwiftObject(account: $0, container: container, name: String(object)) }
    }

    /// The account that an old row names by `[user:key@]host[:port]`.
    private func account(at authority: Substring, scheme: String) -> SwiftAccount? {
        let at = authority.lastIndex(of: "@")
        let server = at.map { authority[authority.index(after: $0)...] } ?? authority
        guard let origin = try? SwiftOrigin("\(scheme)://\(server)") else { return nil }
        let here = settings.references.filter { $0.value.origin == origin }
        let main = here[settings.mainReference].map { _ in settings.mainReference } ?? here.keys.min()
        guard let main, let configured = here[main] else { return nil }
        guard let at else { return accounts[main] }
        guard let text = percentDecoded(authority[..<at]), let colon = text.lastIndex(of: ":") else { return nil }
        let (user, key) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        let known = here.filter { $0.value.user == user }.keys
        if let reference = known.contains(main) ? main : known.min() { return accounts[reference] }
        guard let login = configured.by(user, key: key) else { return nil }
        let name = "\(user):\(key)"
        return former.with { former in
            if let account = former[name] { return account }
            if former.count >= Self.most { former.removeAll() }
            let account = SwiftAccount(login, settings, store: store)
            former[name] = account
            return account
        }
    }

    // MARK: containers

    /// The container of a new image. Source: glance_store, `get_container_name`.
    func container(of id: ImageID) -> String {
        guard settings.seed > 0 else { return settings.container }
        let text = id.text.lowercased()
        let dashes = text.prefix(settings.seed).filter { $0 == "-" }.count
        return "\(settings.container)_\(text.prefix(settings.seed + dashes))"
    }

    /// Whether a container is the store's, by whatever number of characters of the id it was named.
    func covers(_ container: String) -> Bool {
        guard container != settings.container else { return true }
        guard container.hasPrefix("\(settings.container)_") else { return false }
        let ending = container.dropFirst(settings.container.count + 1)
        return 1...36 ~= ending.utf8.count && ending.utf8.allSatisfy { $0 == 0x2D || 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
    }

    /// Whether a text is the name of an image's object.
    private static func isName(_ text: Substring) -> Bool {
        1...256 ~= text.utf8.count
            && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || "-_.".utf8.contains($0) }
    }
}

/// The names of what one upload writes.
///
/// Its own objects begin with `<image>.<token>`, which no other upload's do, so that they can be removed whatever else is in the
/// container; nor does the prefix `<image>-` of Glance's segments match them.
struct SwiftUpload: Equatable {
    let container, image, token: String

    /// The object's name. It is not `<image>`, as in Glance: two writers of one image would replace each other's data, whatever they see
    /// before. Ceph 16 ignores `If-None-Match`, and Swift obeys it only where the other write has ended.
    var stem: String { "\(image).\(token)" }
    /// An empty object that is there from before the first byte until a record refers to the data. A writer without it may not commit.
    var marker: String { Self.pending + stem }
    /// An empty object that is there for a day after another process took the upload back, for a writer that may still be writing.
    var tombstone: String { Self.discarded + stem }
    /// The beginning of the segments' names.
    var segments: String { "\(stem)-" }

    /// The name of a segment; its number begins with 1.
    func segment(_ number: Int) -> String { segments + paddedDigits(number, 5) }

    static let (folder, pending, discarded) = ("vitrine/", "vitrine/pending/", "vitrine/discarded/")
    /// The most segments of an image. Where a listing does not name all segments at once, which is 10,000 by default, Swift tells no size of
    /// the image and gives no range of it. Source: swift, `common/middleware/dlo.py`.
    static let mostSegments = 9_999
    /// The most segments of a static manifest, by the default of Swift (`max_manifest_segments`) and of Ceph's gateway.
    static let mostOfStatic = 1000

    /// - Returns: nil for the name of what is neither a marker nor a tombstone.
    init?(container: String, mark: some StringProtocol) {
        guard let folder = [Self.pending, Self.discarded].first(where: { mark.hasPrefix($0) }) else { return nil }
        let stem = mark.dropFirst(folder.count)
        let (image, rest) = (stem.prefix(36), stem.dropFirst(36))
        guard isUUID(String(image)), rest.first == ".", isUploadToken(rest.dropFirst()) else { return nil }
        (self.container, self.image, token) = (container, String(image), String(rest.dropFirst()))
    }

    init(container: String, image: String, token: String) { (self.container, self.image, self.token) = (container, image, token) }
}
