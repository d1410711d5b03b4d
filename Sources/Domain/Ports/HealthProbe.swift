/// A part that the service depends on and that can be unavailable: the database, a store, the identity service.
package protocol HealthProbe: Sendable {
    /// The name of the part in the answer of `/healthcheck`, for example `database`.
    var healthName: String { get }

    /// Checks whether the part can be used now. The check may take as long as any use of the part.
    ///
    /// - Throws: the reason why not, in words that any client may read.
    func checkHealth() throws(Fault)
}
