import Domain
import Identity
import TestSupport
import Testing
import Threading

@Suite struct `What Keystone said of a token` {
    let keystone: FakeKeystone
    init() throws { keystone = try FakeKeystone() }

    @Test func `counts for all that follow`() throws {
        let service = Service(keystone)
        keystone.knows("a")
        for _ in 1...50 { #expect(service.refusal("a") == nil) }
        #expect(keystone.validations(of: "a") == 1)
    }

    @Test func `is asked once for 200 requests at once with one new token`() throws {
        let service = Service(keystone)
        keystone.knows("a")
        #expect(service.refusals(Array(repeating: "a", count: 200)).allSatisfy { $0 == nil })
        #expect(keystone.validations(of: "a") == 1)
        #expect(keystone.logins.count == 1)
    }

    @Test func `is asked once for 200 requests at once with one token that is nobody's`() throws {
        let service = Service(keystone)
        #expect(service.refusals(Array(repeating: "a", count: 200)).allSatisfy { $0 == .unauthenticated })
        #expect(keystone.validations(of: "a") == 1)
    }

    @Test func `is asked 200 times for 200 new tokens at once`() throws {
        let service = Service(keystone)
        let names = (1...200).map { "token-\($0)" }
        for name in names { keystone.knows(name) }
        #expect(service.refusals(names).allSatisfy { $0 == nil })
        #expect(names.allSatisfy { keystone.validations(of: $0) == 1 })
        #expect(keystone.logins.count == 1)
    }

    @Test func `counts no longer than the token lasts`() throws {
        let service = Service(keystone)
        keystone.knows("a", .init(life: 2))
        #expect(service.refusal("a") == nil)
        keystone.forgets("a")
        #expect(eventually { service.refusal("a") == .unauthenticated })
    }

    @Test func `counts no longer than the operator wants`() throws {
        let service = Service(keystone, rules: { $0.cacheTime = 1 })
        keystone.knows("a")
        #expect(service.refusal("a") == nil)
        keystone.forgets("a")
        #expect(eventually { service.refusal("a") == .unauthenticated })
    }

    @Test(arguments: [-1, 0]) func `counts once where the operator wants nothing kept`(_ time: Int) throws {
        let service = Service(keystone, rules: { $0.cacheTime = time })
        keystone.knows("a")
        for _ in 1...3 {
            #expect(service.refusal("a") == nil)
            #expect(service.refusal("b") == .unauthenticated)
        }
        #expect(keystone.validations(of: "a") == 3 && keystone.validations(of: "b") == 3)
    }

    @Test func `that nobody knows it counts for a moment`() throws {
        let service = Service(keystone)
        for _ in 1...20 { #expect(service.refusal("a") == .unauthenticated) }
        #expect(keystone.validations(of: "a") == 1)
        keystone.knows("a")
        #expect(eventually { service.refusal("a") == nil })
    }

    @Test func `is not pushed out by tokens that are nobody's`() throws {
        let service = Service(keystone, rules: { $0.cacheSize = 100 })
        keystone.knows("a")
        #expect(service.refusal("a") == nil)
        for number in 1...150 { #expect(service.refusal("b\(number)") == .unauthenticated) }
        #expect(service.refusal("a") == nil)
        #expect(keystone.validations(of: "a") == 1)
        // Those replace each other.
        #expect(service.refusal("b1") == .unauthenticated)
        #expect(keystone.validations(of: "b1") == 2)
    }

    @Test func `stays while other tokens come and go, as long as it is asked for`() throws {
        let service = Service(keystone, rules: { $0.cacheSize = 100 })
        keystone.knows("a")
        for number in 1...150 {
            keystone.knows("b\(number)")
            #expect(service.refusal("b\(number)") == nil)
            if number % 10 == 0 { #expect(service.refusal("a") == nil) }
        }
        #expect(keystone.validations(of: "a") == 1)
        #expect(service.refusal("b1") == nil)
        #expect(keystone.validations(of: "b1") == 2)
    }
}
