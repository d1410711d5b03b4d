internal import Domain
internal import JSONDocument

/// Compares what lies in stores without folders with the records: orphans, and leftovers of uploads.
///
/// Such a store may be shared with other programs. So only what is named after an image counts as an image's data.
struct StoreComparison {
    private let run: VerificationRun

    /// Seconds for which unfinished data is left to its upload, its import and the sweeper, and new data to its record.
    private static let age = 300
    /// Suspicious names that are judged at once: all locations are read for them.
    private static let most = 1000
    /// Seconds after an image's deletion in which its data may still be there.
    private static let deletion: Int64 = 10

    init(_ run: VerificationRun) { self.run = run }

    func compareAll() throws(Fault) {
        for store in run.examiner.folders.unfolderedStores {
            guard run.scope.store == nil || store.isSame(as: run.scope.store ?? ""), !run.givenUp.contains(store) else { continue }
            run.countFiles(0, of: store)
            do throws(Fault) {
                try compareUnfinished(in: store)
                try compareItems(in: store)
            } catch {
                // Faults of the records, and the end of a run that is interrupted, are not the store's.
                if run.isInterrupted || run.hasFailed { throw error }
                try run.keepUp()
                run.giveUp(store, "\(error)")
            }
        }
    }

    private func isWanted(_ image: ImageID) -> Bool {
        run.scope.image.map { $0.text.lowercased() == image.text.lowercased() } ?? true
    }

    // MARK: leftovers

    private func compareUnfinished(in store: String) throws(Fault) {
        func leftovers() throws(Fault) -> [Upload] {
            let old = try run.watched.leftovers(in: store, olderThan: Self.age, run.keepUp).filter { isWanted($0.image) }
            guard !old.isEmpty else { return [] }
            let catalog = run.catalog
            let known = try run.patiently { () throws(Fault) in try catalog.known(among: old) }
            return old.filter { !known.contains($0.token) }
        }
        let first = try leftovers()
        guard !first.isEmpty else { return }
        try run.settle()
        for upload in try leftovers() where first.contains(upload) {
            try run.add(
                Finding(
                    .unfinishedFile, store: store, image: upload.image, location: ImageLocation(url: upload.pendingURL).safeURL,
                    detail: "No upload and no job knows it, and it was not written to for \(Self.age) seconds."))
        }
    }

    // MARK: orphans

    private func compareItems(in store: String) throws(Fault) {
        var suspicious: [String] = []
        try run.watched.forEachItem(in: store, olderThan: Self.age, run.keepUp) { (names: [String]) throws(Fault) -> Void in
            let ours = names.filter { Self.image(of: $0).map(isWanted) ?? false }
            run.countFiles(ours.count, of: store)
            suspicious += try unrecorded(ours, in: store)
            guard suspicious.count >= Self.most else { return }
            try judge(suspicious, in: store)
            suspicious = []
        }
        try judge(suspicious, in: store)
    }

    /// The image after which an item is named; nil when it is another program's. `<id>-` is what Glance leaves of an image in a Swift store.
    private static func image(of name: String) -> ImageID? {
        let id = ImageID(id(of: name))
        return id.isUUID ? id : nil
    }

    private static func id(of name: String) -> String {
        let id = name.prefix { $0 != "." }
        return String(id.utf8.count == 37 && id.last == "-" ? id.dropLast() : id)
    }

    private func unrecorded(_ names: [String], in store: String) throws(Fault) -> [String] {
        guard !names.isEmpty else { return [] }
        let known = try records(of: names)
        return names.filter { name in
            guard let image = known[Self.key(name)], image.deletedFor == nil || image.status == .pendingDelete else { return true }
            return !image.locations.contains {
                $0.url.utf8.firstRange(of: name.utf8) != nil && run.examiner.folders.mayLie($0, in: store)
            }
        }
    }

    private static func key(_ name: String) -> String { id(of: name).lowercased() }

    private func records(of names: [String]) throws(Fault) -> [String: RecordedImage] {
        let (catalog, ids) = (run.catalog, names.compactMap(Self.image))
        let images = try run.patiently { () throws(Fault) in try catalog.recordedImages(ids) }
        return Dictionary(images.map { ($0.id.text.lowercased(), $0) }) { first, _ in first }
    }

    private func judge(_ names: [String], in store: String) throws(Fault) {
        guard !names.isEmpty else { return }
        try run.settle()
        let known = try records(of: names)
        let catalog = run.catalog
        let moving = try run.patiently { () throws(Fault) in try catalog.inMotion(among: names.compactMap(Self.image)) }
        let used = try namedElsewhere(names)
        for name in try unrecorded(names, in: store) where !used.contains(Self.key(name)) {
            guard let image = Self.image(of: name), !moving.contains(image) else { continue }
            let record = known[Self.key(name)]
            if let seconds = record?.deletedFor, seconds <= Self.deletion { continue }
            // A Glance beside has no lease, and writes to the final name.
            if let record, [.saving, .uploading, .importing].contains(record.status) { continue }
            let detail = record.map { "the image of its name is \($0.status.rawValue)" } ?? "there is no image of its name"
            try run.add(
                Finding(.orphanFile, store: store, image: image, location: name, detail: "No location refers to it, and \(detail)."))
        }
    }

    /// The names that stand in a location of any image, as those of its data.
    private func namedElsewhere(_ names: [String]) throws(Fault) -> Set<String> {
        let wanted = Set(names.map(Self.key))
        var (used, last): (Set<String>, Int64) = ([], 0)
        let catalog = run.catalog
        while true {
            let start = last
            let rows = try run.patiently { () throws(Fault) in try catalog.scannedLocations(after: start, atMost: 5000) }
            guard let end = rows.last else { return used }
            last = end.number
            for row in rows {
                for id in LocationSchemes.ids(in: row.url) where wanted.contains(id.text.lowercased()) {
                    // Its own location counts by the whole name, which was compared.
                    if id.text.lowercased() != row.image.text.lowercased() { used.insert(id.text.lowercased()) }
                }
            }
            try run.keepUp()
        }
    }
}
