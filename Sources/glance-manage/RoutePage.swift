internal import APICommon
internal import APIRegistry
internal import APIV1
internal import APIV2
internal import Domain
internal import HTTP
internal import JSONDocument

/// The reference of all routes, as a page and as JSON.
enum RoutePage {
    private struct Section {
        let title, text: String
        let routes: [RouteReference]
        let differences: [(subject: String, difference: Difference)]
    }

    private static let sections = [
        Section(
            title: "Images API v2",
            text: """
                Paths may begin with `/v2` or with any of its minor versions (`/v2.18`), which all mean the same. Identity, policy and quotas are
                described in [security.md](security.md) and [configuration.md](configuration.md).
                """,
            routes: V2API.groups.reference, differences: V2API.groups.differences),
        Section(
            title: "Images API v1",
            text: """
                `/v1`, `/v1.0` and `/v1.1` are the same. V1 is served where `[vitrine] registry_secret` is set and `[DEFAULT] enable_v1_api` is
                not off. Glance had it until its release 16 (Queens).
                """,
            routes: V1API.groups.reference, differences: V1API.groups.differences),
        Section(
            title: "Registry (internal)",
            text: """
                `glance-registry` serves these to `glance-api` alone, for V1. Nobody else should reach its port; the paths may change with every
                release.
                """,
            routes: RegistryAPI.groups.reference, differences: RegistryAPI.groups.differences),
    ]

    static let routes = RouteReference.outsideOfVersions + sections.flatMap(\.routes)

    static func json(_ route: RouteReference) -> JSON {
        let differences = (sections.first { $0.routes.first?.api == route.api }?.differences ?? []).filter { entry in
            entry.subject == route.subject && (entry.difference.routes.isEmpty || entry.difference.routes.contains(route.key))
        }
        return [
            "api": .string(route.api), "subject": .string(route.subject), "method": .string(route.method.name),
            "path": .string(route.pattern),
            "status": .int(Int64(route.success)), "meaning": .string(route.meaning), "glance": .string(route.origin.rawValue),
            "internal": .bool(route.isInternal),
            "differences": .array(
                differences.map { ["what": .string($0.difference.what), "reason": .string($0.difference.reason)] as JSON }),
        ]
    }

    static var markdown: String {
        """
        # API

        This page lists every route, and every difference to Glance with its reason. `glance-manage routes --format markdown` writes it; a test
        compares the two, and another one asks a real Glance 33 for its routes and finds all of them here.

        The column *status* is that of an answer where all went well; [Errors](#errors) has the others. HEAD works wherever GET does. A path that
        exists answers a method that it does not have with 405 and `Allow`. The column *Glance* says whether Glance 33 has the route (yes), older
        releases of it, or nobody (no).


        """ + table(RouteReference.outsideOfVersions, level: "##") + sections.map(page).joined() + errors + general
    }

    private static func page(_ section: Section) -> String {
        var page = "## \(section.title)\n\n\(section.text)\n\n"
        var rest = section.routes[...]
        while let subject = rest.first?.subject {
            let routes = rest.prefix { $0.subject == subject }
            rest = rest.dropFirst(routes.count)
            page += table(Array(routes), level: "###")
            let differences = section.differences.filter { $0.subject == subject }.map(\.difference)
            guard !differences.isEmpty else { continue }
            page += "Other than in Glance:\n\n" + differences.map(line).joined() + "\n"
        }
        return page
    }

    private static func table(_ routes: [RouteReference], level: String) -> String {
        let rows = routes.map { "| `\($0.method)` | `\($0.pattern)` | \($0.success) | \($0.origin.rawValue) | \($0.meaning) |\n" }
        return "\(level) \(routes.first?.subject ?? "")\n\n| method | path | status | Glance | what it does |\n|---|---|---|---|---|\n"
            + rows.joined() + "\n"
    }

    private static func line(_ difference: Difference) -> String {
        let routes = difference.routes.isEmpty ? "" : difference.routes.map { "`\($0)`" }.joined(separator: ", ") + ": "
        return "- \(routes)\(difference.what) *Why:* \(difference.reason)\n"
    }

    private static var errors: String {
        let rows = Fault.Kind.allCases.sorted { $0.status.code < $1.status.code }.map {
            "| \($0.status.code) | \($0.status.title) | \($0.meaning) |\n"
        }
        return """
            ## Errors

            The answer's body says what happened, as a page, as JSON or as text, by the request's `Accept`. `X-Openstack-Request-Id` names the
            request in the log. An answer that may be better in a moment has `Retry-After`.

            | status | title | when |
            |---|---|---|

            """ + rows.joined() + "\n"
    }

    private static var general: String { "## Differences everywhere\n\n" + everywhere.map(line).joined() }

    private static let everywhere = [
        Difference(
            what: "What Glance answers with 500 for a mistake of the client's is 400 or 404 with a reason.",
            because: "The client can mend it."),
        Difference(what: "HEAD works wherever GET does.", because: "HTTP says so; Glance answers 405."),
        Difference(
            what: "A request id that is too long is 431 on every route.", because: "Glance answers 200 on some routes and 500 on others."),
        Difference(
            what: "Errors are JSON where `Accept` is there and empty.",
            because: "openstacksdk uploads with that, and shows no reason that is text."),
        Difference(
            what: "The method of a request is never taken from its query.",
            because: "Glance's `?_method=DELETE` makes a GET delete an image."),
        Difference(
            what:
                "A database, store, registry or Keystone that does not answer is 503 within seconds, and a slow one takes a share of the threads.",
            because: "One part that hangs must not stop the others; Glance answers 500, or nothing."),
        Difference(
            what: "While Keystone is away, a caller whom nobody can name gets 503, not 401.",
            because: "A 401 lets clients think that their password is wrong."),
        Difference(
            what: "Custom properties whose names contain `os_glance` may be protected; only the service's own names are exempt.",
            because: "Glance looks for the text anywhere in a name."),
        Difference(
            what: "The health check's detailed form tells neither hosts nor threads nor paths.", because: "Anybody may ask it."),
    ]
}

extension RouteReference {
    /// Method and path, as differences name them.
    var key: String { "\(method) \(pattern)" }
    /// Whether no client is to use it.
    var isInternal: Bool { api == RegistryAPI.groups.name }
}

extension Fault.Kind {
    /// When a client meets it.
    fileprivate var meaning: String {
        switch self {
        case .invalid: "The request is malformed or contradicts itself."
        case .unauthenticated: "The request has no valid token."
        case .forbidden: "The caller sees the object and may not do this, or a field is the service's own."
        case .notFound: "There is no such object, or the caller does not see it."
        case .conflict: "The object's state does not allow it, or the name is taken."
        case .gone: "The object was deleted while the request ran."
        case .changedMeanwhile: "The state is another than `If-Match` names."
        case .tooLarge: "A limit or quota is exceeded, or the store is full."
        case .unsupportedMedia: "The `Content-Type` is not taken, or the data are not of the image's format or not safe."
        case .tooSlow: "The client sends too slowly."
        case .unsatisfiableRange: "The range lies outside of the data."
        case .headerTooLarge: "A header is longer than its limit."
        case .unreachable: "A service that the request needs does not answer."
        case .misanswered: "A service that the request needs answers with something that makes no sense."
        case .unavailable: "The database, a store or Keystone cannot be reached now, or too many requests wait for it."
        case .unexpected: "A mistake of the service; its log has the reason."
        }
    }
}
