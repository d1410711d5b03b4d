import Domain
import Identity
import TestSupport
import Testing
import Threading

@Suite struct `A Keystone in trouble` {
    let service: Service
    private var keystone: FakeKeystone { service.keystone }

    init() throws {
        service = Service(try FakeKeystone(), access: { $0.patience = 1 })
        keystone.knows("a")
        keystone.knows("b")
        guard service.refusal("a") == nil else { throw Unexpected("a good token is refused") }
    }

    static let wrong: [String] = [
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"token\": {}}",
        "HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n{\"token\": {\"user\": {\"id\": \"root\"}}",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"token\":",
        // From a web server at a wrong address for Keystone.
        "HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\n\r\n<html></html>", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" + String(repeating: "X-A: \(String(repeating: "a", count: 1000))\r\n", count: 100) + "\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}",
    ]

    @Test(arguments: wrong) func `makes tokens uncheckable, not invalid, and nothing of it is kept`(_ answer: String) throws {
        keystone.behaves(.raw(answer))
        #expect(service.refusal("b") == .unavailable)
        #expect(service.refusal("a") == nil)
        keystone.behaves(.proper)
        #expect(eventually { service.refusal("b") == nil })
    }

    @Test func `that hangs up makes tokens uncheckable`() throws {
        keystone.behaves(.rude)
        #expect(service.refusal("b") == .unavailable)
        #expect(service.refusal("a") == nil)
    }

    @Test func `that is not there makes tokens uncheckable, but for those that are known`() throws {
        let service = Service(keystone, address: "http://127.0.0.1:\(try freePort())", access: { $0.patience = 1 })
        #expect(service.refusal("a") == .unavailable)
        #expect(service.refusals(Array(repeating: "b", count: 20)).allSatisfy { $0 == .unavailable })
    }

    @Test func `is told of with the reason, for the log, and to the client without`() throws {
        keystone.behaves(.raw(Self.wrong[0]))
        let fault = try #require(throws: Fault.self) { try service.caller("b") }
        #expect(fault.message == "The identity service cannot be asked now.")
        #expect("\(try #require(fault.cause))".contains("it answers 500 to GET \(keystone.address)/v3/auth/tokens"))
        #expect(!"\(fault)".contains("own-1"))
    }

    @Test func `that answers nothing holds only one thread, once that is known`() throws {
        keystone.behaves(.silent)
        #expect(service.refusal("b") == .unavailable)
        // The next request tries whether it answers again.
        let trial = try JoinableThread { [service] in _ = service.refusal("c") }
        #expect(eventually { keystone.validations(of: "c") == 1 })
        #expect(service.refusals((1...50).map { "token-\($0)" }).allSatisfy { $0 == .unavailable })
        #expect((1...50).allSatisfy { keystone.validations(of: "token-\($0)") == 0 })
        #expect(service.refusal("a") == nil)
        trial.join()
        keystone.behaves(.proper)
        #expect(eventually { service.refusal("b") == nil })
    }

    @Test func `is not well`() throws {
        try service.tokens.checkHealth()
        for manner in [FakeKeystone.Manner.rude, .raw(Self.wrong[0]), .silent] {
            keystone.behaves(manner)
            #expect(throws: Fault.self) { try service.tokens.checkHealth() }
        }
        #expect(service.tokens.healthName == "keystone")
    }
}
