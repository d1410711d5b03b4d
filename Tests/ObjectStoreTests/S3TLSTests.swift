import Domain
import Foundation
import HTTPClient
import ObjectStores
import TestSupport
import Testing

/// S3 servers behind TLS, whose certificates a private authority has issued, with buckets in the path or in the host's name, in any region,
/// and with temporary keys. libcurl takes every name below `localhost` for this machine.
@Suite struct `An S3 store over TLS` {
    struct Way: Sendable, CustomTestStringConvertible {
        let host: String
        let style: S3Endpoint.Style
        let region: String
        var testDescription: String { "\(host), \(style), \(region)" }
    }

    static let ways = [
        Way(host: "127.0.0.1", style: .auto, region: "us-east-1"), Way(host: "s3.localhost", style: .path, region: "eu-west-1"),
        Way(host: "s3.localhost", style: .virtual, region: "us-east-1"), Way(host: "s3.localhost", style: .virtual, region: "eu-central-1"),
    ]

    @Test(arguments: S3Place.all, ways)
    func `takes, gives, lists, copies and removes images`(_ place: S3Place, _ way: Way) throws {
        let front = try TLSFront(before: place.port)
        let own = try place.another()
        let endpoint = "https://\(way.host):\(front.port)"
        func store(in place: S3Place) throws -> S3Store {
            try place.store(at: endpoint, named: "far", authority: front.authority, style: way.style, region: way.region)
        }
        let (from, store) = (try store(in: place), try store(in: own))
        let (bytes, id) = (pattern(11 << 20), ImageID.fresh())
        let url = try from.add(bytes, as: id)
        #expect(url == "s3+https://\(way.host):\(front.port)/\(place.bucket)/\(id)")
        #expect(try from.everything(at: url, from: 5).isSame(as: Array(bytes.dropFirst(5))))
        let remote = try #require(try from.bytes(at: url).remote)
        #expect(remote.url.hasPrefix(way.style == .virtual ? "https://\(place.bucket).s3.localhost:" : "https://\(way.host):"))
        let reply = try HTTPClient(certificateAuthority: front.authority).send(
            "GET", remote.url, headers: [("Range", "bytes=1-2")], longest: 4096)
        #expect(reply.status == 206 && reply.body == Array(bytes[1...2]))
        let writer = try store.begin(id, token: .freshToken(), announcing: Int64(bytes.count))
        #expect(try writer.take(dataAt: url, size: Int64(bytes.count)) { false })
        #expect(try writer.taken().everything().isSame(as: bytes))
        let copied = try writer.commit().url
        writer.confirm()
        #expect(try store.names(olderThan: -2) == [id.text])
        try store.remove(copied)
        try from.remove(url)
        #expect(try own.contents(with: "") == [] && place.contents(with: id.text) == [])
        try from.checkHealth()
    }

    @Test(arguments: S3Place.all)
    func `trusts no other name, and no other authority, and leaves nothing`(_ place: S3Place) throws {
        let own = try place.another()
        let front = try TLSFront(before: place.port, names: "IP:127.0.0.1,DNS:other.localhost")
        let other = try TLSFront(before: place.port)
        for (host, authority) in [("localhost", front.authority), ("127.0.0.1", other.authority), ("127.0.0.1", nil)] {
            let store = try own.store(at: "https://\(host):\(front.port)", named: "far", authority: authority)
            let id = ImageID.fresh()
            for use in [
                { () throws -> Void in _ = try store.begin(id, token: .freshToken(), announcing: nil) },
                { () throws -> Void in _ = try store.bytes(at: store.location(of: id)) },
                { () throws -> Void in try store.remove(store.location(of: id)) }, { () throws -> Void in try store.checkHealth() },
            ] {
                let fault = #expect(throws: Fault.of(.unavailable)) { try use() }
                #expect(fault?.message.contains("certificate does not prove") == true, "\(host): \(fault.debugDescription)")
            }
        }
        #expect(try front.requests() == 0)
        #expect(try own.contents(with: "") == [])
        let good = try own.store(at: "https://127.0.0.1:\(front.port)", authority: front.authority)
        #expect(try good.everything(at: good.add([1, 2])) == [1, 2])
    }

    @Test(arguments: S3Place.all)
    func `signs for a bucket in the host's name`(_ place: S3Place) throws {
        let own = try place.another()
        let endpoint = "http://s3.localhost:\(place.port)"
        let store = try own.store(at: endpoint, style: .virtual)
        let url = try store.add(Array("hello".utf8))
        #expect(url == "s3://s3.localhost:\(place.port)/\(own.bucket)/\(url.suffix(36))")
        #expect(try store.everything(at: url) == Array("hello".utf8))
        #expect(throws: Fault.of(.unavailable)) { try own.store(at: endpoint, secretKey: "wrong", style: .virtual).bytes(at: url) }
    }

    @Test(arguments: S3Place.all)
    func `makes a bucket in another region`(_ place: S3Place) throws {
        var settings = S3Store.Settings()
        settings.createsBucket = true
        let bucket = "vitrine-region-\(UInt32.random(in: 0 ... .max))"
        let store = try place.store(bucket: bucket, region: "eu-west-1", settings)
        #expect(try store.everything(at: store.add([1, 2])) == [1, 2])
    }

    @Test func `uses the keys of a session, and none without its token`() throws {
        guard let place = S3Place.all.first(where: { $0.testDescription == "RGW" }), let ceph = try CephEngine.running() else { return }
        let session = try S3Session(at: place, ceph)
        let front = try TLSFront(before: place.port)
        func store(_ endpoint: String?, _ token: String) throws -> S3Store {
            try place.store(
                at: endpoint, named: "far", accessKey: session.accessKey, secretKey: session.secretKey, authority: front.authority,
                sessionToken: token)
        }
        for endpoint in [nil, "https://127.0.0.1:\(front.port)"] {
            let store = try store(endpoint, session.token)
            let bytes = pattern(11 << 20)
            let url = try store.add(bytes)
            #expect(try store.everything(at: url).isSame(as: bytes))
            let remote = try #require(try store.bytes(at: url).remote)
            let client = HTTPClient(certificateAuthority: front.authority)
            #expect(try client.send("GET", remote.url, headers: [("Range", "bytes=1-2")], longest: 4096).status == 206)
            try store.remove(url)
        }
        for token in ["", String(session.token.dropLast(8)), "x"] {
            let fault = #expect(throws: Fault.of(.unavailable)) { try store(nil, token).checkHealth() }
            #expect(fault.map { "\($0)".contains(session.secretKey) } == false)
        }
    }

    @Test func `sends images through nginx, by a bucket in the name of a host`() throws {
        let place = try S3Place.first.another()
        let front = try TLSFront(before: place.port)
        let glance = try TestGlance(
            [
                "DEFAULT": "enabled_backends = far:s3", "glance_store": "default_backend = far",
                "far": """
                \(place.options.replacing(place.endpoint, with: "https://s3.localhost:\(front.port)"))
                s3_store_bucket_url_format = virtual
                s3_store_region_name = eu-west-1
                s3_store_cacert = \(front.authority)
                """,
            ], remotes: [("/_blobs/.remote/far", front.authority)])
        let (id, bytes) = (try glance.hasImage(), pattern(11 << 20))
        #expect(try glance.upload(bytes, to: id).status == 204)
        #expect(try front.requests(with: "\"GET /\(id)") == 0)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: bytes))
        // nginx fetches the object, once.
        #expect(try eventually { try front.requests(with: "\"GET /\(id)") == 1 })
        #expect(try !glance.workerLog().contains("nginx could not fetch"))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try place.contents(with: "") == [])
    }
}

/// An nginx that ends TLS before an S3 server, with a certificate of an authority of its own.
private final class TLSFront: Sendable {
    let port: Int
    /// The authority's certificate, a PEM file.
    let authority: String
    private let nginx: Nginx

    /// - Parameter names: what the certificate is for.
    init(before target: Int, names: String = "IP:127.0.0.1,DNS:localhost,DNS:s3.localhost,DNS:*.s3.localhost") throws {
        let folder = "\(TestFolder.root)/tls-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        authority = "\(folder)/authority"
        func openssl(_ arguments: String...) throws { try Command("openssl", arguments).succeeded() }
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=Private authority", "-keyout", "\(authority).key", "-out", authority)
        try openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=s3", "-keyout", "\(folder)/key",
            "-out", "\(folder)/csr")
        try "subjectAltName=\(names)\n".write(toFile: "\(folder)/names", atomically: true, encoding: .utf8)
        try openssl(
            // openssl would keep the next number beside the folder of all tests, where another one reads it half written.
            "x509", "-req", "-in", "\(folder)/csr", "-CA", authority, "-CAkey", "\(authority).key", "-set_serial", "1", "-days", "2",
            "-extfile", "\(folder)/names", "-out", "\(folder)/certificate")
        port = try freePort()
        nginx = try Nginx(
            "",
            http: """
                server {
                    listen 127.0.0.1:\(port) ssl;
                    ssl_certificate \(folder)/certificate; ssl_certificate_key \(folder)/key;
                    client_max_body_size 0;
                    location / {
                        proxy_pass http://127.0.0.1:\(target);
                        proxy_set_header Host $http_host;
                        proxy_http_version 1.1;
                        proxy_request_buffering off;
                    }
                }
                """)
    }

    /// The number of requests so far that contain a text.
    func requests(with text: String = "") throws -> Int { try nginx.accessLines(with: text) }
}

/// Temporary keys of RGW, of a role that may do everything with buckets.
private struct S3Session {
    let accessKey, secretKey, token: String

    /// Source: Ceph's documentation, "STS in Ceph".
    init(at place: S3Place, _ ceph: CephEngine) throws {
        let role = "role-\(UInt32.random(in: 0 ... .max))"
        let trust = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/glance"]},"#
        try ceph.run(
            "radosgw-admin", "role", "create", "--role-name=\(role)",
            "--assume-role-policy-doc=\(trust)\"Action\":[\"sts:AssumeRole\"]}]}")
        try ceph.run(
            "radosgw-admin", "role-policy", "put", "--role-name=\(role)", "--policy-name=all",
            #"--policy-doc={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::*"}]}"#)
        let body = "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A%3Arole%2F\(role)&RoleSessionName=test&Version=2011-06-15"
        let reply = try place.send("POST", at: "/", body: Array(body.utf8))
        let answer = XMLElement(parsing: reply.body)?.all("AssumeRoleResult").first?.all("Credentials").first
        guard let answer, let access = answer["AccessKeyId"], let secret = answer["SecretAccessKey"], let token = answer["SessionToken"]
        else { throw Unexpected("no session: \(reply.status) \(String(decoding: reply.body, as: UTF8.self))") }
        (accessKey, secretKey, self.token) = (access, secret, token)
    }
}
