internal import Domain
internal import JSONDocument

/// Compares one image's record with its data, wherever that lies.
struct Examiner: Sendable {
    let stores: any ImageStores
    let folders: any VerifiedStores
    let rules: DataReading.Rules
    let scope: VerificationScope
    /// Nil without a limit.
    let pace: ReadingPace

    /// What was found about an image. Nothing of it is certain before it was confirmed.
    struct Examined: Sendable {
        var suspicions: [Finding] = []
        /// Files that may belong to another image too, by their real paths.
        var odd: [OddFile] = []
        var counts = VerificationCounts()
        /// Bytes of the image's data that were not read, as they need not or cannot be.
        var unread: Int64 = 0
        /// A store that is not to be asked any more, and why.
        var givenUp: (store: String, reason: String)?
        /// Stores that failed, and those that did not.
        var (failed, succeeded): (Set<String>, Set<String>) = ([], [])

        /// Whether nothing remains to be found out.
        var isClear: Bool { suspicions.isEmpty && isSettledAlone }
        /// Whether its suspicions can be confirmed without a look at all images.
        var isSettledAlone: Bool { odd.isEmpty && givenUp == nil }
    }

    /// A file that is not named after its image, or is reached by a link.
    struct OddFile: Sendable {
        let image: ImageID
        let store: String
        let location: String
        let path: String
        /// Whether the location's own path is another one.
        let isElsewhere: Bool
        let size: Int64
    }

    /// - Parameter isGivenUp: whether a store is not asked any more.
    /// - Returns: nil when the pulse's owner wants the thread to end.
    func examine(_ image: RecordedImage, _ pulse: Pulse, isGivenUp: (String) -> Bool) -> Examined? {
        var examined = Examined()
        guard image.hasData else { return examined }
        if image.locations.isEmpty, scope.store == nil {
            examined.suspicions.append(
                Finding(.noLocation, store: "", image: image.id, detail: "The image is \(image.status.rawValue) and has no location."))
        }
        for location in image.locations {
            let place = folders.place(of: location)
            let store = place.store ?? stores.store(of: location) ?? ""
            guard includes(place, store), !isGivenUp(store) else {
                examined.unread += image.size ?? 0
                continue
            }
            pulse.enter(store)
            let subject = Subject(image: image, location: location, store: store)
            do throws(Fault) {
                guard try compare(subject, at: place, &examined, pulse) else { return nil }
                examined.succeeded.insert(store)
            } catch {
                examined.failed.insert(store)
                examined.suspicions.append(subject.finding(.notVerified, "\(error)"))
            }
            if examined.givenUp != nil { examined.unread += image.size ?? 0 }
        }
        return examined
    }

    /// A location of an image.
    struct Subject {
        let image: RecordedImage
        let location: ImageLocation
        let store: String

        func finding(_ kind: FindingKind, _ detail: String, bytes: Int64 = 0) -> Finding {
            Finding(kind, store: store, image: image.id, location: location.safeURL, detail: detail, bytes: bytes)
        }
    }

    private func includes(_ place: VerifiedPlace, _ store: String) -> Bool {
        if let wanted = scope.store { return wanted.isSame(as: store) }
        // What lies on others' servers is theirs, and every look costs them a request.
        if case .store(_, isWeb: true) = place { return scope.image != nil }
        return true
    }

    /// - Returns: false when the thread is to end.
    private func compare(
        _ subject: Subject, at place: VerifiedPlace, _ examined: inout Examined, _ pulse: Pulse
    ) throws(Fault) -> Bool {
        switch place {
        case .file(let path, let folder): return try compareFile(path, in: folder, subject, &examined, pulse)
        case .outside(let path): return try compareFile(path, in: nil, subject, &examined, pulse)
        case .store(_, let isWeb): return try compareBlob(subject, isSizeEnough: isWeb, &examined, pulse)
        case .absent(let name):
            examined.givenUp = (name, "Store '\(name)' is of a type that this service does not have.")
            return true
        case .nowhere:
            let isURL = subject.location.url.utf8.firstRange(of: "://".utf8) != nil
            let detail =
                isURL
                ? "No store that is enabled here has such locations."
                : "The location is no URL; is [DEFAULT] metadata_encryption_key the key that it was encrypted with?"
            examined.suspicions.append(
                Finding(
                    .notVerified, store: "", image: subject.image.id, location: isURL ? subject.location.safeURL : "", detail: detail))
            return true
        }
    }

    // MARK: files

    private func compareFile(
        _ path: String, in folder: VerifiedFolder?, _ subject: Subject, _ examined: inout Examined, _ pulse: Pulse
    ) throws(Fault) -> Bool {
        guard let file = try folders.facts(at: path) else {
            try judgeMissing(path, in: folder, subject, &examined)
            return true
        }
        guard let real = file.realPath else {
            examined.suspicions.append(subject.finding(.missingFile, "The symbolic link leads to nothing."))
            return true
        }
        guard folder != nil && !file.isLink || folders.mayRead(real) else {
            examined.suspicions.append(
                subject.finding(
                    .unknownFolder, "The file \(real) lies in a folder that belongs to no store and is not in [vitrine] readable_folders.",
                    bytes: file.size))
            return true
        }
        guard file.isRegular else {
            examined.suspicions.append(subject.finding(.missingFile, "What has that name is no regular file."))
            return true
        }
        if folder == nil || file.isLink || !Self.isOwnName(path, of: subject.image.id) {
            examined.odd.append(
                OddFile(
                    image: subject.image.id, store: subject.store, location: subject.location.safeURL, path: real,
                    isElsewhere: folder == nil || file.isLink, size: file.size))
        }
        examined.counts[subject.store].images += 1
        let trouble = folder.flatMap { folders.trouble(with: file, in: $0) }
        if let trouble { examined.suspicions.append(subject.finding(.wrongPermissions, trouble, bytes: file.size)) }
        guard judge(size: file.size, subject, &examined), !scope.isQuick else { return true }
        var isRefused = false
        let goesOn = try compareData(subject, size: file.size, &examined, pulse) { () throws(Fault) in
            let stream = try folders.open(real)
            isRefused = stream == nil
            return stream
        }
        if isRefused, trouble == nil {
            examined.suspicions.append(subject.finding(.wrongPermissions, "This process cannot read the file.", bytes: file.size))
        }
        return goesOn
    }

    /// Whether a file has a name that an upload of its image gives it.
    static func isOwnName(_ path: String, of image: ImageID) -> Bool {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = path.utf8[(slash.map { path.utf8.index(after: $0) } ?? path.utf8.startIndex)...]
        guard name.starts(with: image.text.utf8) else { return false }
        let rest = name.dropFirst(image.text.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: ".")
    }

    private func judgeMissing(
        _ path: String, in folder: VerifiedFolder?, _ subject: Subject, _ examined: inout Examined
    ) throws(Fault) {
        guard let folder else {
            let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
            let isThere = try folders.facts(at: parent.isEmpty ? "/" : parent)?.isFolder == true
            let isKnown = isThere && folders.mayRead(path)
            examined.suspicions.append(
                isKnown
                    ? subject.finding(.missingFile, "There is no such file.")
                    : subject.finding(
                        .unknownFolder, "There is no such file, and its folder belongs to no store.", bytes: 0))
            return
        }
        // In an empty mount point every file is missing.
        do throws(Fault) {
            try folders.check(folder)
        } catch {
            examined.givenUp = (folder.store, "The folder \(folder.path) is not known to be the store's: \(error)")
            return
        }
        examined.suspicions.append(subject.finding(.missingFile, "There is no such file."))
    }

    /// - Returns: whether the size is the recorded one.
    private func judge(size: Int64, _ subject: Subject, _ examined: inout Examined) -> Bool {
        guard let recorded = subject.image.size, recorded != size else { return true }
        examined.suspicions.append(
            subject.finding(.sizeMismatch, "It has \(size) bytes, and the record says \(recorded).", bytes: size))
        examined.unread += recorded
        return false
    }

    // MARK: data

    /// Compares what a store without folders gives.
    private func compareBlob(
        _ subject: Subject, isSizeEnough: Bool, _ examined: inout Examined, _ pulse: Pulse
    ) throws(Fault) -> Bool {
        let blob: Blob
        do throws(Fault) {
            blob = try stores.bytes(at: subject.location)
        } catch {
            guard error.kind == .notFound else { throw error }
            examined.suspicions.append(subject.finding(.missingFile, "The store does not have it."))
            return true
        }
        examined.counts[subject.store].images += 1
        guard judge(size: blob.size, subject, &examined) else { return true }
        if isSizeEnough || scope.isQuick {
            examined.unread += blob.size
            return true
        }
        return try compareData(subject, size: blob.size, &examined, pulse) { () throws(Fault) in try blob.openAll() }
    }

    /// - Parameter open: opens the data; nil when it is not to be read.
    /// - Returns: false when the thread is to end.
    private func compareData(
        _ subject: Subject, size: Int64, _ examined: inout Examined, _ pulse: Pulse, open: () throws(Fault) -> (any ByteStream)?
    ) throws(Fault) -> Bool {
        let (image, reading) = (subject.image, DataReading(of: subject.image, by: rules))
        if reading.hasUnknownAlgorithm {
            examined.suspicions.append(
                subject.finding(.notVerified, "The algorithm \(image.hash?.algorithm ?? "") of os_hash_algo is not known here."))
        }
        guard reading.isNeeded, let stream = try open() else {
            examined.unread += size
            return true
        }
        let result = try reading.read(stream, pulse) { count in
            pace.wait(for: count) {
                // A thread that waits for its turn is not stuck.
                pulse.beat()
                return pulse.isEnding
            }
        }
        guard let result else { return false }
        examined.counts[subject.store].bytes += result.size
        guard judge(size: result.size, subject, &examined) else { return true }
        examined.suspicions += Self.differences(result, from: subject)
        return true
    }

    private static func differences(_ result: DataReading.Result, from subject: Subject) -> [Finding] {
        var findings: [Finding] = []
        let image = subject.image
        if let recorded = image.checksum, let found = result.checksum, recorded.lowercased() != found {
            findings.append(
                subject.finding(.checksumMismatch, "Its MD5 is \(found), and the record says \(recorded).", bytes: result.size))
        }
        if let recorded = image.hash, let found = result.hash, recorded.value.lowercased() != found {
            findings.append(
                subject.finding(
                    .hashMismatch, "Its \(recorded.algorithm) is \(found), and the record says \(recorded.value).", bytes: result.size))
        }
        // Data that is damaged need not have a format.
        if findings.isEmpty, let refusal = result.refusal {
            findings.append(
                subject.finding(.wrongFormat, "disk_format is \(image.diskFormat ?? "not set"). \(refusal)", bytes: result.size))
        }
        return findings
    }
}

extension VerifiedPlace {
    /// The name of the store; nil when the place does not tell.
    var store: String? {
        switch self {
        case .file(_, let folder): folder.store
        case .store(let name, _), .absent(let name): name
        case .outside, .nowhere: nil
        }
    }
}

extension ImageLocation {
    /// The URL without user, password and query, which may hold a signature.
    var safeURL: String {
        guard !url.utf8.starts(with: "file:".utf8), !url.utf8.starts(with: "filesystem:".utf8) else { return url }
        return String(shownURL.prefix { $0 != "?" && $0 != "#" })
    }
}
