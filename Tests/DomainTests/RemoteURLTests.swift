import Domain
import Testing

@Suite struct `The URL of data on a server` {
    static let read: [(String, String)] = [
        ("http://s3.example/b/k?a=%2F&b", "http://192.0.2.7:80/b/k?a=%2F&b"),
        ("https://s3.example:8443/b%20c/k", "https://192.0.2.7:8443/b%20c/k"),
        ("https://b.s3.example", "https://192.0.2.7:443/"),
        ("http://127.0.0.1:7480?x=1", "http://192.0.2.7:7480/?x=1"),
        ("http://[2001:db8::1]:8080/v1/AUTH_a/x//y/../z", "http://192.0.2.7:8080/v1/AUTH_a/x//y/../z"),
    ]

    @Test(arguments: read) func `has an address in the place of its host, and else stays as it is`(_ text: String, _ expected: String)
        throws
    {
        let url = try #require(RemoteURL(text))
        #expect(url.at(try #require(NetworkAddress([192, 0, 2, 7]))) == expected)
    }

    @Test func `tells the host in each of its forms`() throws {
        let name = try #require(RemoteURL("https://s3.example:8443/x"))
        #expect((name.host, name.port, name.authority, name.scheme) == ("s3.example", 8443, "s3.example:8443", "https"))
        #expect(name.address == nil)
        let six = try #require(RemoteURL("http://[::1]/x"))
        #expect((six.host, six.port, six.authority) == ("::1", 80, "[::1]"))
        #expect(six.at(try #require(six.address)) == "http://[::1]:80/x")
    }

    @Test(arguments: [
        "", "ftp://a/b", "HTTP://a/b", "http:/a", "http://", "http:///b", "http://user@a/b", "http://a:0/b", "http://a:65536/b",
        "http://a:/b",
        "http://a:8x/b", "http://a b/c", "http://a/b c", "http://a/b\r\nX-Accel-Redirect: /", "http://a/\u{e9}", "http://a/b#c",
        "http://[::1/b",
        "http://[a]/b", "http://::1/b", "http://a\\b/c", "http://a/\u{0}", "http://a$b/c", "http://a{x}/b",
        "http://a/" + String(repeating: "x", count: 8200),
    ]) func `is none with anything else in it`(_ text: String) { #expect(RemoteURL(text) == nil) }
}
