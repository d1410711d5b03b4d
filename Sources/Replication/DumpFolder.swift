internal import Files
internal import Glibc
internal import JSONDocument
internal import Text

/// A folder with images in the layout of Glance's replicator: `<id>` is the image's record in the form of V1, and `<id>.img` its data.
/// In addition, `<id>.v2` is the complete record in the form of V2.
///
/// A file with its final name is complete and on the disk; an incomplete one is called `….part`. An image is complete when `<id>` exists.
package struct DumpFolder {
    private let path: String

    /// - Throws: if the folder does not exist, and `mayMake` is false or it cannot be made.
    package init(_ path: String, mayMake: Bool) throws(ReplicationError) {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        self.path = String(path)
        var status = stat()
        if stat(self.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        guard mayMake, mkdir(self.path, 0o755) == 0 else { throw trouble(self.path, mayMake ? "cannot be created" : "is not a folder") }
    }

    /// The ids of the images in the folder, sorted.
    func ids() throws(ReplicationError) -> [String] {
        guard let names = entryNames(in: path) else { throw trouble(path, "cannot be read") }
        return names.filter(isUUID).sorted()
    }

    func hasMetadata(of id: String) -> Bool { access(metadata(id), F_OK) == 0 }

    /// Bytes of an image's data; nil if it has none.
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
            let image = isWhole ? ReplicatedImage(document) : ReplicatedImage(v1: document), image.id == id
        else { throw ReplicationError(.image, "\(file) does not describe image \(id)") }
        return image
    }

    func bytes(of id: String) throws(ReplicationError) -> FileBytes { try FileBytes(data(id)) }

    // MARK: writing

    /// Writes an image's data to a temporary file, after the bytes of an earlier, interrupted run. The file gets its final name after the
    /// digests were checked.
    ///
    /// - Parameter open: returns the data from a byte on, or all data, and the byte at which they begin.
    func write(
        _ image: ReplicatedImage, chunk: Int, note: @escaping (Int64) -> Void,
        open: (Int64) throws(ReplicationError) -> (bytes: ServedBytes, start: Int64, length: Int64?)
    ) throws(ReplicationError) {
        let part = "\(data(image.id)).part"
        var have = Self.size(of: part) ?? 0
        // A file as long as the image or longer failed its check, so it begins again.
        if image.size.map({ have >= $0 }) ?? true { have = 0 }
        let source = try open(have)
        guard let length = source.length else { throw ReplicationError(.image, "\(image.title): its size is not known") }
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
            // Bytes with a wrong digest would fail again with every continuation.
            if checked.isWrong { unlink(part) }
            throw error
        }
    }

    /// Writes the record of an image, which makes it complete.
    func write(metadataOf image: ReplicatedImage) throws(ReplicationError) {
        for (name, document) in [("\(metadata(image.id)).v2", image.document), (metadata(image.id), image.v1)] {
            let file = try FileWriter("\(name).part", keeping: 0)
            try file.append(JSON.object(document).text)
            try file.commit(as: name)
        }
    }
}

/// The error of a file operation, with the system's text for `errno`.
func trouble(_ path: String, _ what: String) -> ReplicationError {
    ReplicationError(.place, "\(path) \(what): \(String(cString: strerror(errno)))")
}
