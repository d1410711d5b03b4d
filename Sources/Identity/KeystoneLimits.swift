package import Domain
internal import HTTPClient
internal import JSONDocument
package import Logging
internal import Numbers
internal import Synchronization
internal import Text
package import Threading

/// The limits of projects as Keystone keeps them: registered limits of the image service, and limits of single projects that replace them.
/// A resource without a registered limit has the limit 0. Source: oslo.limit, `_FlatEnforcer`.
package final class KeystoneLimits: LimitSource {
    /// The endpoint of the image service whose limits apply.
    package enum Endpoint: Sendable {
        case id(String)
        case lookup(serviceType: String?, serviceName: String?, region: String?, interface: String)
    }

    private let session: KeystoneSession
    private let endpoint: Endpoint
    private let bulkhead: Bulkhead?
    private let logger: Logger
    private let knownPlace = Mutex<Place?>(nil)
    /// By projects, for a few seconds.
    private let known = ExpiringCache<String, ProjectLimits>(seconds: 5, most: 10_000)
    private let flights = SingleFlight<String, ProjectLimits, Fault>()

    /// The service and region by which Keystone keeps limits.
    private struct Place: Sendable {
        let service: String
        let region: String?
    }

    package init(_ session: KeystoneSession, endpoint: Endpoint, bulkhead: Bulkhead? = nil, logger: Logger) {
        (self.session, self.endpoint, self.bulkhead, self.logger) = (session, endpoint, bulkhead, logger)
    }

    package var areTold: Bool { true }

    package func limits(of project: String) throws(Fault) -> ProjectLimits {
        if let limits = known[project] { return limits }
        return try bulkhead.run(orElse: .overloaded("The identity service")) { () throws(Fault) in try askedFor(project) }
    }

    private func askedFor(_ project: String) throws(Fault) -> ProjectLimits {
        try flights.run(project) { () throws(Fault) in
            if let limits = known[project] { return limits }
            let limits = try ask(for: project)
            known.keep(limits, for: project)
            return limits
        }
    }

    // MARK: asking

    private func ask(for project: String) throws(Fault) -> ProjectLimits {
        let place = try place()
        var query = "service_id=\(percentEncoded(place.service))"
        if let region = place.region { query += "&region_id=\(percentEncoded(region))" }
        var numbers: [String: Int64] = [:]
        for limit in try list("registered_limits", "/registered_limits?\(query)") where isFor(limit, place) {
            if let name = limit["resource_name"]?.string { numbers[name] = limit["default_limit"]?.int }
        }
        for limit in try list("limits", "/limits?\(query)&project_id=\(percentEncoded(project))") where isFor(limit, place) {
            guard limit["project_id"]?.string == project, let name = limit["resource_name"]?.string else { continue }
            numbers[name] = limit["resource_limit"]?.int
        }
        return ProjectLimits(
            imageSizeTotal: Self.limit(numbers["image_size_total"], unit: 1 << 20),
            imageStageTotal: Self.limit(numbers["image_stage_total"], unit: 1 << 20),
            imageCountTotal: Self.limit(numbers["image_count_total"]),
            imageCountUploading: Self.limit(numbers["image_count_uploading"]))
    }

    /// - Returns: nil for -1, which means unlimited.
    private static func limit(_ number: Int64?, unit: Int64 = 1) -> Int64? {
        guard let number else { return 0 }
        guard number >= 0 else { return nil }
        return number.multipliedClamped(by: unit)
    }

    private func isFor(_ limit: JSONObject, _ place: Place) -> Bool {
        limit["service_id"]?.string == place.service && limit["region_id"]?.string == place.region
    }

    private func list(_ name: String, _ path: String) throws(Fault) -> [JSONObject] {
        guard let elements = try object(at: path)[name]?.array else { throw .keystone("it answers GET \(path) with no \(name)") }
        return elements.compactMap(\.object)
    }

    private func object(at path: String) throws(Fault) -> JSONObject {
        let reply = try session.get(path)
        guard reply.status == 200 else {
            throw Self.misconfigured("it answers \(reply.status) to GET \(path); may the user of [oslo_limit] read there?")
        }
        guard let object = (try? JSON(parsing: reply.body))?.object else { throw .keystone("it answers GET \(path) with no JSON") }
        return object
    }

    // MARK: the service and region

    private func place() throws(Fault) -> Place {
        if let place = knownPlace.withLock({ $0 }) { return place }
        let found = try findPlace()
        guard let service = found["service_id"]?.string else { throw .keystone("one of its endpoints has no service_id") }
        let place = Place(service: service, region: found["region_id"]?.string)
        knownPlace.withLock { $0 = place }
        logger.info("limits are those of service \(place.service) in \(place.region ?? "any region")")
        return place
    }

    private func findPlace() throws(Fault) -> JSONObject {
        switch endpoint {
        case .id(let id):
            guard let endpoint = try object(at: "/endpoints/\(percentEncoded(id))")["endpoint"]?.object else {
                throw .keystone("it answers the question for endpoint \(id) with none")
            }
            return endpoint
        case .lookup(let type, let name, let region, let interface):
            var query: [String] = []
            if let type { query.append("type=\(percentEncoded(type))") }
            if let name { query.append("name=\(percentEncoded(name))") }
            let services = try list("services", "/services?\(query.joined(separator: "&"))")
            guard services.count == 1, let service = services[0]["id"]?.string else {
                throw Self.misconfigured("it has \(services.count) services that [oslo_limit] endpoint_service_type and _name mean")
            }
            query = ["service_id=\(percentEncoded(service))", "interface=\(percentEncoded(interface))"]
            if let region { query.append("region_id=\(percentEncoded(region))") }
            let endpoints = try list("endpoints", "/endpoints?\(query.joined(separator: "&"))")
            guard endpoints.count == 1 else {
                throw Self.misconfigured("it has \(endpoints.count) endpoints that [oslo_limit] endpoint_interface and _region_name mean")
            }
            return endpoints[0]
        }
    }

    /// The fault for a mistake of the configuration. As in Glance, a quota is then neither exceeded nor kept: the request fails.
    private static func misconfigured(_ reason: String) -> Fault {
        Fault(.unexpected, "The limits of projects cannot be found out.", cause: LimitTrouble(description: "Keystone: \(reason)"))
    }
}

private struct LimitTrouble: Error, CustomStringConvertible {
    let description: String
}
