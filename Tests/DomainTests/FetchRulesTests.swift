import Testing

@testable import Domain

@Suite struct `Rules of what is fetched` {
    @Test(arguments: [
        "http://example.com", "http://example.com/", "HTTP://EXAMPLE.com/a/b?c=d&e#f", "https://example.com/", "http://example.com:80/x",
        "https://example.com:443/x", "http://example.com:443/", "http://example.com./", "http://user:pass%20word@example.com/",
        "http://a-b_c.example.com/%7Ex", "http://example.com/%", "http://example.com/%4?%zz", "http://8.8.8.8/", "http://[2600::1]/",
        "http://[2600:0:0:0:0:0:8.8.8.8]:80/", "http://1e100.net/",
        "http://0x.org/", "http://xn--bcher-kva.example/", "http://x/?http://127.0.0.1/", "http://example.com?q", "http://example.com#f",
        "http://example.com/@127.0.0.1/", "http://10.example/", "http://127.0.0.1.example.com/",
    ])
    func `allow what is public`(_ url: String) throws {
        _ = try FetchRules().judge(url)
    }

    @Test(arguments: [
        // no URL, or another scheme
        "", "x", "example.com", "//example.com/", "http:", "http:/", "http://", "http:///x", "http:example.com", "http:/example.com/",
        "file:///etc/passwd", "FILE:///etc/passwd", "file:/x", "file://localhost/etc/passwd", " file:///x", "filesystem:///etc/passwd",
        "gopher://example.com/", "ftp://example.com/", "ftp://example.com:80/", "dict://example.com:80/", "swift+config://a/b/c",
        "swift+https://example.com/", "s3://example.com/a/b", "rbd://a/b/c/d", "data:text/plain,x", "jar:http://example.com!/",
        "url:http://example.com/", "http+unix://%2Frun%2Fx/", "sheepdog://127.0.0.1:7000:;touch /tmp/pwned;", "1http://example.com/",
        // addresses that are not public
        "http://127.0.0.1/", "http://127.255.0.9/", "http://0.0.0.0/", "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/",
        "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1/", "http://100.127.255.255/",
        "http://192.0.0.8/",
        "http://192.0.2.1/", "http://198.18.0.1/", "http://198.19.255.255/", "http://198.51.100.1/", "http://203.0.113.1/",
        "http://192.88.99.1/", "http://224.0.0.1/", "http://239.255.255.255/", "http://240.0.0.1/", "http://255.255.255.255/",
        "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://[::ffff:8.8.8.8]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::8.8.8.8]/",
        "http://[64:ff9b:1::1]/",
        "http://[2002:7f00:1::]/", "http://[2001:0:1::1]/", "http://[2001:db8::1]/", "http://[fe80::1]/", "http://[fc00::1]/",
        "http://[fd00::1]/",
        "http://[fec0::1]/", "http://[ff02::1]/", "http://[100::1]/", "http://[3fff::1]/", "http://[4000::1]/",
        "http://localhost/", "http://LocalHost./", "http://a.localhost/",
        // numbers that some programs take for addresses
        "http://2130706433/", "http://0x7f000001/", "http://0x7F.0.0.1/", "http://0177.0.0.1/", "http://017700000001/", "http://127.1/",
        "http://127.0.1/", "http://127.0.0.1./", "http://127.0.0.0x1/", "http://1.2.3.4.5/", "http://256.0.0.1/", "http://8.8.8.08/",
        "http://8.8.8/",
        "http://8/", "http://0/", "http://example.8/", "http://example.0x8/", "http://00000010.8.8.8/", "http://8.8.8.8../",
        // hosts and addresses that parsers read differently
        "http://[fe80::1%25eth0]/", "http://[2600::1%eth0]/", "http://[2600::1]x/", "http://[2600::1/", "http://2600::1/",
        "http://[8.8.8.8]/",
        "http://[]/", "http://[2600::1]]/", "http://a@b@example.com/", "http://127.0.0.1@b@example.com/", "http://example.com\\@127.0.0.1/",
        "http://example.com:80:80/", "http://example.com:/", "http://example.com:0/", "http://example.com:080/", "http://example.com:+80/",
        "http://example.com:65536/", "http://example.com:99999999999999999999/", "http://example.com:80a/", "http://example..com/",
        "http://.example.com/", "http://./", "http://../", "http://-a.com/", "http://a-.com/", "http://a%2eb.com/", "http://127%2e0.0.1/",
        "http://ex ample.com/", "http://exam\tple.com/", "http://example.com/a b", "http://example.com/\r\nX: y", "http://example.com/\0",
        "http://example.com/\u{7F}", "\nhttp://example.com/", "http://bücher.example/", "http://１２７.0.0.1/", "http://①②⑦.0.0.1/",
        "http://example。com/", "http://example.com/ü", "http://user%0d%0a:x@example.com/", "http://user%00@example.com/",
        "http://us[er@example.com/",
        "http://us%er@example.com/", "http://a!b.com/",
        "http://a,b.com/",
        "http://;example.com/", "http://example.com;/", "http://*/",
        // ports
        "http://example.com:22/", "http://example.com:8080/", "https://example.com:9292/", "http://example.com:3306/",
    ])
    func `refuse all else`(_ url: String) {
        #expect(throws: Fault.self) { try FetchRules().judge(url) }
    }

    @Test func `bound a URL`() throws {
        let start = "http://example.com/"
        _ = try FetchRules().judge(start + String(repeating: "x", count: 4096 - start.utf8.count))
        #expect(throws: Fault.self) { try FetchRules().judge(start + String(repeating: "x", count: 4097 - start.utf8.count)) }
        #expect(throws: Fault.self) { try FetchRules().judge("http://\(String(repeating: "a.", count: 127))example.com/") }
        #expect(throws: Fault.self) { try FetchRules().judge("http://\(String(repeating: "a", count: 64)).com/") }
        _ = try FetchRules().judge("http://\(String(repeating: "a", count: 63)).com/")
    }

    @Test func `tell a client nothing`() throws {
        var texts: Set<String> = []
        for url in [
            "", "file:///etc/passwd", "http://127.0.0.1/", "http://example.com:22/", "http://user:secret@10.0.0.1/", "http://127.1/",
        ] {
            let fault = #expect(throws: Fault.self) { try FetchRules().judge(url) }
            #expect(fault?.kind == .invalid)
            #expect(fault?.description.contains("secret") == false)
            texts.insert(fault?.message ?? "")
        }
        #expect(texts.count == 1)
    }

    @Test func `check the address that a name resolves to`() throws {
        let target = try FetchRules().judge("http://example.com/")
        for bytes: [UInt8] in [[127, 0, 0, 1], [10, 1, 2, 3], [169, 254, 169, 254], .loopback6, .mapped([8, 8, 8, 8])] {
            #expect(!target.permits(try #require(NetworkAddress(bytes))))
        }
        for bytes: [UInt8] in [[8, 8, 8, 8], [172, 32, 0, 1], [100, 128, 0, 0], [0x26] + [UInt8](repeating: 0, count: 15)] {
            #expect(target.permits(try #require(NetworkAddress(bytes))))
        }
        for count in [0, 3, 5, 15, 17] { #expect(NetworkAddress([UInt8](repeating: 8, count: count)) == nil) }
    }

    @Test func `let a host be anywhere that the operator lists`() throws {
        let rules = try FetchRules(hosts: .init(allowed: ["Mirror.example.", "127.0.0.1", "::1", "[fd00::1]", "localhost"]))
        for url in [
            "http://mirror.example/", "http://MIRROR.example./", "http://127.0.0.1/", "http://[0::1]/", "http://[fd00:0::1]/",
            "http://localhost/",
        ] {
            #expect(try rules.judge(url).permits(try #require(NetworkAddress([127, 0, 0, 1]))))
        }
        for url in [
            "http://example.com/", "http://127.0.0.2/", "http://127.1/", "http://2130706433/", "http://a.mirror.example/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            #expect(throws: Fault.self) { try rules.judge(url) }
        }
    }

    @Test func `refuse what the operator lists, also by its address`() throws {
        let rules = try FetchRules(hosts: .init(disallowed: ["bad.example", "8.8.8.8"]))
        for url in ["http://bad.example/", "http://BAD.example./", "http://8.8.8.8/"] {
            #expect(throws: Fault.self) { try rules.judge(url) }
        }
        let target = try rules.judge("http://good.example/")
        #expect(!target.permits(try #require(NetworkAddress([8, 8, 8, 8]))))
        #expect(target.permits(try #require(NetworkAddress([8, 8, 4, 4]))))
    }

    @Test func `look at what is disallowed only where nothing is allowed`() throws {
        let rules = try FetchRules(
            schemes: .init(disallowed: ["HTTPS"]), hosts: .init(allowed: ["a.example"], disallowed: ["a.example"]),
            ports: .init(disallowed: [22, 80]))
        _ = try rules.judge("http://a.example:8080/")
        for url in [
            "https://a.example:8080/", "http://a.example:22/", "http://a.example/", "http://b.example:8080/", "ftp://a.example:8080/",
        ] {
            #expect(throws: Fault.self) { try rules.judge(url) }
        }
    }

    @Test func `speak http and https alone, whatever is allowed`() throws {
        let rules = try FetchRules(schemes: .init(allowed: ["file", "ftp", "http"]), ports: .init())
        for url in ["file://example.com/etc/passwd", "ftp://example.com/", "https://example.com/"] {
            #expect(throws: Fault.self) { try rules.judge(url) }
        }
        _ = try rules.judge("http://example.com:1/")
    }

    @Test(arguments: ["", "127.1", "a b", "*.example.com", "example.com:80", "http://example.com", "[::1", "::1%lo"])
    func `are not made of what is no host`(_ host: String) {
        #expect(throws: FetchRefusal.self) { try FetchRules(hosts: .init(allowed: [host])) }
    }
}

extension [UInt8] {
    fileprivate static let loopback6 = [UInt8](repeating: 0, count: 15) + [1]
    fileprivate static func mapped(_ address: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + address }
}
