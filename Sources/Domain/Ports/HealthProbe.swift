/// Something that the service stands on and that can be away: the database, a store, whoever knows the callers.
package protocol HealthProbe: Sendable {
    /// As the answer to `/healthcheck` names it: `database`.
    var healthName: String { get }

    /// Asks whether it can be used now. May take as long as any use of it.
    ///
    /// - Throws: why not, in words that anybody may read.
    func checkHealth() throws(Fault)
}
