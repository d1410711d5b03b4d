internal import HTTP
internal import JSONDocument

/// The versions of the API, and the choice of the one that a request means.
///
/// A request names its version in the path, or in `Accept: application/vnd.openstack.images-v2`. After this choice, every path
/// begins with `/v2` or `/v1`, as in the route tables.
package struct Versions: Sendable {
    /// The result of the choice.
    package enum Choice {
        /// A path that begins with its version: `/v2/…` or `/v1/…`.
        case path(String)
        /// The list of versions, or a redirect: the client asked for the list, named no known version, or left out the last slash.
        case answer(Response)
    }

    /// Minor versions in the order of the document; empty if V2 is off.
    private let minors: [Int]
    private let hasV1: Bool

    /// The minor versions of V2, in Glance's order. Some stand for optional features: 2.14, 2.16 and 2.18 for the cache, 2.8 and 2.10 to
    /// 2.13 for several stores. A feature answers under every version. Source: Glance, `api/versions.py`.
    package static func minorsOfV2(hasCache: Bool, hasStores: Bool) -> [Int] {
        let newest = hasCache ? [18, 17, 16, 15, 14] : [15]
        return newest + (hasStores ? [13, 12, 11, 10, 9, 8] : [9]) + (hasCache ? [] : [17]) + [7, 6, 5, 4, 3, 2, 1, 0]
    }

    /// - Parameter minors: minor versions of V2; see `minorsOfV2`.
    package init(minors: [Int], hasV1: Bool) {
        self.minors = minors
        self.hasV1 = hasV1
    }

    /// Chooses the version that a request means.
    package func choose(for request: Request) -> Choice {
        let slash = UInt8(ascii: "/")
        let path = Substring(request.path.utf8.drop { $0 == slash })
        let end = path.utf8.firstIndex(of: slash) ?? path.endIndex
        let (first, rest) = (path[..<end], path[end...])

        if first == "versions" { return .answer(document(.ok, request)) }
        let vendor = "application/vnd.openstack.images-"
        if let accept = request.headers["Accept"], accept.hasPrefix(vendor) {
            guard let root = root(of: accept.dropFirst(vendor.count)) else { return .answer(document(.multipleChoices, request)) }
            return .path(self.root(of: first) == nil ? "\(root)/" + path : root + rest)
        }
        guard let root = root(of: first) else { return .answer(document(.multipleChoices, request)) }
        guard !rest.isEmpty else {
            var response = Response(.found)
            response.headers["Location"] = request.baseURL.address + root + "/"
            return .answer(response)
        }
        return .path(root + rest)
    }

    /// The root of a version in the route tables; nil if there is no such version.
    private func root(of name: Substring) -> String? {
        if hasV1, name == "v1" || name == "v1.0" || name == "v1.1" { return "/v1" }
        return !minors.isEmpty && name == "v2" || minors.contains { name == "v2.\($0)" } ? "/v2" : nil
    }

    private func document(_ status: Status, _ request: Request) -> Response {
        func version(_ name: String, _ status: String, _ root: String) -> JSON {
            let link: JSON = ["rel": "self", "href": .string(request.baseURL.address + root)]
            return ["id": .string(name), "status": .string(status), "links": [link]]
        }
        let versions =
            minors.map { version("v2.\($0)", $0 == minors.max() ? "CURRENT" : "SUPPORTED", "/v2/") }
            + (hasV1 ? ["v1.1", "v1.0"] : []).map { version($0, "DEPRECATED", "/v1/") }
        let document: JSON = ["versions": .array(versions)]
        return .json(document.text, status)
    }
}
