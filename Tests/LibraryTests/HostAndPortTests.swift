import Testing
import Text

@Suite struct `The place of a server` {
    @Test(arguments: [
        ("h", "h", nil), ("h:80", "h", 80), ("10.0.0.1:65535", "10.0.0.1", 65_535), ("[::1]:1", "::1", 1),
        ("[fe80::1%eth0]", "fe80::1%eth0", nil),
        ("s3_1.example.:7480", "s3_1.example.", 7480), ("bücher.example", "bücher.example", nil), ("1.2.3", "1.2.3", nil),
    ])
    func `is read`(_ text: String, _ host: String, _ port: Int?) throws {
        let place = try HostAndPort(text)
        #expect(place.host == host && place.port == port && place.description == text)
    }

    @Test(arguments: [
        "", ":80", ".", "h..x", ".h", "-h", "a b", "h/x", "u@h", "256.1.1.1", "1.2.3.4444", "::1", "[::1", "[::1]x", "[h]:80", "[1.2.3.4]",
        "[::1%]", "[::1%a b]", "h\n", "h\0", String(repeating: "a", count: 64),
        Array(repeating: "abcdefg", count: 32).joined(separator: "."),
    ])
    func `has a host`(_ text: String) {
        let error = #expect(throws: HostAndPort.Refusal.self) { try HostAndPort(text) }
        #expect(error?.description.hasPrefix("the host is neither a name nor an address") == true)
    }

    @Test(arguments: [
        "h:", "h:0", "h:65536", "h:99999", "h:-1", "h:+80", "h:8 0", "h:http", "h:٣", "h:000080", "h:99999999999999999999", "[::1]:0",
    ])
    func `has a port that can be`(_ text: String) {
        let error = #expect(throws: HostAndPort.Refusal.self) { try HostAndPort(text) }
        #expect(error?.description == "the port is no number from 1 to 65535")
    }

    @Test func `may ask for a free port`() throws {
        #expect(try HostAndPort("h:0", isFreePort: true).port == 0)
        #expect(throws: HostAndPort.Refusal.self) { try HostAndPort("h:00", isFreePort: true) }
    }

    @Test func `is made of a host and the port of another option`() throws {
        #expect(
            try ["h", "::1", "[::1]"].map { try HostAndPort(host: $0, port: 9191).description } == ["h:9191", "[::1]:9191", "[::1]:9191"])
        for text in ["h:80", "[::1]:80", "", "a/b"] {
            #expect(throws: HostAndPort.Refusal.self) { try HostAndPort(host: text, port: 9191) }
        }
    }
}

@Suite struct `The URL of a server` {
    @Test(arguments: [
        ("http://h", "h:80", ""), ("HTTPS://h/v3?x=1", "h:443", "/v3?x=1"), ("https://u:p@x@[::1]:5000/v3", "[::1]:5000", "/v3"),
        ("http://h?x", "h:80", "?x"),
    ])
    func `has scheme, server and path`(_ text: String, _ authority: String, _ rest: String) throws {
        let url = try ServerURL(text)
        #expect(url.authority == authority && url.rest == rest && url.hasUser == text.contains("@"))
        #expect(url.isSecure == text.lowercased().hasPrefix("https"))
    }

    @Test(arguments: [
        "", "h", "ftp://h", "http:/h", "http://", "http:///v3", "http://h:99999/v3", "http://a b/", "http://h/a b", "http://h\\x",
    ])
    func `is one that a server can have`(_ text: String) {
        #expect(throws: HostAndPort.Refusal.self) { try ServerURL(text) }
    }

    @Test func `is shown without what may be a password`() {
        #expect(shownAddress("http://h:99999") == "'http://h:99999' " && shownAddress("http://u:p@h").isEmpty)
    }
}
