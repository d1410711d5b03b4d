import Foundation
import JSONDocument
import MariaDB
import TestSupport
import Testing

@Suite struct `A database URL` {
    @Test func `says where the server is and who we are`() throws {
        let address = try Address(url: "mysql+pymysql://gl%40nce:p%2Fw%3A@db.example:3307/glance?charset=utf8&ssl_ca=/etc/ca.pem")
        #expect(address.host == "db.example" && address.port == 3307 && address.database == "glance")
        #expect(address.user == "gl@nce" && address.password == "p/w:")
        #expect(address.tls?.authority == "/etc/ca.pem" && address.socket == nil)
    }

    static let readable: [(String, String, UInt32, String, String)] = [
        ("mysql://u:p@h/d", "h", 3306, "u", "d"), ("mariadb+mariadbconnector://u@h:1/d", "h", 1, "u", "d"),
        ("mysql://u:p@[::1]:3/d", "::1", 3, "u", "d"),
        ("mysql://u:p@x@h/d", "h", 3306, "u", "d"), ("mysql:///d", "127.0.0.1", 3306, "", "d"), ("mysql://h", "h", 3306, "", ""),
    ]

    @Test(arguments: readable) func `is read`(_ url: String, _ host: String, _ port: UInt32, _ user: String, _ database: String) throws {
        let address = try Address(url: url)
        #expect(address.host == host && address.port == port && address.user == user && address.database == database)
    }

    /// What each URL names, as host:port.
    @Test(arguments: [
        ("mysql://u:p@h1:1,h2,[::3]:3/d", ["h1:1", "h2:3306", "::3:3"]), ("mysql://u:p@x@h1,h2:2/d?charset=utf8", ["h1:3306", "h2:2"]),
        ("mysql://u@/d?host=h1:1&host=h2&host=h3:3", ["h1:1", "h2:3306", "h3:3"]), ("mysql://u@h:5/d?host=h1,h2:2", ["h1:5", "h2:2"]),
    ])
    func `may name several servers`(_ url: String, _ places: [String]) throws {
        let address = try Address(url: url)
        #expect(["\(address.host):\(address.port)"] + address.others.map { "\($0.host):\($0.port)" } == places)
        #expect(address.database == "d" && address.user == "u")
    }

    @Test(arguments: ["mysql://u@h1,/d", "mysql://u@,h/d", "mysql://u@h1:1,h2:x/d", "mysql://u@/d?host=,", "mysql://u@/d?host=a%20b"])
    func `names no server that is none`(_ url: String) {
        #expect(throws: AddressError.self) { try Address(url: url) }
    }

    @Test func `may name a socket`() throws {
        #expect(try Address(url: "mysql+pymysql://root@localhost/d?unix_socket=%2Frun%2Fdb.sock").socket == "/run/db.sock")
    }

    @Test(arguments: [
        "", "mysql", "postgresql://u@h/d", "sqlite:///x", "mysql://u@h:x/d", "mysql://u@h:99999/d", "mysql://u:p%00@h/d",
        "mysql://u:p%ff@h/d", "mysql://u:p@a b/d", "my-sql://u@h/d", " mysql://u@h/d", "mysql://[::1]x/d",
    ])
    func `is refused`(_ url: String) {
        #expect(throws: AddressError.self) { try Address(url: url) }
    }

    /// A password may contain the separators of the parts behind it; the parameters begin behind the host.
    @Test(arguments: [
        ("mysql://u:a/b?c=d@h:1/d?charset=utf8", "a/b?c=d"), ("mysql://u:12@h:1/d", "12"),
        ("mysql://u@h:1/d?init_command=SET%20%40x=1", ""),
        ("mysql://u:p%3Fx@h:1/d?init_command=SET%20@x=1@2", "p?x"),
    ])
    func `keeps the password apart`(_ url: String, _ password: String) throws {
        let address = try Address(url: url)
        #expect(address.password == password && address.host == "h" && address.port == 1 && address.database == "d")
    }

    @Test func `says what the connection is like`() throws {
        let words = "connect_timeout=3&read_timeout=20&write_timeout=7&bind_address=10.0.0.1&init_command=SET+wsrep_sync_wait%3D1"
        let address = try Address(url: "mysql+pymysql://u@h/d?\(words)")
        #expect(address.connectTimeout == 3 && address.readTimeout == 20 && address.writeTimeout == 7)
        #expect(address.bindAddress == "10.0.0.1" && address.initCommand == "SET wsrep_sync_wait=1" && address.tls == nil)
    }

    /// Parameters of the drivers that sites with Glance use, about properties that are fixed here.
    @Test(arguments: [
        "charset=utf8&use_unicode=0", "local_infile=1&binary_prefix=true&autocommit=true", "plugin=dbcounter", "client_flag=2&charset=",
        "unknown", "unknown=&ssl_ca=", "use_pure=true&collation=utf8_general_ci", "sql_mode=TRADITIONAL", "ssl_disabled=true", "ssl=false",
        "ssl_mode=PREFERRED",
    ])
    func `may hold words that change nothing`(_ words: String) throws {
        #expect(try Address(url: "mysql+pymysql://u:p@h/d?\(words)") == Address(url: "mysql+pymysql://u:p@h/d"))
    }

    @Test(arguments: [
        ("ssl_verfy_cert=true", "ssl_verfy_cert"), ("charst=utf8", "charst"), ("sslmode=require", "sslmode"), ("ssl_key=/k", "ssl_cert"),
        ("tls_versions=TLSv1.3", "tls_versions"), ("ssl_verify_identity=geheim", "ssl_verify_identity"), ("port=geheim", "port"),
        ("ssl_ca=a&ssl_ca=b", "ssl_ca"), ("ssl_ca=%ff", "ssl_ca"), ("read_timeout=geheim", "read_timeout"),
    ])
    func `names a word that it cannot do as it says`(_ words: String, _ word: String) {
        let error = #expect(throws: AddressError.self) { try Address(url: "mysql+pymysql://u:geheim@h/d?\(words)") }
        #expect(error?.description.contains(word) == true && error?.description.contains("geheim") == false)
    }

    /// A value of the file counts only if the URL does not have it. Source: PyMySQL, `read_default_file`.
    @Test func `may leave a part to a file`() throws {
        let path = "\(TestFolder.root)/my-\(UInt32.random(in: 0 ... .max)).cnf"
        try """
        # [client]
        [client]
        user = filed
        password = "p#w = 1"
        port: 3310
        ssl_ca=/etc/ca.pem
        socket = '/run/x.sock'
        !includedir /etc/mysql/conf.d
        [glance]
        host = db.example
        password=other
        """.write(toFile: path, atomically: true, encoding: .utf8)
        let address = try Address(url: "mysql+pymysql:///glance?read_default_file=\(path)")
        #expect(address.user == "filed" && address.password == "p#w = 1" && address.port == 3310 && address.socket == "/run/x.sock")
        #expect(address.tls?.authority == "/etc/ca.pem" && address.host == "127.0.0.1" && address.database == "glance")
        let other = try Address(url: "mysql+pymysql://me:own@/glance?read_default_group=glance&read_default_file=\(path)")
        #expect(other.user == "me" && other.password == "own" && other.host == "db.example" && other.port == 3306 && other.tls == nil)
        let named = try Address(url: "mysql://me@db:3307/glance?read_default_file=\(path)")
        #expect(named.host == "db" && named.port == 3307 && named.socket == nil && named.password == "p#w = 1")
        let error = #expect(throws: AddressError.self) { try Address(url: "mysql://u:geheim@h/d?read_default_file=\(path).absent") }
        #expect(error?.description.contains("cannot be read") == true && error?.description.contains("geheim") == false)
    }

    /// The end of a password with a `?` in it may look like a parameter.
    @Test func `does not name what may be a part of the password`() {
        let error = #expect(throws: AddressError.self) { try Address(url: "mysql://u:a@b?geheim=1@h/d") }
        #expect(error?.description.contains("geheim") == false)
    }
}

/// SQLAlchemy itself reads the same URLs.
@Suite struct `A database URL, as SQLAlchemy reads it` {
    private static let script = """
        import inspect, json, sys
        from sqlalchemy.engine import make_url
        import pymysql.connections
        def read(text):
            try:
                url = make_url(text)
            except Exception as error:
                return None
            return [url.username, url.password, url.host, url.port, url.database, dict(url.query)]
        words = list(inspect.signature(pymysql.connections.Connection.__init__).parameters)[1:]
        print(json.dumps([[read(text) for text in json.load(sys.stdin)], words]))
        """

    static let known = [
        "mysql+pymysql://glance:s3cret@db/glance", "mysql+pymysql://glance:a/b@db/glance", "mysql+pymysql://glance:a?b@db/glance",
        "mysql+pymysql://glance:50%@db/glance", "mysql+pymysql://glance:%zz%4@db:3307/glance?charset=utf8",
        "mysql+pymysql://glance:a:b:c@db/glance", "mysql+pymysql://glance:a#b@db/glance", "mysql+pymysql://glance:p+w@db/glance",
        "mysql+pymysql://glance:a%2Fb%40c%25@db/glance", "mysql+pymysql://glance:@db/glance", "mysql+pymysql://glance@db/glance",
        "mysql://glance:x@[2001:db8::1]:3306/glance", "mysql://glance:x@[::1]/glance", "mariadb+mariadbconnector://g:x@db/glance",
        "mysql+mysqldb://g:x@db/glance", "mysql+mysqlconnector://g:x@db/glance", "mysql+asyncmy://g:x@db", "mysql://db", "mysql:///glance",
        "mysql+pymysql://g:x@/glance?unix_socket=/run/mysqld/mysqld.sock", "mysql://g:x@db:0/glance",
        "mysql+pymysql://g:x@db/gla%6Ece", "mysql://g%40h:x@db/glance", "mysql://g@h:x@db/glance", "mysql://g:/?#%@db:1/d?charset=utf8",
        "mysql+pymysql://g:x@db/glance?init_command=SET+a%3D1%2B1&charset=", "mysql+pymysql://g:x@db/glance?init_command=a=b",
        "mysql+pymysql://g:x@db/glance?", "mysql+pymysql://g:x@db?init_command=x", "mysql+pymysql://g:x@db/?init_command=%zz",
        "mysql://g:ü%C3%BC@db/glance", "mysql://:x@db/d", "mysql://@db/d", "mysql+pymysql://g:x@db.example.org:3306/glance/more",
        "postgresql://g:x@db/glance", "mysql:/g:x@db/glance", "mysql+://g:x@db/d", "mysql://u:12@h:1/d",
    ]

    private static func made() -> String {
        let letters = Array("abYZ019/?:%#+&=;,!$*()~'\\{}| ü")
        func some(_ most: Int, _ letters: [Character] = letters) -> String {
            String((0..<Int.random(in: 0...most)).map { _ in letters.randomElement()! })
        }
        let user = some(5, Array("gl%41_-.@"))
        let password = Bool.random() ? ":" + some(9) : ""
        let host =
            ["db", "10.0.0.1", "[::1]", "[2001:db8::1]", "a-b.example", ""].randomElement()! + ["", ":3306", ":1"].randomElement()!
        let query = ["", "?charset=utf8", "?init_command=" + some(5, Array("aZ+%20=/:?"))].randomElement()!
        return "mysql+pymysql://\(user)\(password)@\(host)/\(some(4, Array("gla/%_")))\(query)"
    }

    @Test func `has the same parts`() throws {
        let urls = Self.known + (0..<1500).map { _ in Self.made() }
        let answer = try PyPIGlance.run("python3", ["-c", Self.script], input: JSON.array(urls.map { .string($0) }).text).json
        let theirs = try #require(answer.array?.first?.array)
        try #require(theirs.count == urls.count)
        var same = 0
        for (url, their) in zip(urls, theirs) {
            let ours = Result { () throws(AddressError) in try Address(url: url) }
            guard let their = their.array else {
                #expect(throws: AddressError.self, "\(url)") { try ours.get() }
                continue
            }
            let (host, query) = (their[2].string, their[5].object ?? [:])
            // An invalid host: SQLAlchemy's would connect to nothing; here it is refused, or read as SQLAlchemy once did.
            let isHost = host?.allSatisfy { $0.isLetter || $0.isNumber || "-_.:".contains($0) } ?? true
            // A result with U+FFFD was not UTF-8.
            let isText = !(their + query.keys.map { query[$0]! }).contains { $0.string?.contains("\u{FFFD}") == true }
            guard isHost, isText, query["charset"] != nil || query.isEmpty || query["init_command"] != nil && query.keys.count == 1 else {
                continue
            }
            guard case .success(let address) = ours else {
                #expect(Self.isForeign(url), "\(url): \(ours)")
                continue
            }
            #expect(address.user == their[0].string ?? "", "\(url)")
            #expect(address.password == their[1].string ?? "", "\(url)")
            #expect(address.host == host ?? "127.0.0.1", "\(url)")
            #expect(address.port == UInt32(max(their[3].int ?? 0, 0) == 0 ? 3306 : their[3].int!), "\(url)")
            #expect(address.database == their[4].string ?? "", "\(url)")
            #expect(address.initCommand == query["init_command"]?.string, "\(url)")
            same += 1
        }
        #expect(same > 800)
    }

    private static func isForeign(_ url: String) -> Bool {
        url.hasPrefix("postgresql") || url.contains("%00")
    }

    @Test func `has no word of PyMySQL's that is unheard of here`() throws {
        let answer = try PyPIGlance.run("python3", ["-c", Self.script], input: Array("[]".utf8)).json
        let words = try #require(answer.array?.last?.array).compactMap { $0.string }
        #expect(words.count > 25)
        for word in words {
            do throws(AddressError) {
                _ = try Address(url: "mysql+pymysql://g:x@db/glance?\(word)=1")
            } catch {
                #expect(!error.description.contains("not known here"), "\(error)")
            }
        }
    }
}
