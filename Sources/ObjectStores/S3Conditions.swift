internal import Domain
internal import Synchronization

/// Whether a server heeds a condition. All clients of the server that are made of one share it; it is asked once.
final class S3Conditions: Sendable {
    private let known = Mutex<Bool?>(nil)

    /// The header by which a request makes an object only where there is none.
    static let absent = [(name: "if-none-match", value: "*")]

    /// Whether it is not known that the server heeds none.
    var mayBeHeeded: Bool { known.withLock { $0 ?? true } }

    /// - Parameter ask: asks the server.
    func areHeeded(_ ask: () throws(Fault) -> Bool) throws(Fault) -> Bool {
        if let found = known.withLock({ $0 }) { return found }
        let found = try ask()
        known.withLock { $0 = found }
        return found
    }
}
