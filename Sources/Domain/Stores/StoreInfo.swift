package import JSONDocument

/// A store of a site that has several, as those who choose among them may know it.
package struct StoreInfo: Sendable {
    package let id: String
    /// `file`, `http`, or the name of a type that this service has no store of.
    package let type: String
    package var description: String?
    /// New bytes go there when nobody says where.
    package var isDefault = false
    /// Images only lie there; nothing is ever written.
    package var isReadOnly = false
    /// Of an image's locations that in the heaviest store is read first.
    package var weight = 0
    /// What administrators are told of how it works.
    package var properties: JSONObject = [:]

    package init(id: String, type: String) { (self.id, self.type) = (id, type) }
}

/// Stores that the service has for itself. No client names them.
package enum ReservedStore: String, CaseIterable, Sendable {
    case staging = "os_glance_staging_store"
    case tasks = "os_glance_tasks_store"

    /// How the names of such stores begin.
    package static let prefix = "os_glance_"
}
