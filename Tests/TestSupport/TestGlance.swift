import Domain
import Foundation
import MariaDB
import Persistence
import Schema
import Stack

/// The whole service for one suite or one test: its own database, store, nginx and workers. It ends with its last owner.
package final class TestGlance: @unchecked Sendable {
    package let folder: String
    package let port: Int
    package let registryPort: Int
    package let databaseName: String
    package let site: Site
    private let tokens: String

    /// The people of the tests; the token is the name.
    package enum Person: String, CaseIterable, Sendable {
        /// Administrator of the cloud, of project `cloud`.
        case admin
        /// Members of projects `acme`, `acme` and `bolt`.
        case alice, anna, bob
        /// May only read, in project `acme`.
        case reader

        package var project: String {
            switch self {
            case .admin: "cloud"
            case .alice, .anna, .reader: "acme"
            case .bob: "bolt"
            }
        }

        var roles: String {
            switch self {
            case .admin: "admin"
            case .reader: "reader"
            case .alice, .anna, .bob: "member"
            }
        }
    }

    /// - Parameters:
    ///   - options: further lines of the configuration under their group: `["DEFAULT": "debug = true"]`.
    ///   - before: the beginning of the file, which everything else overrides.
    ///   - identity: `tokens` for `Person`s, `none`, or `keystone`; nil if the flavor decides.
    ///   - storeFolder: instead of one in the suite's folder.
    ///   - stores: names of several file stores, each in a folder of its name; the first is the default. None: a single one.
    ///   - blobs: the stores' folders for nginx, if it differs from the stores'.
    ///   - remotes: the locations by which nginx fetches data from stores' servers.
    ///   - cacheFolder: the folder of the image cache; it need not exist. The flavor decides whether images are sent from it.
    ///   - proxy: the proxy through which the service reaches its database.
    ///   - url: of a database that is there already, instead of one on a server of the tests.
    ///   - port: a port that is known already, instead of any free one.
    ///   - database: the database of another service, whose tables are there, instead of a new one.
    ///   - environment: variables of all programs, nginx included.
    package init(
        _ options: [String: String] = [:], before: String = "", identity: String? = "tokens", workers: Int = 2, storeFolder: String? = nil,
        stores: [String] = [], cacheFolder: String? = nil, runsTasks: Bool = false, runsRegistry: Bool = false,
        blobs: [(prefix: String, folder: String)]? = nil, remotes: [(prefix: String, authorities: String?)] = [],
        server: PrivateMariaDB? = nil, proxy: SilentProxy? = nil, url: String? = nil, port: Int? = nil, database: String? = nil,
        environment: [String: String] = [:]
    ) throws {
        let name = "t\(UInt32.random(in: 0...UInt32.max))"
        folder = "\(TestFolder.root)/\(name)"
        databaseName = database ?? name
        self.port = try port ?? freePort()
        registryPort = try freePort()
        tokens = "\(folder)/tokens.yaml"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let connection = try url ?? Self.address(of: databaseName, isThere: database != nil, server, proxy)
        if database == nil { try Migrations(Database(Pool(try Address(url: connection)))).apply { _ in } }

        let lines = Person.allCases.map { "  \($0.rawValue): { user: \($0.rawValue), project: \($0.project), roles: [\($0.roles)] }" }
        try "tokens:\n\(lines.joined(separator: "\n"))\n".write(toFile: tokens, atomically: true, encoding: .utf8)
        let store = storeFolder ?? "\(folder)/images"
        var groups = [
            "database": "connection = \(connection)",
            // Few threads, because the services of many suites run at the same time.
            "vitrine": (identity.map { "identity = \($0)\n" } ?? "")
                + "token_file = \(tokens)\nsend_log = \(Site.sendLog(in: folder))\nmetadata_threads = 6\ndata_threads = 8\nregistry_threads = 8"
                // The tests of one suite upload at the same time as one project.
                + "\nuploads_per_project = 0",
        ]
        for name in stores { groups[name] = "filesystem_store_datadir = \(folder)/\(name)" }
        groups["glance_store"] = stores.first.map { "default_backend = \($0)" } ?? "filesystem_store_datadir = \(store)"
        groups["DEFAULT"] = "node_staging_uri = file://\(folder)/staging"
        groups["os_glance_staging_store"] = "filesystem_store_datadir = \(folder)/staging"
        if let cacheFolder { groups["DEFAULT"]! += "\nimage_cache_dir = \(cacheFolder)" }
        if !stores.isEmpty { groups["DEFAULT"]! += "\nenabled_backends = \(stores.map { "\($0):file" }.joined(separator: ","))" }
        if runsRegistry {
            groups["DEFAULT"]! += "\nregistry_port = \(registryPort)"
            groups["vitrine"]! += "\nregistry_secret = \(Self.secret)"
        }
        for (group, text) in options { groups[group, default: ""] += "\n\(text)" }
        let configuration = before + "\n" + groups.map { "[\($0)]\n\($1)\n" }.joined(separator: "\n")
        try configuration.write(toFile: "\(folder)/glance-api.conf", atomically: true, encoding: .utf8)

        var settings = Site.Settings(
            folder: folder, programs: Self.programs, nginxFolder: Self.repository + "/nginx",
            configuration: ["--config-file", "\(folder)/glance-api.conf"],
            blobs: blobs
                ?? (stores.isEmpty ? [("/_blobs/file", store)] : stores.map { [folder] in ("/_blobs/\($0)", "\(folder)/\($0)") }),
            port: self.port, workers: workers)
        if let cacheFolder { settings.blobs.append(("/_blobs/.cache", cacheFolder)) }
        settings.remotes = remotes
        settings.environment = environment
        settings.runsTasks = runsTasks
        settings.registryPort = runsRegistry ? registryPort : nil
        site = Site(settings)
        try site.start()
        try site.waitUntilListening()
    }

    deinit { site.stop() }

    /// The URL of a database on a server of the tests, which is made if it is not there.
    private static func address(
        of database: String, isThere: Bool, _ server: PrivateMariaDB?, _ proxy: SilentProxy?
    ) throws -> String {
        let server = try server ?? SharedMariaDB.running()
        if !isThere { try server.createDatabase(database) }
        return proxy?.url(of: database) ?? server.url(of: database)
    }

    /// The service that all tests of a suite share, or those of several suites; it ends when the last of them has ended. They have the trait
    /// `sharesServices`.
    ///
    /// - Parameter suite: the suite, or the type that several name in the trait.
    package static func of(
        _ suite: Any.Type, _ options: [String: String] = [:], identity: String = "tokens", stores: [String] = [],
        runsTasks: Bool = false, runsRegistry: Bool = false
    ) throws -> TestGlance {
        let (key, scope) = (ObjectIdentifier(suite), try SuiteScope.running())
        return try scope.value(of: key, among: scope.names(key) ? key : nil) {
            try TestGlance(options, identity: identity, stores: stores, runsTasks: runsTasks, runsRegistry: runsRegistry)
        }
    }

    /// The secret that glance-api and the registry share.
    package static let secret = "a secret of the tests alone"

    package var storeFolder: String { "\(folder)/images" }
    package var configurationFile: String { "\(folder)/glance-api.conf" }
    package var address: String { "http://127.0.0.1:\(port)" }

    /// The checkout that the tests were built from.
    package static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()

    /// The folder of the programs, with a slash at its end: that of the tests, unless `VITRINE_PROGRAMS` names another, as `make sanitize` does.
    package static let programs: String = {
        if let folder = ProcessInfo.processInfo.environment["VITRINE_PROGRAMS"] { return "\(folder)/" }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        // `swift test` runs the tests inside a helper of the toolchain, and names the bundle on its command line.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
        return URL(filePath: bundle).deletingLastPathComponent().path()
    }()

    // MARK: asking

    /// Sends a request and reads the whole answer.
    package func send(
        _ method: String, _ path: String, as person: Person? = .alice, _ headers: [String: String] = [:], body: [UInt8]? = nil
    ) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        try connection.send(head(method, path, person, headers, length: body?.count))
        if let body { try connection.send(body) }
        return try connection.receive(isHead: method == "HEAD")
    }

    /// Sends JSON.
    package func send(_ method: String, _ path: String, as person: Person? = .alice, json: String, type: String = "application/json")
        throws -> Reply
    {
        try send(method, path, as: person, ["Content-Type": type], body: Array(json.utf8))
    }

    /// A request's head, for tests that send the rest themselves.
    package func head(_ method: String, _ path: String, _ person: Person?, _ headers: [String: String] = [:], length: Int? = nil) -> [UInt8]
    {
        var fields = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
        if let person { fields["X-Auth-Token"] = person.rawValue }
        if let length { fields["Content-Length"] = String(length) }
        fields.merge(headers) { $1 }
        let lines = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        return Array("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n".utf8)
    }

    package func patch(_ id: String, as person: Person? = .alice, _ changes: String, dialect: String = "v2.1") throws -> Reply {
        try send("PATCH", "/v2/images/\(id)", as: person, json: changes, type: "application/openstack-images-\(dialect)-json-patch")
    }

    // MARK: having

    /// Creates an image and returns its id.
    @discardableResult
    package func hasImage(as person: Person = .alice, _ json: String = #"{"disk_format": "raw", "container_format": "bare"}"#) throws
        -> String
    {
        let reply = try send("POST", "/v2/images", as: person, json: json)
        guard reply.status == 201, let id = reply.json["id"]?.string else { throw Unexpected(reply) }
        return id
    }

    /// Creates an image with data.
    package func hasActiveImage(as person: Person = .alice, _ data: String = "hello", name: String = "image", visibility: String = "shared")
        throws -> String
    {
        let id = try hasImage(
            as: visibility == "public" ? .admin : person,
            #"{"name": "\#(name)", "disk_format": "raw", "container_format": "bare", "visibility": "\#(visibility)", "owner": "\#(person.project)"}"#
        )
        let reply = try upload(Array(data.utf8), to: id, as: person)
        guard reply.status == 204 else { throw Unexpected(reply) }
        return id
    }

    package func upload(_ data: [UInt8], to id: String, as person: Person = .alice, _ headers: [String: String] = [:]) throws -> Reply {
        try send(
            "PUT", "/v2/images/\(id)/file", as: person,
            ["Content-Type": "application/octet-stream"].merging(headers) { $1 }, body: data)
    }

    /// Uploads without a length.
    package func uploadChunked(_ data: [UInt8], to id: String, as person: Person = .alice) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        let headers = ["Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"]
        try connection.send(head("PUT", "/v2/images/\(id)/file", person, headers))
        // The server may refuse, and close the connection, before everything is sent: its answer counts then.
        for start in stride(from: 0, to: data.count, by: 100_000) {
            let piece = data[start..<min(start + 100_000, data.count)]
            guard (try? connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))) != nil else {
                break
            }
        }
        try? connection.send("0\r\n\r\n")
        return try connection.receive()
    }

    // MARK: looking

    /// The image as its owner or an administrator sees it.
    package func image(_ id: String, as person: Person = .admin) throws -> JSONValue {
        let reply = try send("GET", "/v2/images/\(id)", as: person)
        guard reply.status == 200 else { throw Unexpected(reply) }
        return reply.json
    }

    package func status(of id: String) throws -> String { try image(id)["status"]?.string ?? "" }

    /// Names of the images in a list.
    package func names(_ query: String = "", as person: Person = .alice) throws -> [String] {
        let reply = try send("GET", "/v2/images\(query)", as: person)
        guard reply.status == 200 else { throw Unexpected(reply) }
        return reply.json["images"]?.array?.map { $0["name"]?.string ?? "" } ?? []
    }

    /// Files in the store: images, and incoming files.
    package func storedFiles() throws -> [String] { try files(in: storeFolder).filter { !$0.hasPrefix(".") } }
    package func incomingFiles() throws -> [String] { try files(in: storeFolder + "/.incoming") }

    /// A worker that has just started creates the folder soon.
    private func files(in folder: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    /// Rows of the suite's database, each column as text.
    package func rows(_ sql: String, columns: Int = 1, on server: PrivateMariaDB? = nil) throws -> [[String?]] {
        let connection = try (server ?? SharedMariaDB.running()).connect(to: databaseName)
        return try connection.all(
            Query(sql) { row throws(MariaDBError) in
                var values: [String?] = []
                for column in 0..<columns { values.append(try row.textOrNil(column)) }
                return values
            })
    }

    /// Whether a statement of the service that contains a text has been running for a tenth of a second.
    package func isWaiting(in words: String) throws -> Bool {
        let sql = """
            SELECT COUNT(*) FROM information_schema.processlist
             WHERE db = '\(databaseName)' AND command = 'Execute' AND time_ms > 100 AND info LIKE '%\(words)%'
               AND id <> CONNECTION_ID()
            """
        let connection = try SharedMariaDB.running().connect()
        return try connection.first(Query(sql) { row throws(MariaDBError) in try row.int(0) }) != 0
    }

    /// Runs a statement on the suite's database.
    package func execute(_ sql: String) throws {
        try SharedMariaDB.running().connect(to: databaseName).execute(sql)
    }

    package func workerLog() throws -> String { try String(contentsOfFile: site.workerLog, encoding: .utf8) }
}

/// An unexpected answer.
package struct Unexpected: Error, CustomStringConvertible {
    package let description: String
    package init(_ reply: Reply) { description = "\(reply.status): \(reply.text)" }
    package init(_ text: String) { description = text }
}
