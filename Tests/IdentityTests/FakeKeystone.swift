import Glibc
import Synchronization
import TestSupport

/// A Keystone with answers that the test sets; it counts its requests and can fail in several ways.
final class FakeKeystone: Sendable {
    /// What it does with a request after reading it.
    enum Manner: Sendable {
        case proper
        /// Answers every request with a text.
        case raw(String)
        /// Does not answer until the manner changes.
        case silent
        /// Closes the connection.
        case rude
    }

    struct Person: Sendable {
        var roles = ["member", "reader"]
        /// The scope of the token; nothing if it is unscoped.
        var scope = FakeKeystone.project("acme")
        /// Seconds until it expires; negative for an expired token.
        var life = 3600
        /// Further members of the token.
        var more = ""
    }

    private struct State: Sendable {
        var manner = Manner.proper
        var people: [String: Person] = [:]
        var validations: [String: Int] = [:]
        var queries: [String] = []
        var logins: [String] = []
        /// The service's own tokens that are still valid.
        var ownTokens: Set<String> = []
        var ownLife = 3600
        var loginAnswer: String?
        var catalog = "[]"
        /// Seconds by which its clock is ahead.
        var lead = 0
    }

    private let state: Box
    private let server: RawServer

    private final class Box: Sendable { let value = Mutex(State()) }

    init() throws {
        let state = Box()
        self.state = state
        server = try RawServer { connection, _ in
            while let head = connection.readHead() {
                let body = length(in: head).map { connection.readBody($0) } ?? ""
                guard Self.answer(head, body, connection, state) else { return }
            }
        }
    }

    var address: String { "http://127.0.0.1:\(server.port)" }

    // MARK: what a test says

    /// Its clock is ahead by some seconds.
    func isAhead(by seconds: Int) { state.value.withLock { $0.lead = seconds } }

    func knows(_ token: String, _ person: Person = Person()) { state.value.withLock { $0.people[token] = person } }
    /// All people of the tests, by their tokens, which are their names.
    func knowsEverybody() {
        for person in TestGlance.Person.allCases {
            let roles =
                switch person {
                case .admin: ["admin", "manager", "member", "reader"]
                case .reader: ["reader"]
                default: ["member", "reader"]
                }
            knows(person.rawValue, Person(roles: roles, scope: Self.project(person.project)))
        }
    }

    /// The scope of a token for a project.
    static func project(_ name: String) -> String {
        #""project": {"id": "\#(name)", "name": "\#(name)", "domain": {"id": "default", "name": "Default"}},"#
    }

    func forgets(_ token: String) { state.value.withLock { $0.people[token] = nil } }
    func behaves(_ manner: Manner) { state.value.withLock { $0.manner = manner } }
    /// Seconds that a token of the service is valid.
    func givesOwnTokens(lasting seconds: Int) { state.value.withLock { $0.ownLife = seconds } }
    func revokesOwnTokens() { state.value.withLock { $0.ownTokens = [] } }
    /// Handles logins, and only those, in this way.
    func answersLogins(_ raw: String?) { state.value.withLock { $0.loginAnswer = raw } }
    func hasCatalog(_ json: String) { state.value.withLock { $0.catalog = json } }

    // MARK: what a test sees

    func validations(of token: String) -> Int { state.value.withLock { $0.validations[token] ?? 0 } }
    /// Bodies of logins.
    var logins: [String] { state.value.withLock { $0.logins } }
    /// Queries of validations.
    var queries: [String] { state.value.withLock { $0.queries } }
    var heads: [String] { server.heads }

    // MARK: answering

    private static func answer(_ head: String, _ body: String, _ connection: RawServer.Connection, _ box: Box) -> Bool {
        let target = head.requestTarget
        let isLogin = head.hasPrefix("POST ") && target.hasSuffix("/v3/auth/tokens")
        let isValidation = head.hasPrefix("GET ") && target.contains("/v3/auth/tokens")
        let subject = field("X-Subject-Token", in: head) ?? ""
        let (manner, loginAnswer) = box.value.withLock { state -> (Manner, String?) in
            if isLogin { state.logins.append(body) }
            if isValidation {
                state.validations[subject, default: 0] += 1
                state.queries.append(String(target.split(separator: "?").dropFirst().first ?? ""))
            }
            return (state.manner, isLogin ? state.loginAnswer : nil)
        }
        switch manner {
        case .proper: break
        case .raw(let text): return connection.send(text)
        case .rude: return false
        case .silent:
            _ = eventually(within: 60) { box.value.withLock { if case .silent = $0.manner { false } else { true } } }
            return false
        }
        if let loginAnswer { return connection.send(loginAnswer) }
        if isLogin { return logIn(connection, box) }
        guard isValidation else {
            connection.answer(body: Self.document(of: target.split(separator: "/").last?.prefix { $0 != "?" } ?? ""))
            return true
        }
        guard let own = field("X-Auth-Token", in: head), box.value.withLock({ $0.ownTokens.contains(own) }) else {
            connection.answer("401 Unauthorized", body: #"{"error": {"code": 401, "title": "Unauthorized"}}"#)
            return true
        }
        let (person, catalog, lead) = box.value.withLock { ($0.people[subject], $0.catalog, $0.lead) }
        guard let person, person.life > 0 || target.contains("allow_expired=1") else {
            connection.answer("404 Not Found", body: #"{"error": {"code": 404, "title": "Not Found"}}"#)
            return true
        }
        let roles = person.roles.map { #"{"id": "\#($0)-id", "name": "\#($0)"}"# }.joined(separator: ", ")
        connection.answer(
            body: """
                {"token": {"methods": ["password"], \(target.contains("nocatalog") ? "" : "\"catalog\": \(catalog),") "user": {"id": "\(subject)-user", "name": "x", "domain": {"id": "default"}},
                \(person.scope) \(person.more) "roles": [\(roles)], \(times(person.life, lead))}}
                """)
        return true
    }

    /// What it says of limits, and of itself.
    private static func document(of resource: Substring) -> String {
        switch resource {
        case "registered_limits":
            let limits = ["image_size_total", "image_stage_total", "image_count_total", "image_count_uploading"].map {
                #"{"service_id": "s", "region_id": "R", "resource_name": "\#($0)", "default_limit": 100}"#
            }
            return #"{"registered_limits": [\#(limits.joined(separator: ", "))]}"#
        case "limits": return #"{"limits": []}"#
        case "images": return #"{"endpoint": {"service_id": "s", "region_id": "R"}}"#
        default: return #"{"version": {"id": "v3.14"}}"#
        }
    }

    private static func logIn(_ connection: RawServer.Connection, _ box: Box) -> Bool {
        let (token, life, catalog, lead) = box.value.withLock { state -> (String, Int, String, Int) in
            let token = "own-\(state.logins.count)"
            state.ownTokens.insert(token)
            return (token, state.ownLife, state.catalog, state.lead)
        }
        connection.answer(
            "201 Created", "X-Subject-Token: \(token)\r\n",
            body: #"{"token": {"user": {"id": "glance"}, "catalog": \#(catalog), \#(times(life, lead))}}"#)
        return true
    }
}

private func length(in head: String) -> Int? { field("Content-Length", in: head).flatMap { Int($0) } }

func field(_ name: String, in head: String) -> String? {
    let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
    return line.map { $0.dropFirst(name.count + 1).trimmingPrefix { $0 == " " } }.map(String.init)
}

private func times(_ life: Int, _ lead: Int) -> String {
    #""issued_at": "\#(keystoneTime(lead))", "expires_at": "\#(keystoneTime(lead + life))""#
}

/// A time some seconds from now, as Keystone writes it.
func keystoneTime(_ seconds: Int) -> String {
    var (time, parts) = (time(nil) + seconds, tm())
    gmtime_r(&time, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S.000000Z", &parts)
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
