internal import Files
internal import Glibc
internal import JSONDocument
internal import Text

/// Images in a folder, laid out as Glance's replicator does: `<id>` says what an image is, in the form of V1, and `<id>.img` has its
/// data. Beside them `<id>.v2` says all that V2 knows.
///
/// A file that has its name is whole and on the disk; what is not whole yet is called `….part`. An image is whole when `<id>` is there.
package struct DumpFolder {
    private let path: String

    /// - Throws: when the folder is not there, and cannot be made, or `mayMake` is false.
    package init(_ path: String, mayMake: Bool) throws(ReplicationError) {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        self.path = String(path)
        var status = stat()
        if stat(self.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        guard mayMake, mkdir(self.path, 0o755) == 0 else { throw trouble(self.path, mayMake ? "cannot be made" : "is no folder") }
    }

    /// The images that are there, by their names' order.
    func ids() throws(ReplicationError) -> [String] {
        guard let names = entryNames(in: path) else { throw trouble(path, "cannot be read") }
        return names.filter(isUUID).sorted()
    }

    func hasMetadata(of id: String) -> Bool { access(metadata(id), F_OK) == 0 }

    /// Bytes of an image's data; nil where there are none.
    func dataSize(of id: String) -> Int64? { Self.size(of: data(id)) }

    private static func size(of path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }

    private func metadata(_ id: String) -> String { "\(path)/\(id)" }
    private func data(_ id: String) -> String { "\(path)/\(id).img" }

    // MARK: reading

    func image(_ id: String) throws(ReplicationError) -> ReplicatedImage {
        let whole = "\(metadata(id)).v2"
        let isWhole = access(whole, F_OK) == 0
        let file = isWhole ? whole : metadata(id)
        guard let bytes = try FileBytes(file).whole(atMost: 16 << 20), let document = (try? JSON(parsing: bytes))?.object,
            let image = isWhole ? ReplicatedImage(document) : ReplicatedImage(classic: document), image.id == id
        else { throw ReplicationError(.image, "\(file) does not describe image \(id)") }
        return image
    }

    func bytes(of id: String) throws(ReplicationError) -> FileBytes { try FileBytes(data(id)) }

    // MARK: writing

    /// Writes an image's data under a passing name, behind those that came before it was interrupted, and gives them their name when all
    /// are right.
    ///
    /// - Parameter open: gives the data from a byte on, or all of them, and tells which.
    func write(
        _ image: ReplicatedImage, chunk: Int, note: @escaping (Int64) -> Void,
        open: (Int64) throws(ReplicationError) -> (bytes: ServedBytes, start: Int64, length: Int64?)
    ) throws(ReplicationError) {
        let part = "\(data(image.id)).part"
        var have = Self.size(of: part) ?? 0
        // What is longer than the image, or just as long, was never found right: it begins anew.
        if image.size.map({ have >= $0 }) ?? true { have = 0 }
        let source = try open(have)
        guard let length = source.length else { throw ReplicationError(.image, "\(image.title): nobody says how large it is") }
        let checked = CheckedBytes(image, length: length, from: source.bytes, note: note)
        let file = try FileWriter(part, keeping: source.start)
        do throws(ReplicationError) {
            if source.start > 0 { try FileBytes(part).forEachPiece { piece throws(ReplicationError) in try checked.pass(piece) } }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = try checked.read(into: buffer)
                if count == 0 { break }
                try file.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            try file.commit(as: data(image.id))
        } catch {
            // Continued data that turn out wrong would turn out wrong for ever.
            if checked.isWrong { unlink(part) }
            throw error
        }
    }

    /// Writes what an image is. From then on it is whole.
    func write(metadataOf image: ReplicatedImage) throws(ReplicationError) {
        for (name, document) in [("\(metadata(image.id)).v2", image.document), (metadata(image.id), image.classic)] {
            let file = try FileWriter("\(name).part", keeping: 0)
            try file.append(JSON.object(document).text)
            try file.commit(as: name)
        }
    }
}

/// What happened to a file, in the system's words.
func trouble(_ path: String, _ what: String) -> ReplicationError {
    ReplicationError(.place, "\(path) \(what): \(String(cString: strerror(errno)))")
}
