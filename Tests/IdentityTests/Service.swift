import Domain
import HTTPClient
import Identity
import Logging
import Synchronization
import TestSupport
import Threading

/// The part of the service that authenticates callers, with a Keystone whose answers the test sets.
struct Service: Sendable {
    let keystone: FakeKeystone
    let tokens: KeystoneTokens
    let session: KeystoneSession
    let log = Log()

    init(
        _ keystone: FakeKeystone, address: String? = nil, policy: any PolicySource = Policy(),
        access alter: (inout KeystoneAccess) -> Void = { _ in }, rules alterRules: (inout KeystoneTokens.Rules) -> Void = { _ in },
        bulkhead: Bulkhead? = nil
    ) {
        self.keystone = keystone
        var access = KeystoneAccess(
            address: address ?? keystone.address,
            proof: .password("s3cret-password", of: .name("glance", domain: .id("default"))),
            scope: .project(.name("service", domain: .name("Default"))))
        access.patience = 5
        alter(&access)
        var rules = KeystoneTokens.Rules(authenticateURI: "http://keystone.example:5000")
        alterRules(&rules)
        let logger = log.logger
        session = KeystoneSession(access, logger: logger)
        tokens = KeystoneTokens(session, rules: rules, policy: policy, bulkhead: bulkhead, logger: logger)
    }

    init() throws { self.init(try FakeKeystone()) }

    func caller(_ token: String?, service: String? = nil, _ method: String = "GET", _ path: String = "/v2/images") throws(Fault) -> Caller {
        var credentials = Credentials(token: token)
        credentials.serviceToken = service
        (credentials.method, credentials.path) = (method, path)
        return try tokens.caller(for: credentials)
    }

    /// The error for a token; nil if the caller is authenticated.
    func refusal(_ token: String?, service: String? = nil, _ method: String = "GET", _ path: String = "/v2/images") -> Fault.Kind? {
        do throws(Fault) {
            _ = try caller(token, service: service, method, path)
            return nil
        } catch {
            return error.kind
        }
    }

    /// The same for several tokens at once, each on its own thread.
    func refusals(_ tokens: [String]) -> [Fault.Kind?] {
        let gate = Monitor(false)
        let found = Mutex<[Int: Fault.Kind?]>([:])
        let threads = tokens.enumerated().map { place, token in
            try! JoinableThread {
                gate.wait { $0 ? () : nil }
                let kind = refusal(token)
                found.withLock { $0[place] = .some(kind) }
            }
        }
        gate.with { $0 = true }
        for thread in threads { thread.join() }
        return found.withLock { found in tokens.indices.map { found[$0]! } }
    }
}

/// The log of the service.
final class Log: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: Log
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.lines.withLock { $0.append("\(event.level) \(event.message)") } }
    }
}
