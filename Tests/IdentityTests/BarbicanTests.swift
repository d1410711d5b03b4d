import Foundation
import TestSupport
import Testing
import Threading

/// A key manager with some certificates, each for one token.
private final class FakeBarbican: Sendable {
    private struct State: Sendable {
        var secrets: [String: (owner: String, bytes: [UInt8], type: String)] = [:]
        var isAway = false
    }

    private let state = Monitor(State())
    private let server: RawServer

    init() throws {
        let state = state
        server = try RawServer { connection, _ in
            while let head = connection.readHead() {
                let words = head.requestTarget.split(separator: "/")
                let (secret, isAway) = state.with { ($0.secrets[words.count > 3 ? String(words[3]) : ""], $0.isAway) }
                guard !isAway else { connection.answer("503 Service Unavailable"); continue }
                guard words.prefix(3) == ["key-manager", "v1", "secrets"], let secret, field("X-Auth-Token", in: head) == secret.owner
                else {
                    connection.answer("404 Not Found", body: "{}")
                    continue
                }
                if words.count == 4, field("Accept", in: head) == "application/json" {
                    connection.answer(body: #"{"status": "ACTIVE", "content_types": {"default": "\#(secret.type)"}}"#)
                } else if words.count == 5, words[4] == "payload", field("Accept", in: head) == secret.type {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(secret.bytes.count)\r\n\r\n")
                    connection.send(secret.bytes)
                } else {
                    connection.answer("406 Not Acceptable", body: "{}")
                }
            }
        }
    }

    var address: String { server.url("/key-manager") }

    func keeps(_ id: String, _ bytes: [UInt8], as type: String = "application/octet-stream", of owner: String) {
        state.with { $0.secrets[id] = (owner, bytes, type) }
    }

    func isAway(_ isAway: Bool) { state.with { $0.isAway = isAway } }
}

/// Certificates from a key manager, which gets the caller's token.
@Suite(.serialized, .sharesServices) struct `A signed image in a cloud` {
    private let glance: TestGlance
    private let keystone: FakeKeystone
    private let barbican: FakeBarbican

    init() throws { (glance, keystone, barbican) = try Self.shared.get() }

    private static let shared = Shared { () throws -> (TestGlance, FakeKeystone, FakeBarbican) in
        let (keystone, barbican) = (try FakeKeystone(), try FakeBarbican())
        keystone.knowsEverybody()
        keystone.hasCatalog(
            """
            [{"type": "image", "endpoints": [{"interface": "public", "region_id": "here", "url": "http://127.0.0.1:1/"}]},
             {"type": "key-manager", "endpoints": [
                {"interface": "internal", "region_id": "here", "url": "http://127.0.0.1:1/"},
                {"interface": "public", "region_id": "there", "url": "http://127.0.0.1:1/"},
                {"interface": "public", "region_id": "here", "url": "\(barbican.address)/v1/"}]}]
            """)
        let glance = try TestGlance(
            [
                "keystone_authtoken": `The service in a cloud`.options(keystone), "barbican": "barbican_region_name = here",
                "DEFAULT": "debug = true",
            ],
            identity: "keystone", workers: 1, runsTasks: true)
        return (glance, keystone, barbican)
    }

    private let data = Array("what somebody has signed".utf8)

    private func signer() throws -> Signer { try Signer(.rsa) }

    @Test(arguments: ["application/octet-stream", "text/plain"]) func `is checked with what the key manager has`(_ type: String) throws {
        let signer = try signer()
        barbican.keeps(signer.certificate, Array(try signer.pem.utf8), as: type, of: "alice")
        let properties = try signer.properties(over: data)
        let id = try glance.hasImage(properties)
        let refused = try glance.upload(data + [0], to: id)
        #expect(refused.status == 400 && refused.text.contains("does not match its data"))
        #expect(try glance.upload(data, to: id).status == 204)
        // Another user of the project may not read it.
        let hers = try glance.hasImage(properties, as: .anna)
        let reply = try glance.upload(data, to: hers, as: .anna)
        #expect(reply.status == 400 && reply.text.contains("you may not use it"))
        #expect(try glance.status(of: hers) == "queued")
    }

    @Test func `is checked with a certificate that is kept in DER`() throws {
        let signer = try signer()
        let lines = try signer.pem.split(separator: "\n").filter { !$0.hasPrefix("-") }
        barbican.keeps(signer.certificate, Array(try #require(Data(base64Encoded: lines.joined()))), of: "alice")
        let id = try glance.hasImage(try signer.properties(over: data))
        #expect(try glance.upload(data, to: id).status == 204)
    }

    @Test func `is imported with the certificate that who ordered it could get`() throws {
        let signer = try signer()
        barbican.keeps(signer.certificate, Array(try signer.pem.utf8), of: "alice")
        let id = try glance.hasImage(try signer.properties(over: data))
        let staged = try glance.send(
            "PUT", "/v2/images/\(id)/stage", ["Content-Type": "application/octet-stream"], body: data)
        #expect(staged.status == 204)
        #expect(try glance.send("POST", "/v2/images/\(id)/import", json: #"{"method": {"name": "glance-direct"}}"#).status == 202)
        #expect(try eventually { try glance.status(of: id) == "active" })
    }

    @Test func `waits for a key manager that is away`() throws {
        let signer = try signer()
        barbican.keeps(signer.certificate, Array(try signer.pem.utf8), of: "alice")
        let id = try glance.hasImage(try signer.properties(over: data))
        barbican.isAway(true)
        let reply = try glance.upload(data, to: id)
        barbican.isAway(false)
        #expect(reply.status == 503 && !reply.text.contains("127.0.0.1"))
        #expect(try glance.status(of: id) == "queued")
        #expect(try glance.upload(data, to: id).status == 204)
        #expect(try !glance.workerLog().contains("X-Auth-Token"))
    }

    @Test func `is not checked with a certificate that is too long, or none`() throws {
        let signer = try signer()
        let id = try glance.hasImage(try signer.properties(over: data))
        for bytes in [[UInt8](repeating: 65, count: 100_000), [], Array("{}".utf8)] {
            barbican.keeps(signer.certificate, bytes, of: "alice")
            let reply = try glance.upload(data, to: id)
            #expect(reply.status == 400)
            #expect(try glance.status(of: id) == "queued")
        }
    }
}
