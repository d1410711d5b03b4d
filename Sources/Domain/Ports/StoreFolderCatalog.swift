/// The records of the folders that file stores keep data in.
///
/// Each folder has a mark, a file with a random text, and the mark is recorded here. By it every process of every machine distinguishes the
/// folder that data was written to from an empty mount point, and from another folder with the same path.
package protocol StoreFolderCatalog: Sendable {
    /// Reads the recorded mark of a folder.
    ///
    /// - Parameter path: the folder's path without a slash at its end.
    /// - Returns: nil while none is recorded.
    func mark(ofFolder path: String) throws(Fault) -> String?

    /// Records the mark of a folder, unless one is recorded already.
    ///
    /// - Returns: the mark that is recorded afterwards.
    func note(mark: String, ofFolder path: String) throws(Fault) -> String

    /// Reads recorded URLs of data that lies directly in a folder.
    func recordedURLs(inFolder path: String, atMost count: Int) throws(Fault) -> [String]
}
