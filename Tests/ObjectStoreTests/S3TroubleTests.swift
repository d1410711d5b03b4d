import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

@Suite struct `An S3 store in trouble` {
    let place: S3Place
    init() throws { place = try .first }

    private static let quick: S3Client.Patience = {
        var patience = S3Client.Patience.quick
        (patience.silence, patience.attempts) = (1, 2)
        return patience
    }()

    /// What the store throws at every use, which must be the same sort of refusal.
    private func refusals(of store: S3Store) -> [Fault] {
        let url = store.location(of: .fresh())
        func refusal(_ use: () throws -> Void) -> Fault? {
            do {
                try use()
                Issue.record("there was no refusal")
            } catch {
                if let fault = error as? Fault { return fault }
                Issue.record("\(error)")
            }
            return nil
        }
        let found = [
            refusal { _ = try store.begin(.fresh(), token: .freshToken(), announcing: nil) }, refusal { _ = try store.bytes(at: url) },
            refusal { try store.remove(url) }, refusal { _ = try store.pendingUploads(olderThan: 0) }, refusal { try store.checkHealth() },
        ]
        return found.compactMap { $0 }
    }

    private func expect(_ words: String, of store: S3Store, sourceLocation: SourceLocation = #_sourceLocation) {
        for fault in refusals(of: store) {
            #expect(
                fault.kind == .unavailable && fault.message.hasPrefix("The store 'far' cannot be used now:"), sourceLocation: sourceLocation
            )
            #expect(fault.message.contains(words), "\(fault)", sourceLocation: sourceLocation)
            for secret in [place.secretKey, place.accessKey, place.bucket, "127.0.0.1"] {
                #expect(!fault.message.contains(secret), sourceLocation: sourceLocation)
            }
            #expect(!"\(fault)".contains(place.secretKey), sourceLocation: sourceLocation)
        }
    }

    @Test func `tells that its key is wrong`() throws {
        expect("does not accept this service's key", of: try place.store(named: "far", secretKey: "wrong"))
        expect("does not accept this service's key", of: try place.store(named: "far", accessKey: "wrong"))
    }

    @Test func `is not well while its key may only read, and the check leaves nothing behind`() throws {
        guard let reader = place.reader else { return }
        let other = try place.another()
        try other.store(named: "far").checkHealth()
        let fault = #expect(throws: Fault.of(.unavailable)) {
            try other.store(named: "far", accessKey: reader.accessKey, secretKey: reader.secretKey).checkHealth()
        }
        #expect(fault?.message == "The store 'far' cannot be used now: its key lacks a right that this service needs.")
        #expect(try other.contents(with: "") == [])
    }

    @Test func `tells that its bucket does not exist`() throws {
        let store = try place.store(named: "far", bucket: place.bucket + "-none")
        for fault in refusals(of: store) where !fault.message.isEmpty { #expect(fault.kind == .unavailable || fault.kind == .notFound) }
        #expect(throws: Fault.of(.unavailable)) { try store.checkHealth() }
        #expect(throws: Fault.of(.unavailable)) {
            try store.bytes(at: "s3://127.0.0.1:\(place.port)/\(place.bucket)-none/\(ImageID.fresh())")
        }
    }

    @Test func `tells that nobody is there, and that a name leads nowhere`() throws {
        let port = try freePort()
        expect("cannot be reached", of: try place.store(at: "http://127.0.0.1:\(port)", named: "far", patience: Self.quick))
        expect("cannot be reached", of: try place.store(at: "http://nowhere.invalid", named: "far", patience: Self.quick))
    }

    @Test func `tells that no answer comes`() throws {
        let server = try RawServer { connection, _ in while connection.readHead() != nil {} }
        var patience = Self.quick
        patience.attempts = 1
        expect("does not answer in time", of: try place.store(at: server.url(""), named: "far", patience: patience))
    }

    @Test func `tells that the certificate is another host's, or nobody's`() throws {
        let other = try SelfSigned(for: "other.example")
        let port = try freePort()
        let nginx = try Nginx("", http: "server { \(other.listening(on: port)) }")
        let url = "https://127.0.0.1:\(port)"
        expect("certificate", of: try place.store(at: url, named: "far", patience: Self.quick, authority: other.certificate))
        expect("certificate", of: try place.store(at: url, named: "far", patience: Self.quick))
        #expect(try nginx.accessLines() == 0)
    }

    @Test(arguments: [
        (403, "RequestTimeTooSkewed", "clocks"), (400, "ExpiredToken", "session token"), (403, "AccessDenied", "lacks a right"),
        (301, "PermanentRedirect", "another region"), (400, "AuthorizationHeaderMalformed", "another region"),
        (400, "SomethingElse", "does not do what"), (503, "SlowDown", "does not do what"),
    ])
    func `tells what the server says`(_ status: Int, _ code: String, _ words: String) throws {
        let proxy = try S3Proxy(before: place.port)
        proxy.spoil("", times: .max, by: .refuse(status, code))
        expect(words, of: try place.store(at: proxy.url, named: "far", patience: Self.quick))
    }

    @Test func `tells that it is full, and leaves nothing`() throws {
        for (status, code) in [(507, "XMinioStorageFull"), (403, "QuotaExceeded"), (507, "")] {
            let proxy = try S3Proxy(before: place.port)
            let store = try place.store(at: proxy.url, named: "far")
            proxy.spoil("partNumber=", times: .max, by: .refuse(status, code))
            let id = ImageID.fresh()
            let writer = try store.begin(id, token: .freshToken(), announcing: nil)
            #expect(throws: Fault.of(.tooLarge)) {
                try writer.append(pattern(11 << 20))
                _ = try writer.commit()
            }
            #expect(writer.discard())
            #expect(try place.contents(with: id.text) == [])
        }
    }

    @Test func `follows no redirect`() throws {
        let target = try RawServer { connection, _ in connection.readHead() }
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.answer("307 Temporary Redirect", "Location: \(target.url("/x"))\r\nConnection: close\r\n")
        }
        expect("another region", of: try place.store(at: server.url(""), named: "far", patience: Self.quick))
        #expect(target.heads.isEmpty)
    }
}
