import Foundation
import Stack

/// OpenStack's own Keystone, with the users and projects of `Tests/Acceptance/keystone`; it ends with its last owner.
package final class Keystone: Sendable {
    /// The URL with the version, as in `OS_AUTH_URL`.
    package let address: String
    private let port: Int
    private let program: ChildProcess

    /// Where `make test` installs it.
    private static let venv = ProcessInfo.processInfo.environment["VITRINE_KEYSTONE"] ?? "\(TestGlance.repository).build/keystone"

    package static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: "\(venv)/bin/keystone-manage") }

    /// - Parameters:
    ///   - imageAddress: the URL of the image service in its catalog.
    ///   - objectStoreAddress: the URL of an account of Swift in its catalog; nil for none.
    package init(imageAddress: String, objectStoreAddress: String? = nil) throws {
        let folder = "\(TestFolder.root)/keystone-\(UInt32.random(in: 0 ... .max))"
        let (said, port) = ("\(folder).out", try freePort())
        let program = try ChildProcess(
            "\(TestGlance.repository)Tests/Acceptance/keystone",
            ["--folder", folder, "--venv", Self.venv, "--image-url", imageAddress, "--port", String(port)]
                + (objectStoreAddress.map { ["--object-store-url", $0] } ?? []), output: said)
        (self.program, self.port) = (program, port)
        address = "http://127.0.0.1:\(port)/v3"
        func text() -> String { (try? String(contentsOfFile: said, encoding: .utf8)) ?? "" }
        let isReady = eventually(within: 300) { text().contains("Keystone on \(address)\n") || !program.isRunning }
        guard isReady, program.isRunning else { throw Unexpected("Keystone does not start; see \(folder): \(text())") }
    }

    deinit { program.stop() }

    /// The environment of a client for a person, who logs in with a password.
    package func variables(for person: TestGlance.Person) -> [String: String] {
        [
            "OS_AUTH_TYPE": "v3password", "OS_AUTH_URL": address, "OS_IDENTITY_API_VERSION": "3", "OS_REGION_NAME": "RegionOne",
            "OS_USERNAME": person.rawValue, "OS_PASSWORD": person.rawValue, "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_NAME": person.project, "OS_PROJECT_DOMAIN_NAME": "Default",
        ]
    }

    /// The id of a person's project.
    package func projectID(of person: TestGlance.Person) throws -> String {
        let reply = try login(person)
        guard let id = reply.json["token"]?["project"]?["id"]?.string else { throw Unexpected(reply) }
        return id
    }

    /// A token of a person's, for the project.
    package func token(of person: TestGlance.Person) throws -> String {
        let reply = try login(person)
        guard let token = reply["X-Subject-Token"] else { throw Unexpected(reply) }
        return token
    }

    private func login(_ person: TestGlance.Person) throws -> Reply {
        let body = """
            {"auth": {"identity": {"methods": ["password"], "password": {"user":
            {"name": "\(person.rawValue)", "password": "\(person.rawValue)", "domain": {"name": "Default"}}}},
            "scope": {"project": {"name": "\(person.project)", "domain": {"name": "Default"}}}}}
            """
        let connection = try HTTPConnection(port: port)
        try connection.send(
            "POST /v3/auth/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return try connection.receive()
    }

    /// The service's login: `[keystone_authtoken]`.
    package var access: String {
        """
        auth_type = password
        auth_url = \(address)
        www_authenticate_uri = \(address)
        username = glance
        password = glance
        project_name = service
        user_domain_name = Default
        project_domain_name = Default
        """
    }
}
