internal import Domain
internal import HTTPClient
internal import JSONDocument
internal import Logging
internal import OsloLog
internal import Threading

/// Sends clients' requests on to other nodes of the site: processes of this service, or of Glance.
struct NodeClient: OtherNodes {
    private let client: HTTPClient
    private let bulkhead: Bulkhead?
    private let logger: Logger

    /// The most bytes of an answer, which is empty or a document of an error.
    private static let longestAnswer = 64 << 10

    /// - Parameter bulkhead: keeps nodes that are slow from taking all threads.
    init(bulkhead: Bulkhead?, logger: Logger) {
        // A node answers such a request after it has asked the database.
        client = HTTPClient(timeouts: .init(connect: 5, exchange: 30))
        (self.bulkhead, self.logger) = (bulkhead, logger)
    }

    func send(_ request: RequestToPassOn, to node: String) throws(Fault) -> String? {
        guard node.hasPrefix("http://") || node.hasPrefix("https://") else { throw .silent(node, nil) }
        logger.info("\(request.method) \(request.path) is sent on to \(node), which has what it needs")
        let base = node.hasSuffix("/") ? String(node.dropLast()) : node
        let reply = try bulkhead.run(orElse: .overloaded("The node that has the image's staged data")) { () throws(Fault) in
            do throws(HTTPClientError) {
                return try client.send(
                    request.method, base + request.path, headers: request.headers, body: request.body, longest: Self.longestAnswer)
            } catch {
                throw error.kind == .tooLong || error.kind == .cut ? .senseless(node, error) : .silent(node, error)
            }
        }
        guard reply.status < 300 else { throw refusal(reply, of: node) }
        return reply.headers["x-openstack-request-id"]
    }

    /// The fault that a node's answer means, with the node's own message if it has one.
    private func refusal(_ reply: HTTPClient.Reply, of node: String) -> Fault {
        let kinds: [Int: Fault.Kind] = [
            400: .invalid, 401: .unauthenticated, 403: .forbidden, 404: .notFound, 408: .tooSlow, 409: .conflict, 410: .gone,
            412: .changedMeanwhile, 413: .tooLarge, 415: .unsupportedMedia, 500: .unexpected, 503: .unavailable, 504: .unreachable,
        ]
        guard let kind = kinds[reply.status] else { return .senseless(node, nil) }
        let words = (try? JSON(parsing: reply.body))?.object?["message"]?.string
        logger.warning("\(node) answers \(reply.status) to what was sent on to it: \(words ?? "without a word")")
        return Fault(kind, words ?? "The node that has the image's staged data refuses.")
    }
}

extension Fault {
    fileprivate static func silent(_ node: String, _ cause: HTTPClientError?) -> Fault {
        Fault(.unreachable, "Stage host is unavailable", cause: NodeTrouble(node: node, reason: cause?.message ?? "it is no address"))
    }

    fileprivate static func senseless(_ node: String, _ cause: HTTPClientError?) -> Fault {
        Fault(
            .misanswered, "Stage host is unavailable", cause: NodeTrouble(node: node, reason: cause?.message ?? "its answer makes no sense")
        )
    }
}

/// The cause of a fault, for the log; clients do not see it.
private struct NodeTrouble: Error, CustomStringConvertible {
    let node, reason: String
    var description: String { "\(node) does not answer as it should: \(reason)" }
}

extension CompositionRoot {
    /// The client of the other nodes.
    func makeOtherNodes() throws -> NodeClient {
        NodeClient(bulkhead: try bulkhead("other nodes"), logger: log.logger("glance.nodes"))
    }
}
