import Domain
import Foundation
import TestSupport
import Testing
import Threading

/// A Keystone that was found silent is tried by one thread at a time; one that is slow, or has just fallen silent, is not known to be so.
@Suite struct `A Keystone that is slow` {
    let keystone: FakeKeystone
    let service: Service

    init() throws {
        keystone = try FakeKeystone()
        service = Service(keystone, access: { $0.patience = 100 }, bulkhead: Bulkhead(share: 2, slow: 0.1))
        for token in ["a", "token-1"] { keystone.knows(token) }
        #expect(service.refusal("a") == nil)
    }

    /// Each asks for its own token, or all for the same: waiting for another thread's request counts as waiting too.
    @Test(arguments: [["c", "d"], ["c", "c"]]) func `holds its share of the threads, and no more`(_ first: [String]) throws {
        keystone.behaves(.silent)
        let waiting = try first.map { token in try JoinableThread { [service] in _ = service.refusal(token) } }
        #expect(eventually { Set(first).allSatisfy { keystone.validations(of: $0) == 1 } })
        // Until the two are known to be slow.
        #expect(eventually { service.refusal("c") == .unavailable })
        for number in 0..<20 {
            #expect(service.refusal(number % 2 == 0 ? "c" : "token-\(number)") == .unavailable)
            #expect(service.refusal("a") == nil, "it is known")
        }
        #expect((0..<20).allSatisfy { keystone.validations(of: "token-\($0)") == 0 })
        keystone.behaves(.proper)
        for thread in waiting { thread.join() }
        #expect(service.refusal("token-1") == nil)
    }
}
