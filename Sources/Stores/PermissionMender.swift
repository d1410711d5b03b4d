package import Domain
internal import Glibc

/// Mends permissions and owners of files in the folders of stores.
package struct PermissionMender: PermissionMending {
    private let folders: VerifiedFolders
    /// The permissions of new files by the paths of the folders.
    private let permissions: [String: UInt32]

    private static let usual: UInt32 = 0o644

    /// Makes a mender of the folders that a verification judges.
    package init(_ stores: StoreSet, _ folders: VerifiedFolders) {
        self.folders = folders
        var permissions: [String: UInt32] = [:]
        for (_, store) in stores.verified {
            guard let (places, mode, _) = (store as? FileStore)?.verified else { continue }
            for place in places { permissions[place.path] = mode == 0 ? Self.usual : mode }
        }
        self.permissions = permissions
    }

    package func mend(_ path: String) throws(Fault) -> MendedPermissions {
        guard let slash = path.lastIndex(of: "/"),
            let folder = folders.folders.first(where: { $0.content == .images && $0.path == path[..<slash] }),
            let wanted = permissions[folder.path]
        else { return .refused("the file lies in no folder of a store; mend it by hand") }
        guard let facts = try folders.facts(at: path) else { return .gone }
        guard let trouble = folders.trouble(with: facts, in: folder) else { return .right }
        guard !facts.isLink, facts.isRegular else { return .refused("it is a link; mend what it leads to by hand. \(trouble)") }
        var made: [String] = []
        var service = stat()
        // Only a user who can write to the store's folder, and so has all of its data, could put a link here meanwhile.
        if stat(folder.incoming ?? folder.path, &service) == 0, service.st_uid != facts.owner {
            guard lchown(path, service.st_uid, service.st_gid) == 0 else { return try refused(errno, path, trouble) }
            made.append("it belongs to user \(service.st_uid) now")
        }
        let mode = facts.mode | wanted
        if mode != facts.mode {
            guard chmod(path, mode_t(mode)) == 0 else { return try refused(errno, path, trouble) }
            made.append("its permissions are \(String(mode, radix: 8)) now")
        }
        guard let after = try folders.facts(at: path) else { return .gone }
        if let left = folders.trouble(with: after, in: folder) { return .refused(left) }
        return .mended(made.joined(separator: ", "))
    }

    private func refused(_ code: CInt, _ path: String, _ trouble: String) throws(Fault) -> MendedPermissions {
        switch code {
        case EACCES, EPERM, EROFS: .refused("this process may not change it; run the command as root, or as the file's owner. \(trouble)")
        default: throw .store(code, "changing the permissions of \(path)")
        }
    }
}
