internal import Domain
internal import HTTPClient
internal import JSONDocument

/// A client for the image cache of a node, over the service's API.
///
/// It tries the older paths first: they return how many images were affected, and can remove an image from only the cache or only the
/// queue. A service without them has the newer paths.
final class CacheServer {
    /// The reason why a request failed.
    enum Refusal: Error {
        case forbidden
        case noCache
        case other(String)
    }

    struct Entry {
        let id: String
        /// Seconds since 1970.
        let accessed: Double
        let modified: Double
        let size: Int64
        let hits: Int64
    }

    enum Part: String { case cached, queued }

    private let base: String
    private let client: HTTPClient
    private let credentials: Credentials
    private static let longestAnswer = 256 << 20

    init(_ base: String, _ credentials: Credentials, trust: TLSSettings) {
        (self.base, self.credentials) = (base, credentials)
        client = HTTPClient(timeouts: .init(connect: 10, exchange: 600), trust: trust)
    }

    func cached() throws(Refusal) -> [Entry] {
        try list(.cached).compactMap { entry in
            guard let entry = entry.object, let id = entry["image_id"]?.string else { return nil }
            return Entry(
                id: id, accessed: Self.number(entry["last_accessed"]), modified: Self.number(entry["last_modified"]),
                size: entry["size"]?.int ?? 0, hits: entry["hits"]?.int ?? 0)
        }
    }

    func queued() throws(Refusal) -> [String] { try list(.queued).compactMap(\.string) }

    func queue(_ id: String) throws(Refusal) {
        if try ask("PUT", "/v2/queued_images/\(id)") == nil, try ask("PUT", "/v2/cache/\(id)") == nil {
            throw try hasNewerPaths() ? .other("There is no image \(id).") : .noCache
        }
    }

    func delete(_ id: String, from part: Part) throws(Refusal) {
        if try ask("DELETE", "/v2/\(part.rawValue)_images/\(id)") != nil { return }
        // The newer path removes the image from both places, so it is used only if the image is in the right one.
        let names = part == .cached ? try cached().map(\.id) : try queued()
        guard names.contains(id.lowercased()) else { return }
        _ = try ask("DELETE", "/v2/cache/\(id)")
    }

    /// - Returns: the number of images that were removed.
    func deleteAll(from part: Part) throws(Refusal) -> Int64 {
        if let body = try ask("DELETE", "/v2/\(part.rawValue)_images") { return body.object?["num_deleted"]?.int ?? 0 }
        let count = part == .cached ? try cached().count : try queued().count
        guard try ask("DELETE", "/v2/cache", [("x-image-cache-clear-target", part == .cached ? "cache" : "queue")]) != nil else {
            throw .noCache
        }
        return Int64(count)
    }

    private func list(_ part: Part) throws(Refusal) -> [JSON] {
        let name = "\(part.rawValue)_images"
        let older = try ask("GET", "/v2/\(name)")
        let body = if let older { older } else { try ask("GET", "/v2/cache") }
        guard let body else { throw .noCache }
        guard let list = body.object?[name]?.array else { throw .other("The answer is not a list of images.") }
        return list
    }

    private func hasNewerPaths() throws(Refusal) -> Bool { try ask("GET", "/v2/cache") != nil }

    /// - Returns: the answer, null if it is empty; nil for 404.
    private func ask(_ method: String, _ path: String, _ headers: [(name: String, value: String)] = []) throws(Refusal) -> JSON? {
        let first = try token(besides: nil)
        var reply = try send(method, path, headers, first)
        if reply.status == 401, let second = try token(besides: first), second != first { reply = try send(method, path, headers, second) }
        switch reply.status {
        case 200..<300: return (try? JSON(parsing: reply.body)) ?? .null
        case 404: return nil
        case 403: throw .forbidden
        case 401: throw .other("The service answers 401 to \(method) \(path): the token is missing or not valid.")
        default:
            throw .other(
                "The service answers \(reply.status) to \(method) \(path): \(String(decoding: reply.body.prefix(500), as: UTF8.self))")
        }
    }

    private func token(besides refused: String?) throws(Refusal) -> String? {
        do throws(Fault) { return try credentials.token(besides: refused) } catch { throw .other(error.description) }
    }

    private func send(
        _ method: String, _ path: String, _ headers: [(name: String, value: String)], _ token: String?
    ) throws(Refusal) -> HTTPClient.Reply {
        let shown = token.map { [(name: "X-Auth-Token", value: $0)] } ?? []
        do throws(HTTPClientError) {
            return try client.send(method, base + path, headers: headers + shown, longest: Self.longestAnswer)
        } catch {
            throw .other("\(base): \(error.message)")
        }
    }

    private static func number(_ value: JSON?) -> Double {
        switch value {
        case .int(let number): Double(number)
        case .double(let number): number
        default: 0
        }
    }
}
