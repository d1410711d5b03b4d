import Foundation
import MariaDB
import Stack
import TestSupport
import Testing

/// The parameters about encryption in a database URL. The server's certificate is for 127.0.0.1; it can also be reached at 127.0.0.2.
@Suite(.serialized, .sharesServices) struct `A database that demands a client certificate` {
    private static let shared = Shared { try Demanding() }
    private let server: Demanding

    init() throws { server = try Self.shared.get() }

    private static let proof = "ssl_cert={folder}/client.pem&ssl_key={folder}/client.key"
    private static let whole = "ssl_ca={folder}/ca.pem&\(proof)"

    static let accepted: [(host: String, query: String)] = [
        ("127.0.0.1", whole), ("127.0.0.1", "\(whole)&ssl_verify_cert=true&ssl_verify_identity=true"),
        ("127.0.0.1", "\(whole)&ssl_mode=VERIFY_IDENTITY"),
        // The chain, not the name.
        ("127.0.0.2", "\(whole)&ssl_verify_cert=true"), ("127.0.0.2", "\(whole)&ssl_verify_cert=required&charset=utf8mb4"),
        ("127.0.0.2", "\(whole)&ssl_check_hostname=false"), ("127.0.0.2", "\(whole)&ssl_verify_identity=false"),
        ("127.0.0.2", "\(whole)&ssl_mode=VERIFY_CA"), ("127.0.0.2", "ssl_capath={folder}/authorities&\(proof)&ssl_verify_cert=1"),
        // Neither.
        ("127.0.0.2", proof), ("127.0.0.2", "ssl_ca={folder}/other.pem&\(proof)&ssl_verify_cert=false"),
        ("127.0.0.2", "\(proof)&ssl=true&ssl_cipher=ECDHE-ECDSA-AES256-GCM-SHA384"),
    ]

    @Test(arguments: accepted) func `lets in who proves itself`(_ host: String, _ query: String) throws {
        let connection = try connection(host, query)
        #expect(try connection.first(Self.cipher)?.isEmpty == false)
    }

    static let refused: [(host: String, query: String)] = [
        ("127.0.0.1", ""), ("127.0.0.1", "ssl_ca={folder}/ca.pem"), ("127.0.0.1", "ssl=true"), ("127.0.0.1", "\(whole)&ssl_disabled=true"),
        ("127.0.0.1", "ssl_ca={folder}/ca.pem&ssl_cert={folder}/stranger.pem&ssl_key={folder}/stranger.key"),
        // Another authority than the server's, which the system does not know either.
        ("127.0.0.1", "ssl_ca={folder}/other.pem&\(proof)"), ("127.0.0.1", "ssl_ca={folder}/other.pem&\(proof)&ssl_verify_cert=true"),
        ("127.0.0.1", "\(proof)&ssl_verify_cert=true"), ("127.0.0.1", "\(proof)&ssl_verify_identity=true"),
        ("127.0.0.1", "\(whole)&ssl_crl={folder}/revoked.pem"),
        // Another name than the certificate's.
        ("127.0.0.2", whole), ("127.0.0.2", "\(whole)&ssl_verify_identity=true"),
        ("127.0.0.2", "\(whole)&ssl_verify_cert=true&ssl_verify_identity=true"), ("127.0.0.2", "\(whole)&ssl_mode=VERIFY_IDENTITY"),
    ]

    @Test(arguments: refused) func `is not connected to otherwise`(_ host: String, _ query: String) throws {
        #expect(throws: MariaDBError.self) { try connection(host, query) }
    }

    /// A man in the middle could claim so.
    @Test func `is none that says it cannot encrypt`() throws {
        let proxy = try SilentProxy(to: SharedMariaDB.running())
        defer { proxy.end() }
        for query in ["ssl=true", "ssl_ca=\(server.folder)/ca.pem", "ssl_ca=\(server.folder)/ca.pem&ssl_verify_cert=true"] {
            #expect(throws: MariaDBError.self) { try connect(proxy.url(of: "") + "?" + query) }
        }
        #expect(throws: Never.self) { try connect(proxy.url(of: "")) }
    }

    @Test func `serves glance-manage too`() throws {
        try server.mariadb.createDatabase("managed")
        let url = url("127.0.0.1", Self.whole, database: "managed")
        #expect(try manage(url, "db", "sync").status == 0)
        #expect(try manage(url, "db", "check").status == 0)
        let other = try manage(self.url("127.0.0.1", "", database: "managed"), "db", "check")
        #expect(other.status != 0 && !other.output.contains("geheim"))
    }

    /// An answer that does not arrive counts as unavailable, encrypted or not.
    @Test func `that does not answer in time is a connection lost`() throws {
        let pool = Pool(try Address(url: url("127.0.0.1", Self.whole)))
        let error = #expect(throws: MariaDBError.self) {
            try pool.withConnection(within: 1) {
                _ = try $0.first(Query("SELECT SLEEP(20)") { row throws(MariaDBError) in try row.int(0) })
            }
        }
        #expect(error?.isLoss == true && error?.isUnavailable == true)
        #expect(try pool.withConnection { try $0.first(Self.cipher)?.isEmpty } == false)
    }

    @Test func `keeps its connections in the pool as any other does`() throws {
        let pool = Pool(try Address(url: url("127.0.0.1", Self.whole)))
        let number = Query("SELECT CONNECTION_ID()") { row throws(MariaDBError) in try row.int(0) }
        #expect(Set(try (0..<5).map { _ in try pool.withConnection { try $0.first(number) } }).count == 1)
    }

    static let wrong: [(query: String, said: String)] = [
        ("ssl_verfy_cert=true", "'ssl_verfy_cert'"), ("ssl_verify_cert=perhaps", "'ssl_verify_cert'"),
        ("ssl_ca=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ("ssl_key=/nowhere/key", "'ssl_cert'"), ("read_default_file=/etc/my.cnf", "'read_default_file'"), ("ssl_mode=MAYBE", "'ssl_mode'"),
        ("ssl_verify_cert=false&ssl_verify_identity=true", "'ssl_verify_cert'"), ("connect_timeout=soon", "'connect_timeout'"),
    ]

    @Test(arguments: wrong) func `is named by what is wrong, and no password is`(_ query: String, _ said: String) throws {
        let result = try manage("mysql+pymysql://glance:geheim@127.0.0.1/d?\(query)", "db", "check")
        #expect(result.status != 0 && result.output.contains("[database] connection"))
        #expect(result.output.contains(said), "\(result.output)")
        #expect(!result.output.contains("geheim"))
    }

    @Test func `keeps glance-api from starting where a word is unknown`() throws {
        let file = "\(TestFolder.root)/words-\(UInt32.random(in: 0...UInt32.max))"
        let text =
            "[database]\nconnection = mysql+pymysql://glance:geheim@127.0.0.1/d?ssl_certt=x\n[glance_store]\nfilesystem_store_datadir = \(file)\n"
        try text.write(toFile: "\(file).conf", atomically: true, encoding: .utf8)
        let command = try Command("\(TestGlance.programs)/glance-api", ["--config-file", "\(file).conf", "--metadata", "\(file).sock"])
        #expect(command.status != 0)
        #expect((command.text + command.errors).contains("'ssl_certt'") && !(command.text + command.errors).contains("geheim"))
    }

    // MARK: asking

    private static let cipher = Query(
        "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'"
    ) { row throws(MariaDBError) in try row.text(0) }

    private func url(_ host: String, _ query: String, database: String = "") -> String {
        "mysql+pymysql://certified:geheim@\(host):\(server.port)/\(database)?\(query.replacing("{folder}", with: server.folder))"
    }

    private func connection(_ host: String, _ query: String) throws -> Connection { try connect(url(host, query)) }

    @discardableResult
    private func connect(_ url: String) throws -> Connection { try Connection(to: Address(url: url), timeouts: .init()) }

    private func manage(_ url: String, _ words: String...) throws -> (status: Int32, output: String) {
        let command = try Command("\(TestGlance.programs)/glance-manage", words, environment: ["OS_DATABASE__CONNECTION": url])
        return (command.status, command.text + command.errors)
    }
}

/// A server with a certificate for 127.0.0.1, a user that must present one too, and certificates of strangers.
private final class Demanding: Sendable {
    let folder = "\(TestFolder.root)/tls-\(UInt32.random(in: 0...UInt32.max))"
    let port: Int
    let mariadb: PrivateMariaDB

    init() throws {
        port = try freePort()
        try FileManager.default.createDirectory(atPath: "\(folder)/authorities", withIntermediateDirectories: true)
        for name in ["ca", "other"] {
            try Self.openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=\(name)",
                "-addext", "keyUsage=keyCertSign,cRLSign", "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).pem")
        }
        try "subjectAltName = IP:127.0.0.1\n".write(toFile: "\(folder)/extensions", atomically: true, encoding: .utf8)
        for (name, authority) in [("server", "ca"), ("client", "ca"), ("stranger", "other")] {
            try Self.openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)", "-keyout",
                "\(folder)/\(name).key",
                "-out", "\(folder)/\(name).csr")
            try Self.openssl(
                "x509", "-req", "-in", "\(folder)/\(name).csr", "-CA", "\(folder)/\(authority).pem", "-CAkey", "\(folder)/\(authority).key",
                "-CAcreateserial", "-days", "2", "-extfile", "\(folder)/extensions", "-out", "\(folder)/\(name).pem")
        }
        try FileManager.default.copyItem(atPath: "\(folder)/ca.pem", toPath: "\(folder)/authorities/ca.pem")
        try Self.openssl("rehash", "\(folder)/authorities")
        try Self.revokeServer(in: folder)
        mariadb = PrivateMariaDB(
            folder: "\(folder)/mariadb",
            extra: [
                "--skip-networking=0", "--port=\(port)", "--bind-address=127.0.0.1,127.0.0.2", "--ssl-ca=\(folder)/ca.pem",
                "--ssl-cert=\(folder)/server.pem", "--ssl-key=\(folder)/server.key",
            ])
        try mariadb.start()
        try mariadb.waitUntilReady()
        let administrator = try mariadb.connect()
        try administrator.execute("CREATE USER certified@'%' IDENTIFIED BY 'geheim' REQUIRE X509")
        try administrator.execute("GRANT ALL ON *.* TO certified@'%'")
    }

    deinit { mariadb.stop() }

    /// A list of revoked certificates that contains the server's.
    private static func revokeServer(in folder: String) throws {
        let settings = """
            [ca]
            default_ca = us
            [us]
            database = \(folder)/index
            default_md = sha256
            default_crl_days = 2
            """
        try settings.write(toFile: "\(folder)/ca.conf", atomically: true, encoding: .utf8)
        try "".write(toFile: "\(folder)/index", atomically: true, encoding: .utf8)
        let authority = ["-config", "\(folder)/ca.conf", "-keyfile", "\(folder)/ca.key", "-cert", "\(folder)/ca.pem"]
        try Command("openssl", ["ca"] + authority + ["-revoke", "\(folder)/server.pem"]).succeeded()
        try Command("openssl", ["ca"] + authority + ["-gencrl", "-out", "\(folder)/revoked.pem"]).succeeded()
    }

    private static func openssl(_ words: String...) throws { try Command("openssl", words).succeeded() }
}
