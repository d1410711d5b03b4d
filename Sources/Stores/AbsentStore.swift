package import Domain

/// A store of a type that this service does not have, such as `sheepdog`. Its images are listed and shown; every use of their data throws a
/// fault that names the store.
package struct AbsentStore: ImageStore {
    let name: String
    private let type: String

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - name: the store's name; its type when there is a single store without a name.
    ///   - type: the type in the configuration.
    package init(_ name: String, type: String) { (self.name, self.type) = (name, type) }

    package var isReadable: Bool { false }

    package func holds(_ url: String) -> Bool {
        guard let end = url.utf8.firstRange(of: "://".utf8)?.lowerBound else { return false }
        let scheme = url[..<end].lowercased()
        return StoreInfo.schemes(ofType: type).contains(scheme)
    }

    private func refusal(_ kind: Fault.Kind, _ what: String) -> Fault {
        Fault(kind, "\(what) store '\(name)' is of the type '\(type)', which this service does not have.")
    }

    package func checkTakesBytes() throws(Fault) { throw refusal(.unavailable, "No data can be stored: the") }
    package func checkRemovable(_ url: String) throws(Fault) { throw refusal(.conflict, "The image's data cannot be removed: their") }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        throw refusal(.unavailable, "No data can be stored: the")
    }

    package func bytes(at url: String) throws(Fault) -> Blob {
        throw refusal(.unavailable, "The image's data cannot be read: their")
    }

    /// Owed removals stay owed.
    package func remove(_ url: String) throws(Fault) { throw refusal(.unavailable, "The image's data cannot be removed: their") }
    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) { try remove(url) }

    package func discard(_ upload: Upload) {}
    package func discardPending(_ upload: Upload) {}
    package func pendingUploads(olderThan seconds: Int) -> [Upload] { [] }
}
