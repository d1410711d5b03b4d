package import HTTPClient
internal import JSONDocument
internal import Text

/// A client of an image service's V2 API.
package final class ImageServer {
    /// Returns the token to send, nil for none. `refused` is a token that the server has refused.
    package typealias TokenSource = (_ refused: String?) throws(ReplicationError) -> String?

    /// The operator's name for the server, for messages.
    let name: String
    private let base: String
    private let trust: TLSSettings
    private let client: HTTPClient
    private let token: TokenSource

    /// The part of a list's entry that is needed.
    struct Entry {
        let id: String
        let size: Int64
        let isActive: Bool
    }

    private static let page = 500
    /// The largest answer in bytes: a page of images with many properties each.
    private static let longestAnswer = 64 << 20
    /// The path of a list; the server may send fewer images at once.
    private static let listing = "/v2/images?limit=\(page)"

    /// - Parameter place: `host`, `host:port`, `[::1]:port`, or a URL if the service is not at the root of an http server.
    package init(_ place: String, trust: TLSSettings = TLSSettings(), token: @escaping TokenSource) throws(ReplicationError) {
        guard let base = Self.address(place) else {
            throw ReplicationError(.place, "'\(place)' is not a server; give host:port, such as glance.example:9292")
        }
        (name, self.base, self.trust, self.token) = (place, base, trust, token)
        client = HTTPClient(timeouts: .init(connect: 10, exchange: 120), trust: trust)
    }

    /// The URL of a server. Without a port, it is 9292. Source: Glance, `parse_valid_host_port`.
    private static func address(_ place: String) -> String? {
        guard place.hasPrefix("http://") || place.hasPrefix("https://") else {
            let named = (try? HostAndPort(host: place, port: 9292)) ?? (try? HostAndPort(place))
            return named.map { "http://\($0)" }
        }
        return (try? ServerURL(place)).map { _ in withoutSlashes(place) }
    }

    // MARK: asking

    /// All images that the token's owner can see, including hidden ones. As there may be many, only the needed fields are kept.
    func list() throws(ReplicationError) -> [Entry] {
        var entries: [Entry] = []
        var known: Set<String> = []
        for start in [Self.listing, Self.listing + "&os_hidden=true"] {
            var next: String? = start
            while let path = next {
                let reply = try ask("GET", path)
                guard reply.status == 200, let body = Self.object(reply) else {
                    throw refusal(.place, reply, "its images cannot be listed")
                }
                for document in body["images"]?.array ?? [] {
                    guard let image = document.object.flatMap(ReplicatedImage.init(_:)), known.insert(image.id).inserted else { continue }
                    entries.append(Entry(id: image.id, size: image.size ?? 0, isActive: image.status == "active"))
                }
                next = body["next"]?.string
            }
        }
        return entries
    }

    /// - Returns: nil if the image does not exist or the token's owner cannot see it.
    func image(_ id: String) throws(ReplicationError) -> ReplicatedImage? {
        let reply = try ask("GET", "/v2/images/\(id)")
        if reply.status == 404 { return nil }
        guard reply.status == 200, let image = Self.object(reply).flatMap(ReplicatedImage.init(_:)) else {
            throw refusal(.image, reply, "image \(id) cannot be read")
        }
        return image
    }

    func create(_ image: ReplicatedImage, _ dropped: DroppedFields) throws(ReplicationError) {
        let reply = try ask("POST", "/v2/images", type: "application/json", image.creation(dropped))
        if reply.status == 409 {
            throw ReplicationError(
                .image,
                """
                \(image.title): \(name) has or had an image of this id and does not show it: it was deleted there, or the token does not \
                see all images
                """)
        }
        guard reply.status == 201 else { throw refusal(.image, reply, "image \(image.title) cannot be created") }
    }

    func change(_ image: ReplicatedImage, _ patch: JSON) throws(ReplicationError) {
        let reply = try ask("PATCH", "/v2/images/\(image.id)", type: "application/openstack-images-v2.1-json-patch", patch)
        guard reply.status == 200 else { throw refusal(.image, reply, "image \(image.title) cannot be changed") }
    }

    /// The data of an image from a byte on; all data if the server does not support ranges.
    ///
    /// - Returns: the byte at which they begin, and the length of the image if the server tells it.
    func data(of image: ReplicatedImage, from offset: Int64) throws(ReplicationError) -> (bytes: ServedBytes, start: Int64, length: Int64?)
    {
        let path = "/v2/images/\(image.id)/file"
        var headers = try credentials()
        if offset > 0 { headers.append(("Range", "bytes=\(offset)-")) }
        let download: Download
        do throws(HTTPClientError) {
            // A server whose store is a tape or far away may be silent for minutes.
            let limits = Download.Limits(connect: 10, leastRate: 1, averaged: 120, grace: 600, longest: .infinity)
            download = try Download(
                base + path, headers: headers, limits: limits, certificateAuthority: trust.certificateAuthority,
                judge: { _ in { _ in true } })
        } catch {
            throw ReplicationError(.image, "\(image.title): \(name) does not send its data: \(error.message)")
        }
        let isPart = download.status == 206
        guard download.status == 200 || isPart && offset > 0 else {
            throw ReplicationError(.image, "\(image.title): \(name) does not send its data; it answers \(download.status)")
        }
        let start = isPart ? offset : 0
        return (ServedBytes(download, of: image.title), start, image.size ?? download.announced.map { $0 + start })
    }

    /// Uploads an image's data, and compares the digests that the server computed.
    func upload(_ image: ReplicatedImage, _ bytes: CheckedBytes) throws(ReplicationError) {
        let path = "/v2/images/\(image.id)/file"
        let headers = try credentials() + [("Content-Type", "application/octet-stream"), ("Accept", "application/json")]
        var failure: ReplicationError?
        let reply: HTTPClient.Reply
        do throws(HTTPClientError) {
            reply = try StreamedRequest(to: base + path, trust: trust).send(
                "PUT", headers: headers, length: bytes.length, longest: Self.longestAnswer
            ) { buffer in
                do throws(ReplicationError) {
                    return try bytes.read(into: buffer)
                } catch {
                    failure = error
                    return nil
                }
            }
        } catch {
            throw failure ?? ReplicationError(.image, "\(image.title): \(name) does not accept its data: \(error.message)")
        }
        guard reply.status == 204 else { throw refusal(.image, reply, "the data of image \(image.title) are refused") }
        guard let copy = try self.image(image.id), copy.status == "active", bytes.agrees(with: copy) else {
            throw ReplicationError(
                .image, "\(image.title): \(name) stored other data than it received; delete the image there and copy it again")
        }
    }

    // MARK: requests

    /// The header with the current token. A token cannot be replaced once a transfer has begun.
    private func credentials() throws(ReplicationError) -> [(name: String, value: String)] {
        try token(nil).map { [("X-Auth-Token", $0)] } ?? []
    }

    private func ask(
        _ method: String, _ path: String, type: String? = nil, _ body: JSON? = nil
    ) throws(ReplicationError) -> HTTPClient.Reply {
        let first = try token(nil)
        let reply = try send(method, path, type, body, first)
        guard reply.status == 401 else { return reply }
        let second = try token(first)
        let again = second == first ? reply : try send(method, path, type, body, second)
        guard again.status != 401 else { throw refusal(.place, again, first == nil ? "it requires a token" : "it refuses the token") }
        return again
    }

    private func send(
        _ method: String, _ path: String, _ type: String?, _ body: JSON?, _ token: String?
    ) throws(ReplicationError) -> HTTPClient.Reply {
        var headers = [(name: "Accept", value: "application/json")]
        if let token { headers.append(("X-Auth-Token", token)) }
        if let type { headers.append(("Content-Type", type)) }
        do throws(HTTPClientError) {
            return try client.send(method, base + path, headers: headers, body: body?.text, longest: Self.longestAnswer)
        } catch {
            throw ReplicationError(.place, "\(name): \(method) \(path): \(error.message)")
        }
    }

    private static func object(_ reply: HTTPClient.Reply) -> JSONObject? { (try? JSON(parsing: reply.body))?.object }

    private func refusal(_ kind: ReplicationError.Kind, _ reply: HTTPClient.Reply, _ what: String) -> ReplicationError {
        ReplicationError(kind, "\(name): \(what); it answers \(reply.status)\(Self.words(reply).map { ": \($0)" } ?? "")")
    }

    /// The first words of an error's body, without HTML.
    private static func words(_ reply: HTTPClient.Reply) -> String? {
        let text = String(decoding: reply.body.prefix(4096), as: UTF8.self)
        var (plain, isInTag) = ("", false)
        for character in text {
            if character == "<" { isInTag = true }
            if !isInTag { plain.append(character.isWhitespace ? " " : character) }
            if character == ">" { isInTag = false }
        }
        let words = plain.split(separator: " ").joined(separator: " ")
        return words.isEmpty ? nil : String(words.prefix(300))
    }
}
