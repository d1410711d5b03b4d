import Domain
import Foundation
import Stack
import Testing
import Threading

/// A store on an engine, and the ways to disturb the engine. The operations on it time out after two or three seconds.
///
/// Each check wants an engine of its own, which keeps nothing of others: a bucket or a container and an `EngineProxy` (`EngineUnderTest(s3:)`
/// makes them), or a cluster whose tests run one after the other (`@Suite(.serialized)`).
package struct EngineUnderTest {
    /// Makes the store anew, on a way to the engine that `trouble` disturbs.
    package var store: @Sendable () throws -> any ImageStore
    /// The names of all that the engine holds for the store, unfinished forms included.
    package var names: () throws -> [String]
    /// Disturbs the engine, until it is told `.none`.
    package var trouble: (EngineTrouble) throws -> Void
    /// The most seconds that an operation may take when the engine does not answer.
    package var patience = 60.0
    /// Troubles that cannot be made.
    package var impossible: Set<EngineTrouble> = []
    /// Stores with one wrong setting each, the fault of a write, and whether it reads nothing, either.
    package var misconfigured: [Misconfiguration] = []
    /// Takes all space of the engine, or gives it back.
    package var setFull: ((Bool) throws -> Void)?
    /// Makes an unfinished upload of another program's, and returns its name among `names`.
    package var makeForeign: (() throws -> String)?
    /// Locations of the store's kind that it does not hold: of another pool, bucket or cluster.
    package var elsewhere: [String] = []
    /// What no message may have: keys, tokens, addresses.
    package var secrets: [String] = []

    /// A store with a wrong setting.
    package struct Misconfiguration {
        let name: String
        let fault: Fault.Kind
        let make: @Sendable () throws -> any ImageStore

        /// - Parameter fault: that of a write.
        package init(_ name: String, _ fault: Fault.Kind = .unavailable, make: @escaping @Sendable () throws -> any ImageStore) {
            (self.name, self.fault, self.make) = (name, fault, make)
        }
    }

    package init(
        store: @escaping @Sendable () throws -> any ImageStore, names: @escaping () throws -> [String],
        trouble: @escaping (EngineTrouble) throws -> Void
    ) {
        (self.store, self.names, self.trouble) = (store, names, trouble)
    }

    // MARK: for the checks

    /// Runs work that must end in time.
    ///
    /// - Returns: the fault that it threw; nil if it succeeded.
    func fault(_ what: String, _ body: @escaping @Sendable () throws -> Void) throws -> Fault? {
        enum Outcome { case success, fault(Fault), other(any Error) }
        let outcome = Monitor<Outcome?>(nil)
        Foundation.Thread.detachNewThread {
            let ended: Outcome
            do {
                try body()
                ended = .success
            } catch let fault as Fault {
                ended = .fault(fault)
            } catch {
                ended = .other(error)
            }
            outcome.with { $0 = ended }
        }
        switch outcome.wait(atMost: patience, for: { $0 }) {
        case nil: throw Unexpected("\(what) takes longer than \(patience) s")
        case .success: return nil
        case .fault(let fault):
            for secret in secrets { #expect(!fault.message.contains(secret), "\(what)") }
            return fault
        case .other(let error):
            // A stream's error has no kind, and is none of the words that a client gets.
            return Fault(.unavailable, "", cause: error)
        }
    }

    /// An image that was written, or not.
    struct Attempt {
        let upload: Upload
        let location: String?
        let fault: Fault?
    }

    /// Writes an image. What fails is discarded.
    func write(_ size: Int, to store: any ImageStore, _ what: String) throws -> Attempt {
        let (image, token) = (ImageID.fresh(), String.fresh())
        let urls = Monitor((pending: "", location: String?.none))
        let fault = try fault(what) {
            let pending = try store.begin(image, token: token, announcing: Int64(size))
            urls.with { $0.pending = pending.url }
            do {
                try ImagePattern.append(0..<size, to: pending)
                let committed = try pending.commit()
                pending.confirm()
                urls.with { $0.location = committed.url }
            } catch {
                pending.discard()
                throw error
            }
        }
        let (pendingURL, location) = urls.with { $0 }
        return Attempt(upload: Upload(image: image, token: token, pendingURL: pendingURL), location: location, fault: fault)
    }

    /// Removes what uploads left, as the sweeper does and the process that takes over a lease, until only some names are there. What an
    /// engine was asked for while it was silent it may do a while after it answers again.
    ///
    /// - Parameter lost: uploads whose lease ended without a record.
    /// - Returns: the names that differ, and behind them the store's last refusal; none if all went well.
    func leftovers(of lost: [Upload] = [], beside names: [String]) throws -> [String] {
        let (store, expected) = (try store(), Set(names))
        var (differing, refusal): ([String], (any Error)?) = ([], nil)
        // The process that takes over a lease does it once; what arrives after that is the sweeper's.
        var owed = lost.filter { !$0.pendingURL.isEmpty }
        _ = try eventually(within: 60) {
            func isDiscarded(_ upload: Upload) -> Bool {
                do { try store.discard(upload) } catch {
                    refusal = error
                    return false
                }
                return true
            }
            owed.removeAll(where: isDiscarded)
            do { for upload in try store.pendingUploads(olderThan: -2) { _ = isDiscarded(upload) } } catch { refusal = error }
            differing = expected.symmetricDifference(try self.names()).sorted()
            return differing.isEmpty
        }
        return differing.isEmpty ? [] : differing + [refusal.map { "\($0)" } ?? "no refusal"]
    }

    /// Whether an image is whole.
    func isWhole(_ url: String, size: Int, in store: any ImageStore) throws -> Bool {
        try ImagePattern.count(store.bytes(at: url).openAll(), from: 0) == size
    }
}

/// The checks of a store on an engine that fails: a store of S3, RBD or Swift passes them beside `ImageStoreConformance`.
/// `@Test(arguments: EngineConformance.checks) func …(_ check: ConformanceCheck<EngineUnderTest>) throws { try check.run(engine()) }`.
package enum EngineConformance {
    /// An image of one write, and one of several.
    private static let (small, large) = (300_000, (24 << 20) + 1)

    package static let checks: [ConformanceCheck<EngineUnderTest>] = [
        ConformanceCheck("refuses with each wrong setting, and leaves nothing") { engine in
            let good = try engine.store()
            let location = try #require(try engine.write(small, to: good, "writing").location)
            let names = try engine.names()
            for wrong in engine.misconfigured {
                let store = try wrong.make()
                let written = try engine.write(small, to: store, wrong.name)
                #expect(written.location == nil && written.fault?.kind == wrong.fault, "\(wrong.name): \(written)")
                let removed = try engine.fault("removing, \(wrong.name)") { try store.remove(location) }
                #expect(removed != nil || !store.holds(location), "\(wrong.name)")
                let read = try engine.fault("reading, \(wrong.name)") { _ = try store.bytes(at: location).open(0).text() }
                #expect(read?.kind == .unavailable || read?.kind == .notFound && !store.holds(location), "\(wrong.name)")
            }
            #expect(try engine.names().sorted() == names.sorted())
            #expect(try engine.isWhole(location, size: small, in: good))
        },
        ConformanceCheck("says that the engine is down, and goes on when it is back") { engine in
            try failsAndRecovers(engine, .down)
        },
        ConformanceCheck("does not wait for an engine that is silent, and goes on when it answers") { engine in
            try failsAndRecovers(engine, .silent)
        },
        ConformanceCheck("ends a write in the middle of which the engine falls silent or goes down, and leaves nothing") { engine in
            for trouble in [EngineTrouble.silent, .down] where !engine.impossible.contains(trouble) {
                let names = try engine.names()
                let store = try engine.store()
                let (image, token) = (ImageID.fresh(), String.fresh())
                let pending = try store.begin(image, token: token, announcing: nil)
                try ImagePattern.append(0..<large / 4, to: pending)
                try engine.trouble(trouble)
                let fault = try engine.fault("writing to an engine that is \(trouble.rawValue)") {
                    try ImagePattern.append(large / 4..<large, to: pending)
                    _ = try pending.commit()
                }
                #expect(fault?.kind == .unavailable, "\(trouble): \(fault.debugDescription)")
                _ = try engine.fault("discarding at an engine that is \(trouble.rawValue)") { pending.discard() }
                try engine.trouble(.none)
                let upload = Upload(image: image, token: token, pendingURL: pending.url)
                let left = try engine.leftovers(of: [upload], beside: names)
                #expect(left == [], "\(trouble)")
            }
        },
        ConformanceCheck("ends a read in the middle of which the engine falls silent or goes down, and never too early") { engine in
            let store = try engine.store()
            let location = try #require(try engine.write(large, to: store, "writing").location)
            for trouble in [EngineTrouble.silent, .down] where !engine.impossible.contains(trouble) {
                // One thread at a time uses it.
                nonisolated(unsafe) let stream = try store.bytes(at: location).openAll()
                #expect(try ImagePattern.count(stream, from: 0, atMost: 1) != nil)
                try engine.trouble(trouble)
                let fault = try engine.fault("reading from an engine that is \(trouble.rawValue)") {
                    while try ImagePattern.count(stream, from: 0, atMost: 1) != 0 {}
                }
                #expect(fault != nil, "\(trouble): the data seem to end")
                try engine.trouble(.none)
                let isBack = eventually(within: 60) { (try? engine.isWhole(location, size: large, in: store)) == true }
                #expect(isBack)
            }
        },
        ConformanceCheck("writes to a slow engine, and reads from it") { engine in
            guard !engine.impossible.contains(.slow) else { return }
            let store = try engine.store()
            try engine.trouble(.slow)
            let written = try engine.write(large / 3, to: store, "writing slowly")
            #expect(written.fault == nil, "\(written)")
            if let location = written.location { #expect(try engine.isWhole(location, size: large / 3, in: store)) }
            try engine.trouble(.none)
        },
        ConformanceCheck("keeps all or nothing of an image when a connection is cut in the middle of its write") { engine in
            guard !engine.impossible.contains(.cut) else { return }
            let names = try engine.names()
            let store = try engine.store()
            try engine.trouble(.cut)
            let written = try engine.write(large, to: store, "writing, and the connection is cut")
            try engine.trouble(.none)
            if let location = written.location {
                #expect(try engine.isWhole(location, size: large, in: store))
                try store.remove(location)
            } else {
                #expect(written.fault?.kind == .unavailable, "\(written)")
            }
            let left = try engine.leftovers(of: [written.upload], beside: names)
            #expect(left == [])
        },
        ConformanceCheck("gives all or fails when a connection is cut in the middle of a read") { engine in
            guard !engine.impossible.contains(.cut) else { return }
            let store = try engine.store()
            let location = try #require(try engine.write(large, to: store, "writing").location)
            try engine.trouble(.cut)
            let fault = try engine.fault("reading, and the connection is cut") {
                let isWhole = try ImagePattern.count(store.bytes(at: location).openAll(), from: 0) == large
                #expect(isWhole)
            }
            #expect(fault == nil || fault?.kind == .unavailable, "\(fault.debugDescription)")
            try engine.trouble(.none)
            #expect(try engine.isWhole(location, size: large, in: store))
        },
        ConformanceCheck("says that the engine is full, leaves nothing, and goes on when there is space") { engine in
            guard let setFull = engine.setFull else { return }
            let names = try engine.names()
            let store = try engine.store()
            try setFull(true)
            let written = try engine.write(large, to: store, "writing to a full engine")
            try setFull(false)
            #expect(written.location == nil && written.fault?.kind == .tooLarge, "\(written)")
            let left = try engine.leftovers(of: [written.upload], beside: names)
            #expect(left == [])
            let hasSpace = try eventually(within: 60) { try engine.write(small, to: store, "writing again").location != nil }
            #expect(hasSpace)
        },
        ConformanceCheck("takes back what a dead process left at any step, and only that") { engine in
            let names = try engine.names()
            for step in ["begun", "written", "committed"] {
                let (image, token) = (ImageID.fresh(), String.fresh())
                let pending = try engine.store().begin(image, token: token, announcing: nil)
                if step != "begun" { try ImagePattern.append(0..<large, to: pending) }
                if step == "committed" { _ = try pending.commit() }
                let other = try engine.store()
                if step == "written" { #expect(try other.hasPending(token)) }
                let upload = Upload(image: image, token: token, pendingURL: pending.url)
                try other.discard(upload)
                // A process that is not dead yet may write its mark once more; that is taken back, too.
                let left = try engine.leftovers(of: [upload], beside: names)
                #expect(left == [], "\(step)")
                pending.discard()
            }
        },
        ConformanceCheck("sweeps unfinished uploads, but neither images nor what another program writes") { engine in
            let store = try engine.store()
            let location = try #require(try engine.write(small, to: store, "writing").location)
            let foreign = try engine.makeForeign?()
            let names = try engine.names()
            let pending = try store.begin(.fresh(), token: .fresh(), announcing: nil)
            try ImagePattern.append(0..<large, to: pending)
            let left = try engine.leftovers(beside: names)
            #expect(left == [])
            let kept = try engine.names()
            #expect(foreign.map { kept.contains($0) } != false)
            #expect(try engine.isWhole(location, size: small, in: store))
            withExtendedLifetime(pending) {}
        },
        ConformanceCheck("does not hold locations elsewhere") { engine in
            let store = try engine.store()
            for url in engine.elsewhere {
                #expect(!store.holds(url), "\(url)")
                #expect(throws: Fault.of(.notFound), "\(url)") { try store.bytes(at: url) }
            }
        },
    ]

    /// Every operation fails in time while the engine is in trouble; afterwards all is as before.
    private static func failsAndRecovers(_ engine: EngineUnderTest, _ trouble: EngineTrouble) throws {
        guard !engine.impossible.contains(trouble) else { return }
        let store = try engine.store()
        let location = try #require(try engine.write(small, to: store, "writing").location)
        let names = try engine.names()
        let gone = try #require(try engine.write(small, to: store, "writing").location)
        try engine.trouble(trouble)
        let what = "an engine that is \(trouble.rawValue)"
        let written = try engine.write(small, to: store, "writing to \(what)")
        #expect(written.fault?.kind == .unavailable, "\(written)")
        #expect(try engine.fault("asking \(what) for data") { _ = try store.bytes(at: location).open(0).text() }?.kind == .unavailable)
        #expect(try engine.fault("asking \(what) for uploads") { _ = try store.pendingUploads(olderThan: -2) }?.kind == .unavailable)
        if let probe = store as? any HealthProbe {
            #expect(try engine.fault("checking the health of \(what)") { try probe.checkHealth() } != nil)
        }
        #expect(try engine.fault("removing from \(what)") { try store.remove(gone) }?.kind == .unavailable)
        try engine.trouble(.none)
        #expect(
            try eventually(within: 60) { try engine.write(small, to: store, "writing again").location.map { try store.remove($0) } != nil })
        #expect(eventually(within: 60) { (try? store.remove(gone)) != nil })
        let left = try engine.leftovers(of: [written.upload], beside: names)
        #expect(left == [])
        #expect(try engine.isWhole(location, size: small, in: store))
        if let probe = store as? any HealthProbe { try probe.checkHealth() }
    }
}
