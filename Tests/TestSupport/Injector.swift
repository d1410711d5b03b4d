import Domain
import Synchronization
import Testing

/// What goes wrong at one call of a port, or from that call on.
package struct Mishap: Sendable, CustomTestStringConvertible {
    package let testDescription: String
    let parts: Set<Injector.Part>
    let act: Act
    /// Whether every later call fails too.
    package let lasts: Bool
    /// Whether what fails may have been done all the same.
    package let leavesDoubt: Bool

    enum Act: Sendable {
        case failBefore(Fault), failAfter(Fault)
        /// The client of an upload goes away.
        case cut
        /// A read gives a single byte, or the end before its time.
        case oneByte, end
        /// The call is held while the injector's `meanwhile` runs.
        case hold
    }

    private init(
        _ name: String, of parts: Set<Injector.Part>, _ act: Act, lasts: Bool = false, leavesDoubt: Bool = false
    ) {
        (testDescription, self.parts, self.act, self.lasts, self.leavesDoubt) = (name, parts, act, lasts, leavesDoubt)
    }

    private static let away = Fault(.unavailable, "The image database cannot be asked now.")
    private static let ioError = Fault(.unavailable, "The image store cannot be used now.")
    private static let noRoom = Fault(.tooLarge, "There is not enough room in the image store.")

    package static let catalogIsUnavailable = Mishap("the catalog is unavailable", of: [.catalog], .failBefore(away))
    package static let answerIsLost = Mishap("the catalog's answer is lost", of: [.catalog], .failAfter(away), leavesDoubt: true)
    package static let conflict = Mishap(
        "the catalog finds a conflict", of: [.catalog], .failBefore(Fault(.conflict, "Somebody was faster.")))
    package static let catalogIsGone = Mishap("the catalog is away from here on", of: [.catalog], .failBefore(away), lasts: true)
    package static let answersAreLost = Mishap(
        "the catalog's answers are lost from here on", of: [.catalog], .failAfter(away), lasts: true, leavesDoubt: true)

    package static let ioErrorOfStore = Mishap("the store has an I/O error", of: [.store, .read], .failBefore(ioError))
    package static let lateErrorOfStore = Mishap("the store has an I/O error after the fact", of: [.store], .failAfter(ioError))
    package static let storeIsFull = Mishap("the store is full", of: [.store], .failBefore(noRoom))
    package static let storeIsGone = Mishap("the store fails from here on", of: [.store, .read], .failBefore(ioError), lasts: true)
    package static let shortRead = Mishap("a read is short", of: [.read, .client], .oneByte)
    package static let earlyEnd = Mishap("bytes end too early", of: [.read], .end)

    package static let clientLeaves = Mishap("the client goes away", of: [.client], .cut)

    /// The process does nothing any more: what it holds is left as it is.
    package static let processDies = Mishap(
        "the process dies", of: [.catalog, .store, .read, .client], .failBefore(away), lasts: true, leavesDoubt: true)
    /// The store, or the catalog, or the whole process, stands still until others have done something.
    package static let callIsHeld = Mishap("the call is held", of: [.catalog, .store, .read, .client], .hold, leavesDoubt: true)
}

/// Counts the calls that a use case makes of its ports, and has the Nth go wrong.
package final class Injector: Sendable {
    package enum Part: Sendable { case catalog, store, read, client }

    private struct State {
        var mishap: Mishap?
        var number = 0
        var count = 0
        var hit: String?
        var meanwhile: (@Sendable () -> Void)?
        var kept: [any BlobWriter] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// - Parameters:
    ///   - number: of the call that goes wrong, from 1 on, among those that the mishap is about.
    ///   - meanwhile: what others do while a call is held.
    package func arm(_ mishap: Mishap, at number: Int, meanwhile: (@Sendable () -> Void)? = nil) {
        state.withLock { $0 = State(mishap: mishap, number: number, meanwhile: meanwhile) }
    }

    /// From now on nothing goes wrong.
    ///
    /// - Returns: the name of the call that went wrong; nil where there were not so many calls.
    package func disarm() -> String? {
        state.withLock { state in
            state.mishap = nil
            return state.hit
        }
    }

    /// Ends the life of what a process had open that died. To be called when all is looked at.
    package func letGo() { state.withLock { $0.kept = [] } }

    /// What a call is to do in place of what it is there for; nil for most.
    func act(_ part: Part, _ name: String) -> Mishap.Act? {
        let (act, meanwhile) = state.withLock { state -> (Mishap.Act?, (@Sendable () -> Void)?) in
            guard let mishap = state.mishap, mishap.parts.contains(part) else { return (nil, nil) }
            state.count += 1
            guard state.count == state.number || mishap.lasts && state.count > state.number else { return (nil, nil) }
            state.hit = state.hit ?? name
            return (mishap.act, state.meanwhile)
        }
        guard case .hold = act else { return act }
        meanwhile?()
        return nil
    }

    /// Makes a call, unless it goes wrong.
    func call<Value>(_ part: Part, _ name: String, _ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        switch act(part, name) {
        case .failBefore(let fault): throw fault
        case .failAfter(let fault):
            _ = try body()
            throw fault
        default: return try body()
        }
    }

    /// Whether a call is made that throws nothing. If not, the bytes are kept, so that nobody discards them.
    func lets(_ name: String, keeping bytes: any BlobWriter) -> Bool {
        guard case .failBefore = act(.store, name) else { return true }
        state.withLock { $0.kept.append(bytes) }
        return false
    }

    /// Bytes are let go, which discards them, unless their store fails or their process is dead.
    func keepWhatNobodyDiscards(_ bytes: any BlobWriter) {
        state.withLock { state in
            guard let mishap = state.mishap, mishap.lasts, mishap.parts.contains(.store), state.hit != nil else { return }
            state.kept.append(bytes)
        }
    }

    /// Reads, unless that goes wrong.
    func read(_ part: Part, from stream: any ByteStream, into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        switch act(part, "read") {
        case .failBefore(let fault), .failAfter(let fault): throw .failed(fault)
        case .cut: throw .cut(cause: nil)
        case .end: return 0
        case .oneByte: return try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(1)))
        case .hold, nil: return try stream.read(into: buffer)
        }
    }
}
