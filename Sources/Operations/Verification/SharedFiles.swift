internal import Domain
internal import JSONDocument

/// Finds out which images refer to certain files, by reading all locations: no index has them by file.
struct SharedFiles {
    private let run: VerificationRun

    private static let page = 5000

    init(_ run: VerificationRun) { self.run = run }

    /// The images that refer to files.
    ///
    /// - Parameters:
    ///   - paths: real paths.
    ///   - followsLinks: whether some of them may be reached by links in a store's folder.
    func users(of paths: Set<ExactText>, followsLinks: Bool) throws(Fault) -> [ExactText: [ImageID]] {
        var users: [ExactText: [ImageID]] = [:]
        var last: Int64 = 0
        let (catalog, folders) = (run.catalog, run.examiner.folders)
        while true {
            let start = last
            let rows = try run.patiently { () throws(Fault) in try catalog.scannedLocations(after: start, atMost: Self.page) }
            guard let end = rows.last else { return users }
            last = end.number
            var toResolve: [(image: ImageID, path: String)] = []
            for row in rows {
                switch folders.place(of: ImageLocation(url: row.url)) {
                case .file(let path, _):
                    if paths.contains(ExactText(path)) { users[ExactText(path), default: []].append(row.image) }
                    if followsLinks { toResolve.append((row.image, path)) }
                case .outside(let path): toResolve.append((row.image, path))
                case .store, .absent, .nowhere: break
                }
            }
            if !toResolve.isEmpty {
                let facts = try run.watched.facts(at: toResolve.map(\.path), run.keepUp)
                for (row, file) in zip(toResolve, facts) {
                    guard let real = file?.realPath, paths.contains(ExactText(real)) else { continue }
                    users[ExactText(real), default: []].append(row.image)
                }
            }
            try run.keepUp()
        }
    }

    /// The files that other images refer to as well. One that is named after its image belongs to that; of the others, the first in the
    /// order of ids has it, and a finding names each further one, and each that is reached by another path.
    func findings(among odd: [Examiner.OddFile]) throws(Fault) -> [Finding] {
        // Where no link is involved, no file of a store's folder needs to be looked at.
        let followsLinks = odd.contains(where: \.isElsewhere)
        let first = try users(of: Set(odd.map { ExactText($0.path) }), followsLinks: followsLinks)
        let suspicious = odd.filter { file in (first[ExactText(file.path)] ?? []).contains { $0 != file.image } }
        guard !suspicious.isEmpty else { return [] }
        try run.settle()
        // Records are read anew, as an image may have been deleted meanwhile.
        let second = try users(of: Set(suspicious.map { ExactText($0.path) }), followsLinks: followsLinks)
        return suspicious.compactMap { file in
            let users = Set(second[ExactText(file.path)] ?? [])
            let others = users.subtracting([file.image]).sorted { $0.text < $1.text }
            guard users.contains(file.image), let other = others.first(where: { Examiner.isOwnName(file.path, of: $0) }) ?? others.first,
                file.isElsewhere || Examiner.isOwnName(file.path, of: other) || other.text < file.image.text
            else { return nil }
            let more = others.count > 1 ? " and \(others.count - 1) more" : ""
            return Finding(
                .sharedFile, store: file.store, image: file.image, location: file.location,
                detail: "Image \(other)\(more) has the file \(file.path) too.", bytes: file.size)
        }
    }
}
