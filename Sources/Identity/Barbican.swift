package import Domain
package import HTTPClient
internal import JSONDocument
package import Threading

/// A source of certificates in the cloud's key manager. It is asked with the caller's token, so that the key manager decides who may read
/// which certificate.
///
/// Source: https://docs.openstack.org/barbican/latest/api/reference/secrets.html; castellan, `barbican_key_manager.py`.
package final class Barbican: CertificateSource {
    /// The way to find the key manager.
    package enum Place: Sendable {
        /// By its address.
        case address(String)
        /// By the catalog of the caller's token.
        case catalog(KeystoneSession, interface: String, region: String?)
    }

    private let place: Place
    private let client: HTTPClient
    private let bulkhead: Bulkhead?
    /// The time limit of an exchange in seconds.
    private static let patience = 30.0
    /// The largest size of an answer in bytes.
    private static let longestAnswer = 64 * 1024

    package init(_ place: Place, trust: TLSSettings, bulkhead: Bulkhead? = nil) {
        (self.place, self.bulkhead) = (place, bulkhead)
        client = HTTPClient(timeouts: .init(connect: 5, exchange: Self.patience), trust: trust)
    }

    package func certificate(_ id: String, for caller: Caller) throws(Fault) -> [UInt8] {
        guard let token = caller.token else {
            throw Fault(.invalid, "The signature of the image cannot be checked: there is no token to ask the key manager with.")
        }
        return try bulkhead.run(orElse: .overloaded("The key manager")) { () throws(Fault) in try certificate(id, token) }
    }

    private func certificate(_ id: String, _ token: CallerToken) throws(Fault) -> [UInt8] {
        let secret = "\(try base(token))/v1/secrets/\(id)"
        // Barbican returns the payload only as the content type that it was stored with.
        let record = try get(secret, "application/json", token, id)
        guard let types = (try? JSON(parsing: record))?.object?["content_types"]?.object, let type = types["default"]?.string,
            type.utf8.allSatisfy({ 0x20...0x7E ~= $0 })
        else { throw .noCertificate(id) }
        return try get("\(secret)/payload", type, token, id)
    }

    private func get(_ url: String, _ type: String, _ token: CallerToken, _ id: String) throws(Fault) -> [UInt8] {
        let headers = [("Accept", type), ("X-Auth-Token", token.text)] + Trace.field
        let reply: HTTPClient.Reply
        do throws(HTTPClientError) {
            reply = try client.send("GET", url, headers: headers, longest: Self.longestAnswer)
        } catch {
            throw error.kind == .tooLong ? .noCertificate(id) : Self.away("GET \(url): \(error.message)")
        }
        switch reply.status {
        case 200: return reply.body
        case 400..<500 where reply.status != 429: throw .noCertificate(id)
        default: throw Self.away("it answers \(reply.status) to GET \(url)")
        }
    }

    private func base(_ token: CallerToken) throws(Fault) -> String {
        switch place {
        case .address(let address): return KeystoneCatalog.withoutVersion(address, ["/v1"])
        case .catalog(let session, let interface, let region):
            let catalog = try session.catalog(of: token)
            guard let address = catalog.endpoint(of: "key-manager", interface: interface, region: region) else {
                throw Fault(.invalid, "The signature of the image cannot be checked: your catalog has no key manager.")
            }
            return KeystoneCatalog.withoutVersion(address, ["/v1"])
        }
    }

    private static func away(_ trouble: String) -> Fault {
        Fault(.unavailable, "The key manager cannot be asked now.", cause: Trouble(description: "Barbican: \(trouble)"))
    }
}
