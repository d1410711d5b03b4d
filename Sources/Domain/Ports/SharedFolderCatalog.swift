/// What the records say of folders that the programs of one machine share.
package protocol SharedFolderCatalog: Sendable {
    /// - Parameter name: names the machine and the folder.
    /// - Returns: nil while none is recorded.
    func mark(ofSharedFolder name: String) throws(Fault) -> String?

    /// Records the mark that the folder has now, in place of any other.
    func record(mark: String, ofSharedFolder name: String) throws(Fault)
}
