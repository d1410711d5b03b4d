import APICommon
import Domain
import FastCGI
import Foundation
import HTTP
import OsloLog
import Server
import Stack
import Stores
import TestSupport

/// The shipped nginx before workers of this process, whose one store has its data on a server that may misbehave.
final class RemoteSite: @unchecked Sendable {
    /// A server of data: what it does is named in the path, before the image's id.
    let server: RawServer
    let folder: String
    let port: Int
    private let secure: ChildProcess?
    private let workers: Workers
    private let nginx: ChildProcess

    /// The data of every image.
    static let data: [UInt8] = {
        // No two slices of nginx's cache are the same.
        let block = bytes(1_000_003)
        return Array((0..<10).reduce(into: []) { data, _ in data += block }.prefix(9 << 20))
    }()
    static let digest = "0123456789abcdef0123456789abcdef"
    /// What must not reach a client or a log.
    static let signature = "X-Amz-Signature=5ec2e7"

    /// How nginx fetches.
    enum Way: String, CaseIterable, Sendable { case plain, cached }

    /// - Parameters:
    ///   - authority: the certificate that nginx trusts.
    ///   - secure: a server of TLS with one file, `/data`.
    ///   - changes: texts that the shipped files of nginx have in place of others.
    init(
        _ way: Way = .plain, authority: String? = nil, secure: (process: ChildProcess, port: Int)? = nil, changes: [String: String] = [:]
    ) throws {
        folder = "\(TestFolder.root)/remote-\(UInt32.random(in: 0 ... .max))"
        port = try freePort()
        try FileManager.default.createDirectory(atPath: "\(folder)/vitrine", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(folder)/images", withIntermediateDirectories: true)
        try Data("a secret".utf8).write(to: URL(filePath: "\(folder)/images/secret"))
        server = try RawServer(Self.serve)
        self.secure = secure?.process

        let store = GuardedStore(
            StandIn(plain: server.port, secure: secure?.port ?? 1, verifies: authority != nil), nil, named: "far", internalPrefix: "/_blobs"
        )
        let log = try OsloLog(path: "\(folder)/worker.log", isJSON: false, level: .info)
        let handler: Handler = { call throws(Fault) in try Self.download(call, store) }
        let route = Route(.GET, "/v2/images/{image}/file", body: .none, handler)
        let api = API(
            routes: [route], versions: nil, authenticator: Everybody(), front: .init(longestRequestID: 64), logger: log.logger("test"))
        workers = Workers(api: api, log: log, senders: Senders(limit: 8, share: 6))
        try workers.start(4, on: try Listener(path: "\(folder)/metadata.sock"), pool: .metadata)

        try Front.copyShipped(
            to: "\(folder)/vitrine",
            [
                "listen      9292": "listen 127.0.0.1:\(port)", "127.0.0.1:9191": "127.0.0.1:\(try freePort())",
                "/run/vitrine/": "\(folder)/", "/var/log/nginx/glance-sends.log": "\(folder)/sends.log",
                "/var/lib/glance/images": "\(folder)/images", "/var/lib/glance/image-cache": "\(folder)/cache",
            ].merging(changes) { $1 })
        var locations = Site.locations([("/_blobs/file", "\(folder)/images")], [("/_blobs/.remote/far", authority)])
        if way == .cached { locations = locations.replacing("glance-remote.conf", with: "glance-remote-cached.conf") }
        try locations.write(toFile: "\(folder)/vitrine/glance-stores.conf", atomically: true, encoding: .utf8)
        let cache = "proxy_cache_path \(folder)/slices levels=1:2 keys_zone=glance_remote:1m use_temp_path=off;"
        try Front.configuration(in: folder, http: (way == .cached ? cache : "") + "include vitrine/site.conf;").write(
            toFile: "\(folder)/nginx.conf", atomically: true, encoding: .utf8)
        nginx = try ChildProcess(
            "nginx", ["-p", folder, "-c", "\(folder)/nginx.conf", "-e", "\(folder)/nginx.log"], output: "\(folder)/nginx.log")
        guard eventually({ FileManager.default.fileExists(atPath: "\(folder)/nginx.pid") }) else {
            throw Unexpected("nginx does not start: \(try text(of: "nginx.log"))")
        }
    }

    deinit {
        nginx.stop()
        workers.end()
        secure?.stop()
    }

    func text(of file: String) throws -> String { try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8) }

    /// Lines of nginx's log of what was sent.
    func sends() throws -> [JSONValue] {
        try text(of: "sends.log").split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }

    func head(_ path: String, _ headers: [String: String] = [:], method: String = "GET") -> String {
        let fields = ["Host": "image.example", "Connection": "close"].merging(headers) { $1 }
        return "\(method) \(path) HTTP/1.1\r\n\(fields.map { "\($0): \($1)\r\n" }.joined())\r\n"
    }

    func get(_ image: String, _ headers: [String: String] = [:], method: String = "GET") throws -> Reply {
        let connection = try HTTPConnection(port: port)
        try connection.send(head("/v2/images/\(image)/file", headers, method: method))
        return try connection.receive(isHead: method == "HEAD")
    }

    // MARK: the worker's side

    private static func download(_ call: Call, _ store: GuardedStore) throws(Fault) -> Response {
        let name = call.parameters["image"]
        guard name != "forbidden" || call.request.headers["X-May"] != nil else { throw Fault(.forbidden, "You may not.") }
        let known = call.nginxFetchesByTag ? store.rememberedBytes(at: name, size: Int64(data.count)) : nil
        let blob = if let known { known } else { try store.bytes(at: name) }
        let image = Image(
            id: ImageID(name), status: .active, visibility: .private, checksum: name.hasPrefix("unknown") ? nil : digest,
            createdAt: Timestamp(seconds: 0), updatedAt: Timestamp(seconds: 0))
        var response = Response(.ok)
        response.headers["Content-Type"] = "application/octet-stream"
        response.headers["Content-MD5"] = digest
        response.headers["ETag"] = "\"\(digest)\""
        response.headers["x-image-meta-name"] = "of the worker"
        response.noteSend(of: image, by: .v2, for: call)
        let ends = call.request.headers["Range"]?.dropFirst(6).split(separator: "-").compactMap { Int64($0) }
        let range = ends.map { $0[0]...$0[1] }
        if let fetch = call.fetch(blob, of: image, range: range) {
            response.body = .remote(fetch, length: range.map { Int64($0.count) } ?? blob.size)
        } else {
            response.body = try .all(blob, for: call)
        }
        return response
    }

    private struct Everybody: Authenticator {
        func caller(for credentials: Credentials) -> Caller { Caller(user: "u", project: "p", roles: [], isAdmin: false) }
        var knowsNobody: Bool { true }
    }

    /// A store that names URLs on the servers of the test. Its own way to the data is open for images named `streamed…`.
    private struct StandIn: RemoteStore {
        let plain: Int
        let secure: Int
        let verifies: Bool

        var certificateAuthority: String? { nil }
        var verifiesCertificate: Bool { verifies }

        func bytes(at name: String) -> Blob {
            var blob = Blob(size: Int64(data.count), internalPath: nil) { offset throws(Fault) in
                guard name.hasPrefix("streamed") else { throw Fault(.unavailable, "The store far does not answer.") }
                return BytesStream(data[Int(offset)...])
            }
            let query = "?X-Amz-Expires=60&\(signature)"
            blob.remote =
                switch name {
                case "tls": RemoteData(url: "https://s3.example:\(secure)/data\(query)", address: "127.0.0.1")
                case "tls-other": RemoteData(url: "https://other.example:\(secure)/data\(query)", address: "127.0.0.1")
                case "token": RemoteData(url: "http://localhost:\(plain)/v1/AUTH_x/a%2Fb", token: "gAAAA-of-the-service")
                case "down": RemoteData(url: "http://127.0.0.1:1/down\(query)")
                case "nowhere": RemoteData(url: "http://no.such.name.invalid/nowhere\(query)")
                default: RemoteData(url: "http://s3.example:\(plain)/b%20c/\(name)\(query)", address: "127.0.0.1")
                }
            return blob
        }

        /// Those of images named `tagged…`.
        func rememberedBytes(at name: String, size: Int64) -> Blob? {
            guard name.hasPrefix("tagged") else { return nil }
            var blob = bytes(at: name)
            blob.remote?.tag = "\"of-the-data\""
            return blob
        }

        func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter { throw Fault(.invalid, "no") }
        func discard(_ upload: Upload) {}
        func discardPending(_ upload: Upload) {}
        func pendingUploads(olderThan seconds: Int) -> [Upload] { [] }
        func remove(_ url: String) {}
        func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) {}
        func holds(_ url: String) -> Bool { true }
    }

    private final class BytesStream: ByteStream {
        private var rest: ArraySlice<UInt8>
        init(_ rest: ArraySlice<UInt8>) { self.rest = rest }

        func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let piece = rest.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        }
    }

    // MARK: the server's side

    /// Headers that no client should see, or nginx obey.
    private static let unwanted = [
        "Content-Type: text/engine", #"ETag: "of the server""#, "Content-MD5: x", "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT",
        "x-amz-request-id: tx1", "x-openstack-request-id: tx2", "X-Trans-Id: tx3", "X-Vitrine-Send: {}", "Set-Cookie: a=b",
        "X-Accel-Redirect: /_blobs/file/secret", "X-Accel-Limit-Rate: 1", "Cache-Control: no-store", "Content-Encoding: gzip",
        "Location: http://10.1.2.3/", "Content-Disposition: attachment; filename=x", "x-image-meta-name: y",
    ].map { "\($0)\r\n" }.joined()

    private static func serve(_ connection: RawServer.Connection, _ number: Int) {
        guard let head = connection.readHead() else { return }
        let target = head.requestTarget
        if let digits = target.firstRange(of: "status-") {
            return connection.answer("\(target[digits.upperBound...].prefix(3)) Strange", unwanted, body: "THE WORDS OF THE SERVER")
        }
        var part = data[...]
        var range = ""
        if let line = head.split(separator: "\r\n").first(where: { $0.hasPrefix("Range: bytes=") }) {
            let ends = line.dropFirst(13).split(separator: "-").compactMap { Int($0) }
            let last = min(ends[1], data.count - 1)
            part = data[ends[0]...last]
            range = "Content-Range: bytes \(ends[0])-\(last)/\(data.count)\r\n"
        }
        let isChunked = target.contains("chunked")
        let length = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(part.count)"
        connection.send("HTTP/1.1 \(range.isEmpty ? "200 OK" : "206 Partial Content")\r\n\(length)\r\n\(range)\(unwanted)\r\n")
        if isChunked { connection.send("100000\r\n") }
        guard !target.contains("stalled") else {
            connection.send(Array(part.prefix(1 << 20)))
            // Until nginx closes the connection.
            connection.readHead()
            return
        }
        connection.send(Array(target.contains("cut") ? part.prefix(1 << 20) : part))
    }
}
