package import Domain
internal import Glibc
package import Logging
internal import Synchronization
internal import Yams

/// Tokens that stand in a YAML file, for laboratories and tests:
///
///     tokens:
///       s3cret: { user: alice, project: acme, roles: [member] }
///
/// The file is read again when it changes. A change that cannot be read leaves the tokens as they were, and is logged.
package final class TokenFile: Authenticator {
    private let path: String
    private let policy: Policy
    private let logger: Logger
    private let known: Mutex<Known>

    private struct Known: Sendable {
        var callers: [String: Caller]
        var version: Version?
        /// Seconds of the monotonic clock when the file was last looked at.
        var looked: Int
    }

    /// What a file shows when it is another one than before.
    private struct Version: Equatable, Sendable {
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int

        init?(of path: String) {
            var info = stat()
            guard stat(path, &info) == 0 else { return nil }
            inode = UInt64(info.st_ino)
            size = Int64(info.st_size)
            seconds = info.st_mtim.tv_sec
            nanoseconds = info.st_mtim.tv_nsec
        }
    }

    /// - Throws: when the file cannot be read now.
    package init(path: String, policy: Policy, logger: Logger) throws {
        self.path = path
        self.policy = policy
        self.logger = logger
        let version = Version(of: path)
        known = Mutex(Known(callers: try Self.read(path, policy), version: version, looked: monotonicSecond()))
    }

    package func caller(for token: String?) throws(Fault) -> Caller {
        guard let token, let caller = current()[token] else {
            throw Fault(.unauthenticated, "The request you have made requires authentication.")
        }
        return caller
    }

    private func current() -> [String: Caller] {
        known.withLock { known in
            // Looked at once a second at most: a request costs no system call for it.
            let now = monotonicSecond()
            guard now != known.looked else { return known.callers }
            known.looked = now
            let version = Version(of: path)
            guard version != known.version else { return known.callers }
            known.version = version
            do {
                known.callers = try Self.read(path, policy)
            } catch {
                logger.error("the tokens of before stay in force: \(path): \(error)")
            }
            return known.callers
        }
    }

    private struct Document: Decodable {
        let tokens: [String: Entry]

        struct Entry: Decodable {
            let user: String
            let project: String
            let roles: [String]
        }
    }

    private static func read(_ path: String, _ policy: Policy) throws -> [String: Caller] {
        guard let file = fopen(path, "re") else { throw TokenFileUnreadable(code: errno) }
        defer { fclose(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { text += chunk[..<count] }
        return try YAMLDecoder().decode(Document.self, from: String(decoding: text, as: UTF8.self)).tokens.mapValues { entry in
            let roles = Roles.implied(by: entry.roles)
            return Caller(user: entry.user, project: entry.project, roles: roles, isAdmin: policy.makesAdmin(roles: roles))
        }
    }
}

struct TokenFileUnreadable: Error {
    /// `errno`.
    let code: CInt
}

private func monotonicSecond() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
    return now.tv_sec
}
