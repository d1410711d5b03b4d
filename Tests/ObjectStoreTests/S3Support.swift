import Cryptography
import Domain
import Foundation
import Glibc
import HTTPClient
import Logging
import ObjectStores
import TestSupport
import Testing
import Threading

/// An S3 server for the tests of a process, and a bucket on it.
struct S3Place: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let endpoint: String
    let accessKey: String
    let secretKey: String
    let bucket: String

    /// The servers that are to be had here.
    static let all: [S3Place] = {
        var places: [S3Place] = []
        do {
            places.append(try S3Place("SeaweedFS", S3Engine.running()))
            if let ceph = try CephEngine.running() { places.append(try S3Place("RGW", ceph.s3)) }
        } catch {
            print("no S3 server: \(error)")
        }
        return places
    }()

    /// The server that tests of one server alone use.
    static var first: S3Place {
        get throws {
            guard let place = all.first else { throw Unexpected("no S3 server could be started") }
            return place
        }
    }

    private let engine: S3Engine

    private init(_ name: String, _ engine: S3Engine) throws {
        (testDescription, self.engine) = (name, engine)
        (endpoint, accessKey, secretKey) = (engine.endpoint, engine.accessKey, engine.secretKey)
        bucket = try engine.bucket("vitrine")
    }

    /// A new bucket on the same server.
    func another() throws -> S3Place { try S3Place(testDescription, engine) }

    /// The keys of a user who has no right to the bucket.
    var stranger: (accessKey: String, secretKey: String) { (engine.strangersAccessKey, engine.strangersSecretKey) }

    /// The keys of a user who may only read; nil where there is none.
    var reader: (accessKey: String, secretKey: String)? {
        engine.readersAccessKey.isEmpty ? nil : (engine.readersAccessKey, engine.readersSecretKey)
    }

    /// A service's options of a store in the bucket.
    var options: String {
        """
        s3_store_host = \(endpoint)
        s3_store_access_key = \(accessKey)
        s3_store_secret_key = \(secretKey)
        s3_store_bucket = \(bucket)
        """
    }

    var port: Int { URL(string: endpoint)!.port! }

    /// A store in the bucket.
    ///
    /// - Parameter endpoint: instead of the server itself, for example a proxy before it.
    func store(
        at endpoint: String? = nil, named name: String? = nil, bucket: String? = nil, accessKey: String? = nil, secretKey: String? = nil,
        patience: S3Client.Patience = .quick, authority: String? = nil, style: S3Endpoint.Style = .auto, region: String? = nil,
        sessionToken: String? = nil, _ settings: S3Store.Settings = .init()
    ) throws -> S3Store {
        let place = try S3Endpoint(endpoint ?? self.endpoint, bucket: bucket ?? self.bucket, region: region, style: style)
        let signer = S3Signer(
            accessKey: accessKey ?? self.accessKey, secretKey: secretKey ?? self.secretKey, sessionToken: sessionToken, region: place.region
        )
        return S3Store(
            name: name, S3Client(place, signer, store: name ?? "s3", certificateAuthority: authority, patience: patience), settings,
            logger: Logger(label: "test"))
    }

    // MARK: the bucket, behind the store's back

    /// Sends a signed request.
    ///
    /// - Parameter path: where it goes, if not to an object of the bucket or to the bucket itself.
    @discardableResult
    func send(
        _ method: String, _ key: String = "", at path: String? = nil, query: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) throws -> HTTPClient.Reply {
        let host = "127.0.0.1:\(port)"
        let path = path ?? (key.isEmpty ? "/\(bucket)" : "/\(bucket)/\(key)")
        let signer = S3Signer(accessKey: accessKey, secretKey: secretKey, region: "us-east-1")
        let headers = signer.headers(
            of: .init(method, host: host, path: path, query: query), digest: Digest.sha256(of: body ?? []), at: time(nil))
        let text = S3Signer.canonical(query)
        return try HTTPClient().send(
            method, "http://\(host)\(path)\(text.isEmpty ? "" : "?\(text)")", headers: headers, body: body, longest: 1 << 26)
    }

    /// The keys of objects, and of unfinished uploads, that contain a text.
    func contents(with text: String) throws -> [String] {
        let objects = try document(send("GET", query: [("list-type", "2")])).all("Contents").compactMap { $0["Key"] }
        let uploads = try document(send("GET", query: [("uploads", "")])).all("Upload").compactMap { $0["Key"] }.map { "\($0) unfinished" }
        return (objects + uploads).filter { $0.contains(text) }.sorted()
    }

    private func document(_ reply: HTTPClient.Reply) throws -> XMLElement {
        guard let read = XMLElement(parsing: reply.body) else { throw Unexpected("no XML: \(reply.status)") }
        return read
    }
}

extension S3Client.Patience {
    /// Short pauses and limits.
    static var quick: Self {
        var patience = Self()
        (patience.connect, patience.pause) = (2, 0.05)
        return patience
    }
}

extension BlobWriter {
    func append(_ bytes: [UInt8]) throws {
        // As an upload does, in pieces of 512 KiB.
        for start in stride(from: 0, to: bytes.count, by: 512 * 1024) {
            try bytes[start..<min(start + 512 * 1024, bytes.count)].withUnsafeBytes { try append($0) }
        }
    }

    func append(_ text: String) throws { try append(Array(text.utf8)) }
}

/// Has all writers commit at the same time.
///
/// - Returns: the places of those that were not refused.
func commitAtOnce(_ writers: [any BlobWriter]) throws -> Set<Int> {
    let won = Monitor<Set<Int>>([])
    let threads = try writers.enumerated().map { number, writer in
        try JoinableThread { if (try? writer.commit()) != nil { won.with { _ = $0.insert(number) } } }
    }
    for thread in threads { thread.join() }
    return won.with { $0 }
}

extension ImageStore {
    func everything(at url: String, from offset: Int64 = 0) throws -> [UInt8] { try bytes(at: url).open(offset).everything() }

    /// Writes an image.
    func add(_ bytes: [UInt8], as id: ImageID = .fresh(), announcing size: Int64? = nil) throws -> String {
        let writer = try begin(id, token: .freshToken(), announcing: size)
        try writer.append(bytes)
        let location = try writer.commit()
        writer.confirm()
        return location.url
    }
}

extension ByteStream {
    func everything() throws -> [UInt8] {
        var (bytes, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 256 * 1024))
        while case let count = try buffer.withUnsafeMutableBytes({ try read(into: $0) }), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}

extension String {
    static func freshToken() -> String { String(UInt64.random(in: 1 ... .max), radix: 16) }
}

/// Bytes that differ from piece to piece: 4 KiB that go on by one each time.
func pattern(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    let all = (0..<8192).map { UInt8(truncatingIfNeeded: $0 * 31) }
    while bytes.count < count { bytes += all[(bytes.count >> 12 % 256)...].prefix(min(4096, count - bytes.count)) }
    return bytes
}
