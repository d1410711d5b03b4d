package import Domain
internal import JSONDocument
internal import Text

/// A store of Cinder volumes or of VMware datastores, as Glance wrote it. Its engine is not here: its images are listed, shown and deleted,
/// and their data is that of another location, or none.
///
/// Deleting an image here cannot remove the volume. Its removal stays owed, until an operator has removed the volume and says so
/// (`glance-manage store forget`), so that nothing is left without a record and no image is left that cannot be deleted.
package struct ForeignStore: ImageStore {
    /// The engine of a store, with what its locations depend on.
    package enum Kind: Sendable {
        /// `cinder://<store>/<volume>`, in older releases `cinder://<volume>`. Source: glance_store, `_drivers/cinder/store.py`.
        ///
        /// `isOnly`: there is no other store of Cinder's, so every volume is of this one, whatever store its location names.
        case cinder(isOnly: Bool)
        /// `vsphere://<host>/folder/<path>?dcPath=…&dsName=…`. Source: glance_store, `_drivers/vmware_datastore.py`.
        ///
        /// `host`: nil when locations of any host are the store's.
        case vmware(host: String?)
    }

    /// Nil for a single store without a name.
    private let name: String?
    private let kind: Kind

    /// Makes a store.
    ///
    /// - Parameter name: the store's name; nil for a single store without one.
    package init(_ name: String?, _ kind: Kind) { (self.name, self.kind) = (name, kind) }

    private var type: String {
        switch kind {
        case .cinder: "cinder"
        case .vmware: "vmware"
        }
    }

    package var isReadable: Bool { false }

    package func holds(_ url: String) -> Bool {
        switch kind {
        case .cinder(let isOnly):
            guard let (store, _) = Self.volume(of: url) else { return false }
            return isOnly || store == nil || name.map { store?.isSame(as: $0) == true } ?? true
        case .vmware(let host):
            guard let found = Self.host(ofDatastoreURL: url) else { return false }
            return host == nil || found.lowercased() == host?.lowercased()
        }
    }

    /// Glance asks Cinder for the volume's type to find the store of an old location, which this service cannot.
    package func currentURL(of url: String, isLabelled: Bool) -> String? {
        guard case .cinder(let isOnly) = kind, let name, let (store, volume) = Self.volume(of: url) else { return url }
        if store?.isSame(as: name) == true { return url }
        return isOnly || isLabelled ? "cinder://\(name)/\(volume)" : nil
    }

    /// The name of the store and the volume's id in a location of Cinder's; nil for another URL.
    private static func volume(of url: String) -> (store: String?, volume: String)? {
        guard url.utf8.starts(with: "cinder://".utf8) else { return nil }
        let parts = url.dropFirst("cinder://".count).split(separator: "/", omittingEmptySubsequences: false)
        guard 1...2 ~= parts.count, let last = parts.last, isUUID(String(last)), parts[0].isEmpty == false else { return nil }
        return (parts.count == 2 ? String(parts[0]) : nil, String(last))
    }

    /// The host, with its port if it has one, in a location of a datastore; nil for another URL.
    private static func host(ofDatastoreURL url: String) -> String? {
        guard url.utf8.starts(with: "vsphere://".utf8) else { return nil }
        let rest = url.dropFirst("vsphere://".count)
        guard let slash = rest.firstIndex(of: "/"), slash > rest.startIndex, let question = rest.firstIndex(of: "?"), slash < question
        else { return nil }
        let path = rest[slash..<question]
        guard path.hasPrefix("/folder/"), path.utf8.count > "/folder/".utf8.count else { return nil }
        let fields = rest[question...].dropFirst().split(separator: "&")
        guard fields.contains(where: { $0.hasPrefix("dsName=") && $0.utf8.count > "dsName=".utf8.count }) else { return nil }
        return String(rest[..<slash])
    }

    // MARK: what needs the engine

    private var words: String { "store '\(name ?? type)' is of the type '\(type)', whose engine this service does not have." }
    private func refusal(_ what: String) -> Fault { Fault(.unavailable, "\(what) \(words)") }

    package func checkTakesBytes() throws(Fault) { throw refusal("No data can be stored: the") }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        throw refusal("No data can be stored: the")
    }

    package func bytes(at url: String) throws(Fault) -> Blob { throw refusal("The image's data cannot be read: their") }

    /// The removal stays owed.
    package func remove(_ url: String) throws(Fault) {
        throw refusal("Remove '\(url)' there, then run `glance-manage store forget`: the")
    }
    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        if try isMeant() { try remove(url) }
    }

    package func discard(_ upload: Upload) {}
    package func discardPending(_ upload: Upload) {}
    package func pendingUploads(olderThan seconds: Int) -> [Upload] { [] }
}
