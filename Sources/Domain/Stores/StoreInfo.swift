package import JSONDocument

/// A store of a site with several, with what clients may know of it.
package struct StoreInfo: Sendable {
    package let id: String
    /// `file`, `http`, or a type that this service does not implement.
    package let type: String
    package var description: String?
    /// Whether new bytes go there when the client names no store.
    package var isDefault = false
    /// Whether the store is only read.
    package var isReadOnly = false
    /// The weight for reading: of an image's locations the one in the store with the highest weight is read first.
    package var weight = 0
    /// Details of the store for administrators.
    package var properties: JSONObject = [:]

    package init(id: String, type: String) { (self.id, self.type) = (id, type) }
}

extension StoreInfo {
    /// The schemes of the locations of a type of store. Source: glance_store, `get_schemes` of each driver.
    package static func schemes(ofType type: String) -> [String] {
        switch type {
        case "file": ["file", "filesystem"]
        case "s3": ["s3", "s3+http", "s3+https"]
        case "swift": ["swift", "swift+http", "swift+https", "swift+config"]
        case "vmware": ["vsphere"]
        default: [type]
        }
    }
}

/// Stores for the service's own use. Clients cannot name them.
package enum ReservedStore: String, CaseIterable, Sendable {
    case staging = "os_glance_staging_store"
    case tasks = "os_glance_tasks_store"

    /// The prefix of their names.
    package static let prefix = "os_glance_"
}
