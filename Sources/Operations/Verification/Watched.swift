internal import Domain
internal import Threading

/// Calls of disks that the calling thread can give up.
struct Watched: Sendable {
    let folders: any VerifiedStores
    /// Seconds without an answer after which a call is given up.
    let timeout: Double

    /// Makes a call on a thread of its own.
    ///
    /// - Parameter meanwhile: called twice a second.
    /// - Throws: what the call throws; `.tooSlow` when it does not return.
    private func call<Value: Sendable>(
        _ doing: String, _ meanwhile: () throws(Fault) -> Void, _ body: @escaping @Sendable () -> Result<Value, Fault>
    ) throws(Fault) -> Value {
        let result = Monitor<Result<Value, Fault>?>(nil)
        do throws(ThreadUnavailable) {
            try Thread.start {
                let value = body()
                result.with { $0 = value }
            }
        } catch {
            throw .noThread(error)
        }
        let end = monotonicSeconds() + timeout
        while true {
            if let value = result.wait(atMost: 0.5, for: { $0 }) { return try value.get() }
            guard monotonicSeconds() < end else { throw .noAnswer(doing, timeout) }
            try meanwhile()
        }
    }

    /// Checks that a folder is the store's.
    func check(_ folder: VerifiedFolder, _ meanwhile: () throws(Fault) -> Void) throws(Fault) {
        let folders = folders
        try call("The folder \(folder.path)", meanwhile) { () -> Result<Void, Fault> in
            do throws(Fault) { return .success(try folders.check(folder)) } catch { return .failure(error) }
        }
    }

    /// Looks at files. Those that cannot be looked at now count as if they were not there.
    func facts(at paths: [String], _ meanwhile: () throws(Fault) -> Void) throws(Fault) -> [FileFacts?] {
        let folders = folders
        return try call("A folder with \(paths.first ?? "no file")", meanwhile) { () -> Result<[FileFacts?], Fault> in
            .success(
                paths.map { path in
                    do throws(Fault) { return try folders.facts(at: path) } catch { return nil }
                })
        }
    }

    /// Finds unfinished data in a store without folders.
    func leftovers(in store: String, olderThan seconds: Int, _ meanwhile: () throws(Fault) -> Void) throws(Fault) -> [Upload] {
        let folders = folders
        return try call("Store '\(store)'", meanwhile) { () -> Result<[Upload], Fault> in
            do throws(Fault) {
                return .success(try folders.leftovers(in: store, olderThan: seconds))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Passes what is in a folder to a closure, in pieces. The folder is read on another thread, which waits while a piece is worked on.
    func forEachEntry(
        in path: String, _ meanwhile: () throws(Fault) -> Void, _ body: ([FolderEntry]) throws(Fault) -> Void
    ) throws(Fault) {
        let folders = folders
        try forEach("The folder \(path)", meanwhile, body) { listing throws(Fault) in
            try folders.forEachEntry(in: path) { listing.put($0) }
        }
    }

    /// Passes the names of what lies in a store without folders to a closure, in the same way.
    func forEachItem(
        in store: String, olderThan seconds: Int, _ meanwhile: () throws(Fault) -> Void, _ body: ([String]) throws(Fault) -> Void
    ) throws(Fault) {
        let folders = folders
        try forEach("Store '\(store)'", meanwhile, body) { listing throws(Fault) in
            try folders.forEachItem(in: store, olderThan: seconds) { listing.put($0) }
        }
    }

    private func forEach<Element: Sendable>(
        _ what: String, _ meanwhile: () throws(Fault) -> Void, _ body: ([Element]) throws(Fault) -> Void,
        listing fill: @escaping @Sendable (Listing<Element>) throws(Fault) -> Void
    ) throws(Fault) {
        let listing = Listing<Element>()
        do throws(ThreadUnavailable) {
            try Thread.start { listing.fill(fill) }
        } catch {
            throw .noThread(error)
        }
        defer { listing.end() }
        while true {
            let end = monotonicSeconds() + timeout
            var piece: Listing<Element>.Piece?
            while piece == nil {
                piece = listing.next(within: 0.5)
                guard piece != nil || monotonicSeconds() < end else { throw .noAnswer(what, timeout) }
                try meanwhile()
            }
            switch piece! {
            case .elements(let elements): try body(elements)
            case .end: return
            case .failed(let fault): throw fault
            }
        }
    }
}

/// A list that one thread reads for another.
private final class Listing<Element: Sendable>: Sendable {
    enum Piece: Sendable {
        case elements([Element]), end, failed(Fault)
    }

    private let state = Monitor<(piece: Piece?, isEnding: Bool)>((nil, false))

    func fill(_ read: (Listing) throws(Fault) -> Void) {
        do throws(Fault) {
            try read(self)
            _ = put(.end)
        } catch {
            _ = put(.failed(error))
        }
    }

    /// - Returns: false when nobody wants more.
    func put(_ elements: [Element]) -> Bool { put(.elements(elements)) }

    private func put(_ piece: Piece) -> Bool {
        state.wait { state -> Bool? in
            if state.isEnding { return false }
            guard state.piece == nil else { return nil }
            state.piece = piece
            return true
        }
    }

    func next(within seconds: Double) -> Piece? {
        state.wait(atMost: seconds) { state in
            defer { state.piece = nil }
            return state.piece
        }
    }

    func end() { state.with { $0.isEnding = true } }
}

extension Fault {
    fileprivate static func noAnswer(_ what: String, _ seconds: Double) -> Fault {
        Fault(.tooSlow, "\(what) did not answer for \(Int(seconds.rounded(.up))) seconds.")
    }
}
