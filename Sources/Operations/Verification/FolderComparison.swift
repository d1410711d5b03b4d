internal import Domain
internal import JSONDocument
internal import Text

/// Compares the files of all folders with the records: orphans, leftovers of uploads and stages, cached images that are gone.
struct FolderComparison {
    private let run: VerificationRun

    /// Suspicious names that are judged at once: all locations are read for them.
    private static let most = 1000
    /// Seconds for which an unfinished or staged file is left to its upload, its import and the sweeper.
    private static let leftoverAge: Int64 = 300
    /// Seconds after an image's deletion in which its file may still be there.
    private static let (deletion, cachedDeletion): (Int64, Int64) = (10, 180)
    /// Seconds for which another image service may write to a file whose image has no lease.
    private static let foreignUpload: Int64 = 86_400

    init(_ run: VerificationRun) { self.run = run }

    func compareAll() throws(Fault) {
        for folder in run.examiner.folders.folders {
            guard run.scope.store == nil || folder.store.isSame(as: run.scope.store ?? ""), !run.givenUp.contains(folder.store) else {
                continue
            }
            run.countFiles(0, of: folder.store)
            do throws(Fault) {
                try run.watched.check(folder, run.keepUp)
                try compare(folder)
            } catch {
                // Faults of the records, and the end of a run that is interrupted, are not the store's.
                if run.isInterrupted || run.hasFailed { throw error }
                try run.keepUp()
                run.giveUp(folder.store, "\(error)")
            }
        }
    }

    private func compare(_ folder: VerifiedFolder) throws(Fault) {
        switch folder.content {
        case .images:
            var suspicious: [String] = []
            try forEachName(in: folder.path, of: folder) { names throws(Fault) in
                suspicious += try unrecorded(names, in: folder)
                guard suspicious.count >= Self.most else { return }
                try judgeOrphans(suspicious, in: folder)
                suspicious = []
            }
            try judgeOrphans(suspicious, in: folder)
        case .staged:
            try forEachName(in: folder.path, of: folder) { names throws(Fault) in try compareStaged(names, in: folder) }
        case .cached:
            try forEachName(in: folder.path, of: folder) { names throws(Fault) in try compareCached(names, in: folder) }
        }
        if let incoming = folder.incoming {
            try forEachName(in: incoming, of: folder) { names throws(Fault) in try compareUnfinished(names, in: folder, incoming) }
        }
    }

    /// Passes the names in a folder to a closure; names that begin with a dot, and folders, are left out.
    private func forEachName(
        in path: String, of folder: VerifiedFolder, _ body: ([String]) throws(Fault) -> Void
    ) throws(Fault) {
        try run.watched.forEachEntry(in: path, run.keepUp) { (entries: [FolderEntry]) throws(Fault) -> Void in
            let names = entries.filter { !$0.isFolder && !$0.name.hasPrefix(".") && isWanted($0.name) }.map(\.name)
            run.countFiles(names.count, of: folder.store)
            if !names.isEmpty { try body(names) }
        }
    }

    private func isWanted(_ name: String) -> Bool {
        guard let image = run.scope.image else { return true }
        return Self.image(of: name)?.text.lowercased() == image.text.lowercased()
    }

    /// The image after which a file is named; nil when it is no id.
    private static func image(of name: String) -> ImageID? {
        let id = ImageID(String(name.prefix { $0 != "." }))
        return id.isUUID ? id : nil
    }

    // MARK: files of images

    private func unrecorded(_ names: [String], in folder: VerifiedFolder) throws(Fault) -> [String] {
        let known = try records(of: names)
        return names.filter { !isRecorded("\(folder.path)/\($0)", known[Self.key($0)]) }
    }

    private func records(of names: [String]) throws(Fault) -> [String: RecordedImage] {
        let ids = names.compactMap(Self.image)
        let catalog = run.catalog
        let images = try run.patiently { () throws(Fault) in try catalog.recordedImages(ids) }
        return Dictionary(images.map { ($0.id.text.lowercased(), $0) }) { first, _ in first }
    }

    private static func key(_ name: String) -> String { name.prefix { $0 != "." }.lowercased() }

    private func isRecorded(_ path: String, _ image: RecordedImage?) -> Bool {
        guard let image, image.deletedFor == nil || image.status == .pendingDelete else { return false }
        return image.locations.contains { location in
            if case .file(let known, _) = run.examiner.folders.place(of: location) { return known.isSame(as: path) }
            return false
        }
    }

    private func judgeOrphans(_ names: [String], in folder: VerifiedFolder) throws(Fault) {
        guard !names.isEmpty else { return }
        let before = try files(names, in: folder.path).filter { !$0.file.isFolder }
        guard !before.isEmpty else { return }
        try run.settle()
        let after = try stillSuspicious(before, in: folder)
        guard !after.isEmpty else { return }
        // Another image may refer to the file by its own location, or by a link.
        let hasLinks = try hasLinks(folder)
        let users = try SharedFiles(run).users(of: Set(after.map { ExactText($0.file.path) }), followsLinks: hasLinks)
        let unused = after.filter { users[ExactText($0.file.path)] == nil }
        // The locations are read by now; a file that was renamed or removed meanwhile is none.
        let there = try files(unused.map(\.name), in: folder.path)
        for (name, file) in try stillSuspicious(there, in: folder) {
            guard unused.contains(where: { $0.name.isSame(as: name) && $0.file.identity == file.identity }) else { continue }
            let image = Self.image(of: name)
            try run.add(
                Finding(
                    .orphanFile, store: folder.store, image: image, location: file.path,
                    detail: try reason(image, name, file), bytes: file.size))
        }
    }

    private func reason(_ image: ImageID?, _ name: String, _ file: FileFacts) throws(Fault) -> String {
        if file.isLink, file.realPath == nil { return "No location refers to it; it is a symbolic link that leads to nothing." }
        guard let image, let record = try records(of: [name])[image.text.lowercased()] else {
            return "No location refers to it, and there is no image of its name."
        }
        return "No location refers to it; the image of its name is \(record.status.rawValue)."
    }

    /// The files of which an image's location, an upload, a job or an owed removal does not tell.
    private func stillSuspicious(
        _ files: [(name: String, file: FileFacts)], in folder: VerifiedFolder
    ) throws(Fault) -> [(name: String, file: FileFacts)] {
        let names = files.map(\.name)
        let known = try records(of: names)
        let catalog = run.catalog
        let moving = try run.patiently { () throws(Fault) in try catalog.inMotion(among: names.compactMap(Self.image)) }
        return files.filter { name, file in
            guard let image = Self.image(of: name) else { return true }
            guard !moving.contains(image) else { return false }
            guard let record = known[image.text.lowercased()] else { return true }
            if isRecorded(file.path, record) { return false }
            if let seconds = record.deletedFor { return seconds > Self.deletion || record.status == .pendingDelete }
            switch record.status {
            // A Glance beside has no lease, and writes to the final name.
            case .saving, .uploading, .importing: return file.age > Self.foreignUpload
            default: return true
            }
        }
    }

    private func files(_ names: [String], in path: String) throws(Fault) -> [(name: String, file: FileFacts)] {
        let facts = try run.watched.facts(at: names.map { "\(path)/\($0)" }, run.keepUp)
        return zip(names, facts).compactMap { name, file in file.map { (name, $0) } }
    }

    private func hasLinks(_ folder: VerifiedFolder) throws(Fault) -> Bool {
        var found = false
        for other in run.examiner.folders.folders where other.content == .images && !run.givenUp.contains(other.store) {
            try run.watched.forEachEntry(in: other.path, run.keepUp) { (entries: [FolderEntry]) throws(Fault) -> Void in
                found = found || entries.contains(where: \.isLink)
            }
        }
        return found
    }

    // MARK: leftovers

    /// Adds findings of the files that are suspicious both before and after what is half-way has had time to end.
    ///
    /// - Parameter suspicious: returns those of some files that are.
    private func add(
        _ kind: FindingKind, of names: [String], in folder: VerifiedFolder, detail: (FileFacts) -> String,
        _ suspicious: ([String]) throws(Fault) -> [(name: String, file: FileFacts)]
    ) throws(Fault) {
        let first = try suspicious(names)
        guard !first.isEmpty else { return }
        try run.settle()
        for (name, file) in try suspicious(first.map(\.name)) {
            try run.add(
                Finding(
                    kind, store: folder.store, image: Self.image(of: name), location: file.path, detail: detail(file), bytes: file.size))
        }
    }

    /// The files that were not written to for a while.
    private func oldFiles(_ names: [String], in path: String) throws(Fault) -> [(name: String, file: FileFacts)] {
        try files(names, in: path).filter { !$0.file.isFolder && $0.file.age > Self.leftoverAge }
    }

    private func compareUnfinished(_ names: [String], in folder: VerifiedFolder, _ incoming: String) throws(Fault) {
        func detail(_ file: FileFacts) -> String {
            "No upload and no job knows it, and it was not written to for \(file.age) seconds."
        }
        // A mark of a removal is not the data of an upload.
        let data = names.filter { !$0.hasSuffix(".removing") }
        try add(.unfinishedFile, of: data, in: folder, detail: detail) { names throws(Fault) in
            let old = try oldFiles(names, in: incoming)
            guard !old.isEmpty else { return [] }
            let uploads = old.compactMap { name, file in Self.upload(of: name, file.path) }
            let catalog = run.catalog
            let known = try run.patiently { () throws(Fault) in try catalog.known(among: uploads) }
            return old.filter { name, file in Self.upload(of: name, file.path).map { !known.contains($0.token) } ?? true }
        }
    }

    private static func upload(of name: String, _ path: String) -> Upload? {
        guard let image = image(of: name), name.utf8.count > image.text.utf8.count + 1 else { return nil }
        return Upload(image: image, token: String(name.dropFirst(image.text.count + 1)), pendingURL: "file://\(path)")
    }

    private func compareStaged(_ names: [String], in folder: VerifiedFolder) throws(Fault) {
        func detail(_ file: FileFacts) -> String { "No image waits for it, and it was not written to for \(file.age) seconds." }
        try add(.stagedLeftover, of: names, in: folder, detail: detail) { names throws(Fault) in
            let old = try oldFiles(names, in: folder.path)
            guard !old.isEmpty else { return [] }
            let images = old.compactMap { Self.image(of: $0.name) }
            let catalog = run.catalog
            let busy = try run.patiently { () throws(Fault) in
                try catalog.waiting(among: images).union(try catalog.inMotion(among: images))
            }
            return old.filter { name, _ in Self.image(of: name).map { !busy.contains($0) } ?? false }
        }
    }

    private func compareCached(_ names: [String], in folder: VerifiedFolder) throws(Fault) {
        try add(.cacheOrphan, of: names, in: folder, detail: { _ in "Its image is gone." }) { names throws(Fault) in
            let known = try records(of: names)
            let orphans = names.filter { name in
                guard ImageID(name).isUUID else { return false }
                guard let record = known[name.lowercased()] else { return true }
                return record.deletedFor.map { $0 > Self.cachedDeletion } ?? false
            }
            return orphans.isEmpty ? [] : try files(orphans, in: folder.path)
        }
    }
}
