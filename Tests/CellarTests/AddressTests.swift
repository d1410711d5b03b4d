import MariaDB
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

    @Test func `may name a socket`() throws {
        #expect(try Address(url: "mysql+pymysql://root@localhost/d?unix_socket=%2Frun%2Fdb.sock").socket == "/run/db.sock")
    }

    @Test(arguments: ["", "mysql", "postgresql://u@h/d", "sqlite:///x", "mysql://u@h:x/d", "mysql://u@h:99999/d", "mysql://%zz@h/d"])
    func `is refused`(_ url: String) {
        #expect(throws: AddressError.self) { try Address(url: url) }
    }

    /// A password may hold what separates the parts behind it; the words begin behind the place.
    @Test(arguments: [
        ("mysql://u:a/b?c=d@h:1/d?charset=utf8", "a/b?c=d"), ("mysql://u:12@h:1/d", "12"), ("mysql://h:1/d?init_command=SET+@x=1", ""),
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

    /// By the names of drivers that Glance's sites use, about what is fixed here.
    @Test(arguments: [
        "charset=utf8&use_unicode=0", "local_infile=1&binary_prefix=true&autocommit=true", "plugin=dbcounter", "client_flag=2&charset=",
        "use_pure=true&collation=utf8_general_ci", "sql_mode=TRADITIONAL", "ssl_disabled=true", "ssl=false", "ssl_mode=PREFERRED",
    ])
    func `may hold words that change nothing`(_ words: String) throws {
        #expect(try Address(url: "mysql+pymysql://u:p@h/d?\(words)") == Address(url: "mysql+pymysql://u:p@h/d"))
    }

    @Test(arguments: [
        ("ssl_verfy_cert=true", "ssl_verfy_cert"), ("charst=utf8", "charst"), ("sslmode=require", "sslmode"), ("ssl_key=/k", "ssl_cert"),
        ("tls_versions=TLSv1.3", "tls_versions"), ("ssl_verify_identity=geheim", "ssl_verify_identity"), ("port=geheim", "port"),
        ("unknown", "unknown"), ("ssl_ca=%zz", "ssl_ca"),
    ])
    func `names a word that it cannot do as it says`(_ words: String, _ word: String) {
        let error = #expect(throws: AddressError.self) { try Address(url: "mysql+pymysql://u:geheim@h/d?\(words)") }
        #expect(error?.description.contains(word) == true && error?.description.contains("geheim") == false)
    }
}
