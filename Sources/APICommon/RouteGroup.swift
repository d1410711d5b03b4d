package import Domain
package import HTTP

/// Handlers of one subject, with their route table.
///
/// An API names each of its groups once, in its `RouteGroups`. The routes that are served and the reference of all routes both come from that list.
package protocol RouteGroup<Parts>: Sendable {
    /// What the handlers of this API are made of.
    associatedtype Parts

    /// The heading above the group's routes in the reference.
    static var subject: String { get }
    /// The services that have these routes, unless a row says otherwise.
    static var origin: GlanceOrigin { get }
    /// The rows in the order in which the router looks at them.
    static var routes: [RouteRow<Self>] { get }
    static var differences: [Difference] { get }

    /// Whether a site with these parts serves the group.
    static func isServed(with parts: Parts) -> Bool

    init(_ parts: Parts)
}

extension RouteGroup {
    package typealias Row = RouteRow<Self>

    package static var origin: GlanceOrigin { .glance }
    package static var differences: [Difference] { [] }
    package static func isServed(with parts: Parts) -> Bool { true }

    fileprivate static func served(with parts: Parts) -> [Route<Handler>] {
        guard isServed(with: parts) else { return [] }
        let group = Self(parts)
        return routes.map { Route($0.method, $0.pattern, body: $0.bodyRule, $0.handler(group)) }
    }

    fileprivate static func reference(in api: String) -> [RouteReference] {
        routes.map { row in
            RouteReference(
                api: api, subject: subject, method: row.method, pattern: row.pattern, success: row.success, meaning: row.meaning,
                origin: row.origin ?? origin)
        }
    }
}

/// A row of a group's route table: what answers a method on a path, and what the reference tells of it.
package struct RouteRow<Group>: Sendable {
    let method: HTTP.Method
    let pattern: String
    let bodyRule: BodyRule
    let handler: @Sendable (Group) -> Handler
    let success: Int
    let meaning: String
    let origin: GlanceOrigin?

    /// - Parameters:
    ///   - success: the status of an answer where all went well.
    ///   - meaning: a sentence that says what the route does.
    ///   - origin: nil for the group's.
    package init(
        _ method: HTTP.Method, _ pattern: String, body: BodyRule = .any, _ handler: @escaping @Sendable (Group) -> Handler, _ success: Int,
        _ meaning: String, origin: GlanceOrigin? = nil
    ) {
        (self.method, self.pattern, bodyRule, self.handler) = (method, pattern, body, handler)
        (self.success, self.meaning, self.origin) = (success, meaning, origin)
    }
}

/// Something that is other than in Glance on purpose.
package struct Difference: Sendable {
    /// The routes that it concerns, such as `PATCH /v2/images/{image}`; none where it concerns all of the group.
    package let routes: [String]
    package let what, reason: String

    package init(_ routes: String..., what: String, because reason: String) {
        (self.routes, self.what, self.reason) = (routes, what, reason)
    }
}

/// The groups of routes of one API, each named once.
package struct RouteGroups<Parts>: Sendable {
    /// The API's short name, such as `v2`.
    package let name: String
    private let groups: [any RouteGroup<Parts>.Type]

    /// - Parameter groups: in the order in which the router looks at them.
    package init(_ name: String, _ groups: [any RouteGroup<Parts>.Type]) { (self.name, self.groups) = (name, groups) }

    /// The routes of a site with these parts.
    package func served(with parts: Parts) -> [Route<Handler>] { groups.flatMap { $0.served(with: parts) } }

    /// Every route, also of groups that some sites do not serve.
    package var reference: [RouteReference] { groups.flatMap { $0.reference(in: name) } }

    package var differences: [(subject: String, difference: Difference)] {
        groups.flatMap { group in group.differences.map { (group.subject, $0) } }
    }
}

/// A route as the reference of all routes tells of it.
package struct RouteReference: Sendable {
    /// `v2`, `v1`, `registry`; empty for what belongs to no version.
    package let api: String
    package let subject: String
    package let method: HTTP.Method
    package let pattern: String
    /// The status of an answer where all went well.
    package let success: Int
    package let meaning: String
    package let origin: GlanceOrigin

    /// What the API itself answers, before any group of routes.
    package static let outsideOfVersions = [
        RouteReference(
            api: "", subject: "Versions and health", method: .GET, pattern: "/", success: 300, meaning: "Lists the versions of the API.",
            origin: .glance),
        RouteReference(
            api: "", subject: "Versions and health", method: .GET, pattern: "/versions", success: 200,
            meaning: "Lists the versions of the API.", origin: .glance),
        RouteReference(
            api: "", subject: "Versions and health", method: .GET, pattern: Healthcheck.path, success: 200,
            meaning: "Says whether requests may be sent here; `?detail` also says how database, stores and registry are.", origin: .glance),
    ]
}
