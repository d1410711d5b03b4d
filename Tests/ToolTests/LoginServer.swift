import Foundation
import TestSupport
import Threading

/// A Keystone that accepts every login, with one token for all.
final class LoginServer: Sendable {
    private let server: RawServer
    private let bodies: Monitor<[JSONValue]>

    init(giving token: String) throws {
        let bodies = Monitor<[JSONValue]>([])
        self.bodies = bodies
        server = try RawServer { connection, _ in
            while let head = connection.readHead() {
                let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.split(separator: " ")[1]) }
                let body = connection.readBody(length ?? 0)
                if let login = try? JSONValue(parsing: Array(body.utf8)) { bodies.with { $0.append(login) } }
                let times = #""issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2026-01-01T01:00:00.000000Z""#
                let answer = #"{"token": {"user": {"id": "u"}, "catalog": [], \#(times)}}"#
                let fields = "Content-Type: application/json\r\nX-Subject-Token: \(token)\r\nContent-Length: \(answer.utf8.count)"
                guard connection.send("HTTP/1.1 201 Created\r\n\(fields)\r\n\r\n\(answer)") else { return }
            }
        }
    }

    var address: String { server.url("/v3") }
    /// The body of the login.
    var logins: [JSONValue] { bodies.with { $0 } }
}
