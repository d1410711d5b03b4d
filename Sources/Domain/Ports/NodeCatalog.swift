/// The records of how the nodes of one database are set up.
///
/// `glance-api` alone uses them, at its start and then once a minute; no client request does. Every method throws `.unavailable` when the
/// records cannot be read now.
package protocol NodeCatalog: Sendable {
    /// Records how a node is set up, and that it is there.
    func record(_ setup: NodeSetup, ofNode node: String) throws(Fault)

    /// Reads how the nodes are set up that were recorded in the last seconds, and removes the records of those that left a day ago.
    ///
    /// - Parameter seconds: the silence after which a node is no longer taken to be there.
    /// - Returns: the setups by the names under which they were recorded. One that cannot be read is left out.
    func nodeSetups(seenWithin seconds: Int) throws(Fault) -> [String: NodeSetup]
}
