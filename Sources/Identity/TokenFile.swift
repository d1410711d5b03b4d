package import Domain
internal import Files
internal import Glibc
package import Logging
internal import Yams

/// Authentication by the tokens of a YAML file, for tests and test installations:
///
///     tokens:
///       s3cret: { user: alice, project: acme, roles: [member] }
///
/// The file is read again when it changes. A change that cannot be read leaves the tokens as they were, and is logged.
package struct TokenFile: Authenticator {
    private let policy: any PolicySource
    private let people: ReloadingFile<[String: Person]>

    private struct Person: Sendable {
        let user, project: String
        let roles: Set<String>
    }

    /// - Throws: when the file cannot be read at the start.
    package init(path: String, policy: any PolicySource, logger: Logger) throws {
        self.policy = policy
        people = try ReloadingFile("the tokens", logger: logger, files: { [path] }, read: { try Self.read(path) })
    }

    package func caller(for credentials: Credentials) throws(Fault) -> Caller {
        guard let token = credentials.token, let person = people.current[token] else {
            throw Fault(.unauthenticated, "The request you have made requires authentication.")
        }
        return Caller(
            user: person.user, project: person.project, roles: person.roles, isAdmin: policy.current.makesAdmin(roles: person.roles))
    }

    private struct Document: Decodable {
        let tokens: [String: Entry]

        struct Entry: Decodable {
            let user: String
            let project: String
            let roles: [String]
        }
    }

    private static func read(_ path: String) throws -> [String: Person] {
        guard let text = fileText(of: path, isRepaired: true) else {
            throw TokenFileError(path, "cannot be read: \(String(cString: strerror(errno)))")
        }
        let document: Document
        do {
            document = try YAMLDecoder().decode(Document.self, from: text)
        } catch {
            throw TokenFileError(path, malformed: error)
        }
        return document.tokens.mapValues { Person(user: $0.user, project: $0.project, roles: Roles.implied(by: $0.roles)) }
    }
}

/// A mistake in the token file. The YAML parser's messages quote lines and keys, which are the tokens; only the position is kept, since
/// this is logged.
struct TokenFileError: Error, CustomStringConvertible {
    let description: String

    init(_ path: String, _ reason: String) { description = "\(path): \(reason)" }

    init(_ path: String, malformed error: any Error) {
        let reason =
            switch error as? DecodingError {
            case .keyNotFound(let key, _)?: "'\(key.stringValue)' is missing"
            case .dataCorrupted(let context)?: Self.place(of: context.underlyingError as? YamlError)
            case .typeMismatch?, .valueNotFound?: "an entry does not have the form { user: …, project: …, roles: […] }"
            default: Self.place(of: error as? YamlError)
            }
        self.init(path, reason)
    }

    private static func place(of error: YamlError?) -> String {
        switch error {
        case .scanner(_, _, let mark, _)?, .parser(_, _, let mark, _)?, .composer(_, _, let mark, _)?: "no YAML at line \(mark.line)"
        default: "no YAML"
        }
    }
}
