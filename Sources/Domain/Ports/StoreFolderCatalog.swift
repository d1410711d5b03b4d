/// What the records say of the folders that file stores keep images in.
///
/// Each folder bears a mark, a file of its own, and the mark is noted here: by that every process of every machine tells the folder that
/// images were written to from an empty mount point, and from another folder under the same path.
package protocol StoreFolderCatalog: Sendable {
    /// - Parameter path: of the folder, without a slash at its end.
    /// - Returns: nil while none is noted.
    func mark(ofFolder path: String) throws(Fault) -> String?

    /// Notes the mark of a folder, unless one is noted already.
    ///
    /// - Returns: the one that is noted afterwards.
    func note(mark: String, ofFolder path: String) throws(Fault) -> String

    /// URLs of bytes that lie right in a folder, as the records have them.
    func recordedURLs(inFolder path: String, atMost count: Int) throws(Fault) -> [String]
}
