import MariaDB
import Testing

@Suite struct `A database URL` {
    @Test func `says where the server is and who we are`() throws {
        let address = try #require(Address(url: "mysql+pymysql://gl%40nce:p%2Fw%3A@db.example:3307/glance?charset=utf8&ssl_ca=/etc/ca.pem"))
        #expect(address.host == "db.example" && address.port == 3307 && address.database == "glance")
        #expect(address.user == "gl@nce" && address.password == "p/w:")
        #expect(address.certificateAuthority == "/etc/ca.pem" && address.socket == nil)
    }

    static let readable: [(String, String, UInt32, String, String)] = [
        ("mysql://u:p@h/d", "h", 3306, "u", "d"), ("mariadb+mariadbconnector://u@h:1/d", "h", 1, "u", "d"),
        ("mysql://u:p@[::1]:3/d", "::1", 3, "u", "d"),
        ("mysql://u:p@x@h/d", "h", 3306, "u", "d"), ("mysql:///d", "127.0.0.1", 3306, "", "d"), ("mysql://h", "h", 3306, "", ""),
    ]

    @Test(arguments: readable) func `is read`(_ url: String, _ host: String, _ port: UInt32, _ user: String, _ database: String) throws {
        let address = try #require(Address(url: url))
        #expect(address.host == host && address.port == port && address.user == user && address.database == database)
    }

    @Test func `may name a socket`() {
        #expect(Address(url: "mysql+pymysql://root@localhost/d?unix_socket=%2Frun%2Fdb.sock")?.socket == "/run/db.sock")
    }

    @Test(arguments: ["", "mysql", "postgresql://u@h/d", "sqlite:///x", "mysql://u@h:x/d", "mysql://u@h:99999/d", "mysql://%zz@h/d"])
    func `is refused`(_ url: String) {
        #expect(Address(url: url) == nil)
    }
}
