package import HTTP
internal import JSONDocument

/// The versions of the API: which there are, and which one a request means.
///
/// A request names its version in the path, or in `Accept: application/vnd.openstack.images-v2`. Behind this, every route
/// table begins with `/v2`.
package struct Versions: Sendable {
    package enum Choice {
        /// The path without doubt of its version: `/v2/…`.
        case path(String)
        /// The client wants to know which versions there are, or named one that there is not.
        case answer(Response)
    }

    /// Newest first.
    private let minors: [Int]
    /// The base of every link, when the operator has fixed it.
    private let publicEndpoint: String?

    /// What this service really has. 2.6 (import) and all from 2.8 on are left out until they are there.
    package static let minorsOfV2 = [7, 5, 4, 3, 2, 1, 0]

    package init(minors: [Int] = Self.minorsOfV2, publicEndpoint: String?) {
        self.minors = minors
        self.publicEndpoint = publicEndpoint
    }

    package func choose(for request: Request) -> Choice {
        let slash = UInt8(ascii: "/")
        let path = Substring(request.path.utf8.drop { $0 == slash })
        let end = path.utf8.firstIndex(of: slash) ?? path.endIndex
        let (first, rest) = (path[..<end], path[end...])

        if first == "versions" { return .answer(document(.ok, request)) }
        let vendor = "application/vnd.openstack.images-"
        if let accept = request.headers["Accept"], accept.hasPrefix(vendor) {
            guard isKnown(accept.dropFirst(vendor.count)) else { return .answer(document(.multipleChoices, request)) }
            return .path(isKnown(first) ? "/v2" + rest : "/v2/" + path)
        }
        guard isKnown(first) else { return .answer(document(.multipleChoices, request)) }
        guard !rest.isEmpty else {
            var response = Response(.found)
            response.headers["Location"] = base(request) + "/v2/"
            return .answer(response)
        }
        return .path("/v2" + rest)
    }

    private func isKnown(_ name: Substring) -> Bool {
        name == "v2" || minors.contains { name == "v2.\($0)" }
    }

    private func base(_ request: Request) -> String {
        let base = publicEndpoint ?? request.base
        return base.last == "/" ? String(base.dropLast()) : base
    }

    private func document(_ status: Status, _ request: Request) -> Response {
        let link: JSON = ["rel": "self", "href": .string(base(request) + "/v2/")]
        let versions = minors.enumerated().map { place, minor -> JSON in
            ["id": .string("v2.\(minor)"), "status": place == 0 ? "CURRENT" : "SUPPORTED", "links": [link]]
        }
        let document: JSON = ["versions": .array(versions)]
        return .json(document.text, status)
    }
}
