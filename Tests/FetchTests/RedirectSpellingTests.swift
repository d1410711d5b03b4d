import Domain
import Stores
import TestSupport
import Testing

/// A redirect is checked as it is written: libcurl understands many spellings of one address. OSSA-2026-004.
@Suite struct `A redirect to an allowed host` {
    /// Answers the first request with a redirect, in which PORT is its own port.
    private func server(to target: String) throws -> RawServer {
        try RawServer { connection, number in
            let head = connection.readHead() ?? ""
            guard number == 1 else { return connection.answer(body: "here") }
            let port = head.split(separator: "\r\n").first { $0.hasPrefix("Host: ") }?.split(separator: ":").last ?? ""
            connection.answer("302 Found", "Location: \(target.replacing("PORT", with: port))\r\n")
        }
    }

    private func store(_ server: RawServer) throws -> HTTPStore {
        HTTPStore(
            rules: try FetchRules(
                hosts: .init(allowed: ["127.0.0.1"]), ports: .init(allowed: [server.port])))
    }

    static let refused = [
        "http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://0x7f.1:PORT/", "http://0177.0.0.1:PORT/", "http://127.1:PORT/",
        "http://127.0.0.1.:PORT/", "http://user:word@127.1:PORT/", "http://127%2e0.0.1:PORT/", "//2130706433:PORT/", "//127.1:PORT/x",
        "http:/127.0.0.1:PORT/", "http:127.0.0.1:PORT/", "HTTP://017700000001:PORT/", "http://127.0.0.1:0PORT/",
        "http://127.0.0.1@127.1:PORT/", "\\\\127.1:PORT/x", "/\\127.1:PORT/x", "http:\\\\127.1:PORT/", "http://127.1\\@127.0.0.1:PORT/",
        "http://127.0.0.1:PORT @127.1/", "http://127.0.0.1 :PORT/",
        "http://\u{ff11}27.0.0.1:PORT/", "http://[::ffff:127.0.0.1]:PORT/",
    ]

    @Test(arguments: refused) func `is refused in another spelling, as in a request`(_ written: String) throws {
        let server = try server(to: written)
        let store = try store(server)
        let url = server.url("/start")
        let error = #expect(throws: Fault.self) { try store.fetch(url, atMost: 100) { false } }
        #expect(error?.kind == .unavailable)
        #expect(server.heads.count == 1)
        #expect(throws: Fault.self) { try store.check(written.replacing("PORT", with: String(server.port))) }
    }

    @Test(arguments: ["http://127.0.0.1:PORT/x", "//127.0.0.1:PORT/x", "http://user:word@127.0.0.1:PORT/x", "/x", "?http://127.1/"])
    func `is followed in its own`(_ written: String) throws {
        let server = try server(to: written)
        #expect(try store(server).fetch(server.url("/a/start"), atMost: 100) { false }.announced == 4)
        #expect(server.heads.count == 2)
    }
}
