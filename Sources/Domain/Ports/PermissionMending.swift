/// Gives the service and nginx the permissions that they need on files of the stores.
package protocol PermissionMending: Sendable {
    /// Makes a file readable, as new files are, as far as this process may.
    ///
    /// - Throws: `.unavailable` when the disk refuses for another reason than permissions.
    func mend(_ path: String) throws(Fault) -> MendedPermissions
}

/// What became of a file's permissions.
package enum MendedPermissions: Sendable {
    /// What was changed.
    case mended(String)
    /// Nothing was wrong.
    case right
    case gone
    /// This process may not change it: what an operator has to do.
    case refused(String)
}
