import Foundation
import TestSupport
import Testing

/// Images with a signature in their properties.
@Suite(.sharesServices) struct `A signed image` {
    let glance: TestGlance
    let certificates: String

    init() throws {
        certificates = Self.certificates
        glance = try .of(
            Self.self,
            [
                "vitrine": "certificate_folder = \(certificates)", "DEFAULT": "show_multiple_locations = true",
                "glance_store": "stores = file,http",
            ],
            runsRegistry: true)
    }

    private static let certificates = "\(TestFolder.root)/certificates-\(UInt64.random(in: 0 ... .max))"

    private func signer(_ kind: Signer.Kind = .rsa, hasExpired: Bool = false) throws -> Signer {
        let signer = try Signer(kind, hasExpired: hasExpired)
        try signer.publish(in: certificates)
        return signer
    }

    /// More than one buffer, so that the readers are threads.
    private func bytes(_ count: Int = 3_000_000) -> [UInt8] { filled(count) { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) } }

    private func expectNothing(of id: String, _ reply: Reply, saying words: String, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        #expect(reply.status == 400, sourceLocation: sourceLocation)
        #expect(reply.text.contains(words), "\(reply.text)", sourceLocation: sourceLocation)
        let image = try glance.image(id)
        #expect(image["status"]?.string == "queued" && image["size"] == .null && image["checksum"] == .null, sourceLocation: sourceLocation)
        #expect(try !glance.storedFiles().contains(id), sourceLocation: sourceLocation)
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) }, sourceLocation: sourceLocation)
        #expect(try glance.rows("SELECT token FROM vitrine_uploads WHERE image_id = '\(id)'").isEmpty, sourceLocation: sourceLocation)
    }

    @Test(arguments: Signer.Kind.allCases) func `is taken with its bytes, and with no others`(_ kind: Signer.Kind) throws {
        let (signer, data) = (try signer(kind), bytes())
        let id = try glance.hasImage(try signer.properties(over: data))
        var others = data
        others[others.count - 1] ^= 1
        try expectNothing(of: id, try glance.upload(others, to: id), saying: "does not match its data")
        #expect(try glance.upload(data, to: id).status == 204)
        #expect(try glance.status(of: id) == "active")
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: data))
    }

    @Test(arguments: ["SHA-224", "SHA-256", "SHA-384", "SHA-512"]) func `is signed over any of four digests`(_ hash: String) throws {
        let (signer, data) = (try signer(), bytes(1000))
        let properties = try signer.properties(over: data, hash)
        let id = try glance.hasImage(properties)
        #expect(try glance.uploadChunked(data, to: id).status == 204)
        let other = try glance.hasImage(properties.merging(["img_signature_hash_method": hash == "SHA-256" ? "SHA-512" : "SHA-256"]) { $1 })
        try expectNothing(of: other, try glance.upload(data, to: other), saying: "does not match its data")
    }

    @Test func `may be empty, and its signature may be wrapped`() throws {
        let signer = try signer()
        var properties = try signer.properties(over: [])
        let text = properties["img_signature"]!
        properties["img_signature"] = text.prefix(64) + "\n" + text.dropFirst(64) + "\n"
        let id = try glance.hasImage(properties)
        #expect(try glance.upload([], to: id).status == 204)
    }

    @Test func `is one by all of four properties`() throws {
        let (signer, data) = (try signer(), bytes(100))
        let properties = try signer.properties(over: data)
        for name in properties.keys {
            let id = try glance.hasImage(properties.filter { $0.key != name })
            try expectNothing(of: id, try glance.upload(data, to: id), saying: "\(name) is missing")
            #expect(try glance.patch(id, #"[{"op": "add", "path": "/\#(name)", "value": "\#(properties[name]!)"}]"#).status == 200)
            #expect(try glance.upload(data, to: id).status == 204)
        }
    }

    @Test(
        arguments: [
            ("img_signature", "", "no base64"), ("img_signature", "a", "no base64"), ("img_signature", "YWJj*", "no base64"),
            ("img_signature", "YQ=b", "no base64"), ("img_signature", "YWJj", "does not match its data"),
            ("img_signature_hash_method", "MD5", "img_signature_hash_method can be"),
            ("img_signature_hash_method", "SHA-1", "img_signature_hash_method can be"),
            ("img_signature_hash_method", "sha-256", "img_signature_hash_method can be"),
            ("img_signature_key_type", "RSA", "img_signature_key_type can be"),
            ("img_signature_key_type", "ECC_SECP256R1", "img_signature_key_type can be"),
            ("img_signature_key_type", "DSA", "another type"), ("img_signature_key_type", "ECC_SECP384R1", "another type"),
            ("img_signature_certificate_uuid", "../../../etc/passwd", "no UUID"), ("img_signature_certificate_uuid", "", "no UUID"),
            ("img_signature_certificate_uuid", "00000000-0000-0000-0000-000000000000", "there is no certificate"),
        ])
    func `is refused where its signature makes no sense`(_ name: String, _ value: String, _ words: String) throws {
        let (signer, data) = (try signer(), bytes(100))
        let id = try glance.hasImage(try signer.properties(over: data).merging([name: value]) { $1 })
        try expectNothing(of: id, try glance.upload(data, to: id), saying: words)
    }

    @Test func `is refused where its certificate is of no use`() throws {
        let data = bytes(100)
        let old = try signer(hasExpired: true)
        let expired = try glance.hasImage(try old.properties(over: data))
        try expectNothing(of: expired, try glance.upload(data, to: expired), saying: "has expired")
        let curve = try signer(.secp384r1)
        let other = try glance.hasImage(try curve.properties(over: data).merging(["img_signature_key_type": "ECC_SECP521R1"]) { $1 })
        try expectNothing(of: other, try glance.upload(data, to: other), saying: "another type")
        let nothing = try signer()
        try "-----BEGIN CERTIFICATE-----\nnothing\n".write(
            toFile: "\(certificates)/\(nothing.certificate).pem", atomically: true, encoding: .utf8)
        let broken = try glance.hasImage(try nothing.properties(over: data))
        try expectNothing(of: broken, try glance.upload(data, to: broken), saying: "no X.509 certificate")
    }

    /// As in cursive.
    @Test func `is signed with PSS where RSA signs it, and a salt of any length`() throws {
        let (signer, data) = (try signer(), bytes(100))
        let short = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        let salted = try glance.hasImage(try signer.properties(over: data, options: short))
        #expect(try glance.upload(data, to: salted).status == 204)
        let old = try glance.hasImage(try signer.properties(over: data, options: []))
        try expectNothing(of: old, try glance.upload(data, to: old), saying: "does not match its data")
    }

    @Test func `gets no location, of which nobody would read the bytes`() throws {
        let id = try glance.hasImage(["img_signature": "YWJj"])
        for reply in [
            try glance.patch(
                id, as: .admin, #"[{"op": "add", "path": "/locations/-", "value": {"url": "http://127.0.0.1/x", "metadata": {}}}]"#),
            try glance.send("POST", "/v2/images/\(id)/locations", json: #"{"url": "http://127.0.0.1/x"}"#),
        ] { try expectNothing(of: id, reply, saying: "cannot get a location") }
        let headers = [
            "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare", "x-image-meta-property-img_signature": "YWJj",
            "x-image-meta-location": "http://127.0.0.1/x", "x-image-meta-name": "located",
        ]
        let v1 = try glance.send("POST", "/v1/images", headers)
        #expect(v1.status == 400 && v1.text.contains("cannot get a location"))
        #expect(try !glance.names().contains("located"))
    }

    @Test func `is checked in V1 too`() throws {
        let (signer, data) = (try signer(), bytes(2_000_000))
        var headers = [
            "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare", "Content-Type": "application/octet-stream",
        ]
        for (name, value) in try signer.properties(over: data) { headers["x-image-meta-property-\(name)"] = value }
        let reply = try glance.send("POST", "/v1/images", headers, body: data)
        #expect(reply.status == 201 && reply.json["image"]?["status"]?.string == "active", "\(reply.text)")
        headers["x-image-meta-id"] = UUID().uuidString.lowercased()
        let refused = try glance.send("POST", "/v1/images", headers, body: data + [0])
        #expect(refused.status == 400 && refused.text.contains("does not match its data"))
        let row = try glance.rows("SELECT status FROM images WHERE id = '\(headers["x-image-meta-id"]!)'")
        #expect(row == [["killed"]])
        #expect(try !glance.storedFiles().contains(headers["x-image-meta-id"]!))
    }
}

/// A site without any source of certificates.
@Suite(.sharesServices) struct `A signed image where nobody has its certificate` {
    @Test func `gets no data`() throws {
        let glance = try TestGlance.of(Self.self)
        let id = try glance.hasImage([
            "img_signature": "YWJj", "img_signature_hash_method": "SHA-256", "img_signature_key_type": "DSA",
            "img_signature_certificate_uuid": UUID().uuidString,
        ])
        let reply = try glance.upload([1], to: id)
        #expect(reply.status == 400 && reply.text.contains("no key manager is known here"))
        #expect(try glance.status(of: id) == "queued")
    }
}
