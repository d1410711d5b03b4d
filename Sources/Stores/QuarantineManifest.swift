internal import Domain
internal import Files
internal import Glibc
internal import JSONDocument
internal import Text

/// The manifest of a day in quarantine: a line of JSON for each file, so that an operator finds out from the folder alone what is there.
struct QuarantineManifest {
    static let name = "manifest.jsonl"
    /// The longest line that is read, in bytes; a path has 4096 at most.
    private static let longest = 32 * 1024

    /// The folder of the day.
    let folder: String

    private var path: String { "\(folder)/\(Self.name)" }

    // MARK: writing

    /// Adds the line of a file, durably.
    func add(_ file: QuarantinedFile, _ info: stat) throws(Fault) {
        let fields: JSONObject = [
            "id": .string(file.id), "file": .string(String(decoding: file.path.utf8.dropFirst(folder.utf8.count + 1), as: UTF8.self)),
            "from": .string(file.origin),
            "kind": .string(file.reason.kind.rawValue), "store": .string(file.reason.store),
            "image": file.reason.image.map { .string($0.text) } ?? .null, "size": .int(file.bytes),
            "modified_at": .string(CivilTime(seconds: info.st_mtim.tv_sec).text(end: "Z")), "owner": .int(Int64(info.st_uid)),
            "why": .string(file.reason.detail), "at": .string(file.takenAt.description), "run": .int(file.reason.run),
        ]
        let opened = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw .store(errno, "opening \(path)") }
        defer { close(opened) }
        // A process that died, or a full disk, may have left a part of a line.
        var (size, last) = (lseek(opened, 0, SEEK_END), UInt8(ascii: "\n"))
        if size > 0, pread(opened, &last, 1, size - 1) != 1 { size = -1 }
        guard size >= 0 else { throw .store(errno, "reading \(path)") }
        let line = (last == UInt8(ascii: "\n") ? [] : [UInt8(ascii: "\n")]) + JSON.object(fields).text + [UInt8(ascii: "\n")]
        guard write(opened, line, line.count) == line.count, fsync(opened) == 0 else { throw .store(errno, "writing \(path)") }
    }

    // MARK: reading

    /// Calls a function with each line that can be read, in order. Others are passed over: they say of no file where it came from.
    func read(_ note: (QuarantinedFile) throws(Fault) -> Void) throws(Fault) {
        let opened = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else {
            guard [ENOENT, ENOTDIR].contains(errno) else { throw .store(errno, "opening \(path)") }
            return
        }
        defer { close(opened) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.longest, alignment: 16)
        defer { buffer.deallocate() }
        var (line, isTooLong): ([UInt8], Bool) = ([], false)
        while true {
            let count = readPiece(of: opened, into: buffer)
            guard count >= 0 else { throw .store(errno, "reading \(path)") }
            guard count > 0 else { return }
            for byte in buffer[..<count] {
                guard byte == UInt8(ascii: "\n") else {
                    if line.count < Self.longest { line.append(byte) } else { isTooLong = true }
                    continue
                }
                if !isTooLong, let file = file(from: line) { try note(file) }
                (line, isTooLong) = ([], false)
            }
        }
    }

    private func file(from line: [UInt8]) -> QuarantinedFile? {
        guard let fields = (try? JSON(parsing: line))?.object, let id = fields["id"]?.string, let name = fields["file"]?.string,
            !name.isEmpty, name.first != ".", !name.utf8.contains(UInt8(ascii: "/")), let origin = fields["from"]?.string,
            let kind = fields["kind"]?.string.flatMap({ FindingKind(rawValue: $0) }), let at = fields["at"]?.string,
            let time = Timestamp(iso8601: at)
        else { return nil }
        let reason = QuarantineReason(
            kind: kind, store: fields["store"]?.string ?? "", image: fields["image"]?.string.map { ImageID($0) },
            detail: fields["why"]?.string ?? "", run: fields["run"]?.int ?? 0)
        return QuarantinedFile(
            id: id, path: "\(folder)/\(name)", origin: origin, reason: reason, bytes: fields["size"]?.int ?? 0, takenAt: time)
    }
}
