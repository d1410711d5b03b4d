/// The stores and folders of an installation, as a verification sees them.
///
/// A call may take as long as a disk or a server does; the verification makes it on a thread that it can give up. Every method throws
/// `.unavailable` when the disk refuses.
package protocol VerifiedStores: Sendable {
    /// The names of the stores, of the staging area and of the image cache: a verification can be restricted to one of them.
    var names: [String] { get }

    /// The folders of the file stores, then the staging area and this node's image cache.
    var folders: [VerifiedFolder] { get }

    /// The names of the stores without folders that this service writes to: what lies in them is compared with the records.
    var unfolderedStores: [String] { get }

    /// Finds uploads with unfinished data in such a store that was not written to for some seconds.
    func leftovers(in store: String, olderThan seconds: Int) throws(Fault) -> [Upload]

    /// Passes the names of what lies in such a store, and was not touched for some seconds, to a closure, in pieces and in no order, until it
    /// returns false. A store that cannot list has none.
    func forEachItem(in store: String, olderThan seconds: Int, _ body: (_ names: [String]) -> Bool) throws(Fault)

    /// Whether data at a location may lie in such a store: the location has the form of the store's, or of no store's.
    func mayLie(_ location: ImageLocation, in store: String) -> Bool

    /// Tells where the data of a location lies. No store is asked.
    func place(of location: ImageLocation) -> VerifiedPlace

    /// Checks that a folder is the one that images were written to.
    ///
    /// - Throws: `.unavailable` when it is another one, or cannot be read.
    func check(_ folder: VerifiedFolder) throws(Fault)

    /// Passes all that is in a folder to a closure, in pieces and in no order, until it returns false. A missing folder is empty.
    func forEachEntry(in path: String, _ body: (_ entries: [FolderEntry]) -> Bool) throws(Fault)

    /// Looks at a file.
    ///
    /// - Returns: nil when nothing has that name.
    func facts(at path: String) throws(Fault) -> FileFacts?

    /// Whether the service may read a file.
    ///
    /// - Parameter path: the real path, without links.
    func mayRead(_ path: String) -> Bool

    /// Tells why the service or nginx cannot read a file of a folder, or that its owner is another one; nil when all is well.
    func trouble(with file: FileFacts, in folder: VerifiedFolder) -> String?

    /// Opens a file so that reading it leaves the page cache to others.
    ///
    /// - Returns: nil when this process is not permitted to read it.
    /// - Throws: `.notFound` when it is not there any more.
    func open(_ path: String) throws(Fault) -> (any ByteStream)?

    /// Has this thread, and those that it starts, give way to all others in their use of processors and disks.
    func giveWay()
}

/// A folder that a verification compares with the records.
package struct VerifiedFolder: Sendable, Equatable {
    /// The content of a folder.
    package enum Content: Sendable {
        case images, staged, cached
    }

    /// The name of its store, as findings have it.
    package let store: String
    package let content: Content
    /// The path, without a slash at its end.
    package let path: String
    /// The path of the folder of unfinished files; nil when it has none.
    package let incoming: String?

    /// Makes a folder of its parts.
    package init(store: String, content: Content, path: String, incoming: String?) {
        (self.store, self.content, self.path, self.incoming) = (store, content, path, incoming)
    }
}

/// The place of a location's data.
package enum VerifiedPlace: Sendable, Equatable {
    /// A file directly in a store's folder.
    case file(path: String, in: VerifiedFolder)
    /// A file elsewhere.
    case outside(path: String)
    /// A store without folders. `isWeb`: on other web servers.
    case store(String, isWeb: Bool)
    /// A store of a type that this service does not have.
    case absent(String)
    /// No store has such locations.
    case nowhere
}

/// A name in a folder.
package struct FolderEntry: Sendable {
    package let name: String
    /// Whether it is known to be a folder.
    package let isFolder: Bool
    /// Whether it is known to be a symbolic link.
    package let isLink: Bool

    /// Makes an entry of its parts.
    package init(name: String, isFolder: Bool, isLink: Bool) { (self.name, self.isFolder, self.isLink) = (name, isFolder, isLink) }
}

/// A file as the disk describes it. Of a symbolic link, all but `path`, `isLink` and `age` are those of what it leads to.
package struct FileFacts: Sendable, Equatable {
    package let path: String
    package let isLink: Bool
    /// The path without links; nil for a link that leads to nothing.
    package let realPath: String?
    package let isFolder: Bool
    package let isRegular: Bool
    package let size: Int64
    package let mode: UInt32
    package let owner: UInt32
    package let group: UInt32
    /// Seconds since it was written to; of a link, since it was made.
    package let age: Int64
    /// A text that another file or another state of it does not have.
    package let identity: String

    /// Makes facts of their parts.
    package init(
        path: String, isLink: Bool, realPath: String?, isFolder: Bool, isRegular: Bool, size: Int64, mode: UInt32, owner: UInt32,
        group: UInt32, age: Int64, identity: String
    ) {
        (self.path, self.isLink, self.realPath) = (path, isLink, realPath)
        (self.isFolder, self.isRegular, self.size) = (isFolder, isRegular, size)
        (self.mode, self.owner, self.group, self.age, self.identity) = (mode, owner, group, age, identity)
    }
}
