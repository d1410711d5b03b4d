internal import JSONDocument

/// The complete description of a job for the worker that runs it. It is kept until the task ends; clients never see it.
package enum JobDetails: Sendable, Equatable {
    case imageImport(ImportPlan)
    case location(LocationPlan)
}

/// An import of bytes that the client does not send to the store itself.
package struct ImportPlan: Sendable, Equatable {
    package var method: Method
    /// Names of writable stores; empty on a site with one store that has no name.
    package var stores: [String]
    /// Whether the failure of one store undoes the whole import.
    package var allMustSucceed: Bool
    /// Custom properties that the import sets on the image, in place of the client's values.
    package var injected: [String: String] = [:]
    /// The certificate for checking a signed image, fetched with the rights of the caller who ordered the import; the worker may not have
    /// these rights.
    package var certificate: SigningCertificate?

    package init(_ method: Method, stores: [String], allMustSucceed: Bool) {
        (self.method, self.stores, self.allMustSucceed) = (method, stores, allMustSucceed)
    }

    package enum Method: Sendable, Equatable {
        /// The bytes that a client has staged.
        case staged
        /// The bytes at a URL, with the digest that they must have.
        case web(url: String, expected: ImageHash?)
        /// The bytes in the stores that have them already.
        case copy
        /// The bytes of an image in another region.
        case region(RegionImage)
    }

    /// The names of the methods in the API.
    package enum Name: String, Sendable, CaseIterable {
        case glanceDirect = "glance-direct"
        case webDownload = "web-download"
        case copyImage = "copy-image"
        case glanceDownload = "glance-download"
    }

    package var name: Name {
        switch method {
        case .staged: .glanceDirect
        case .web: .webDownload
        case .copy: .copyImage
        case .region: .glanceDownload
        }
    }
}

/// An image of another region, and the caller who asked for it.
package struct RegionImage: Sendable, Equatable {
    /// The region's name in the catalog.
    package var region: String
    package var interface: String
    package var image: ImageID
    /// The encrypted token of the caller who ordered the import.
    package var sealedToken: String
    package var project: String?
    package var roles: Set<String>

    package init(
        region: String, interface: String, image: ImageID, sealedToken: String, project: String?, roles: Set<String>
    ) {
        (self.region, self.interface, self.image) = (region, interface, image)
        (self.sealedToken, self.project, self.roles) = (sealedToken, project, roles)
    }
}

/// A location that is added to an image, and the check of the bytes there.
package struct LocationPlan: Sendable, Equatable {
    package var url: String
    /// The digest that the bytes must have for the image to become active.
    package var expected: ImageHash?
    /// The algorithm to compute if no digest is expected.
    package var algorithm: String
    /// Whether the expected digest is accepted without reading the bytes.
    package var isTrusted: Bool

    package init(url: String, expected: ImageHash?, algorithm: String, isTrusted: Bool) {
        (self.url, self.expected, self.algorithm, self.isTrusted) = (url, expected, algorithm, isTrusted)
    }
}

// MARK: as JSON

extension JobDetails {
    package var text: String {
        let object: JSONObject =
            switch self {
            case .imageImport(let plan): ["import": .object(plan.json)]
            case .location(let plan): ["location": .object(plan.json)]
            }
        return String(decoding: JSON.object(object).text, as: UTF8.self)
    }

    /// - Returns: nil for a text that no release of this service has written.
    package init?(_ text: String) {
        guard let object = (try? JSON(parsing: Array(text.utf8)))?.object else { return nil }
        if let plan = object["location"]?.object.flatMap({ LocationPlan($0) }) {
            self = .location(plan)
        } else if let plan = object["import"]?.object.flatMap({ ImportPlan($0) }) {
            self = .imageImport(plan)
        } else {
            return nil
        }
    }
}

extension ImportPlan {
    fileprivate var json: JSONObject {
        var object: JSONObject = [
            "method": .string(name.rawValue), "stores": .array(stores.map { .string($0) }), "all_must_succeed": .bool(allMustSucceed),
        ]
        switch method {
        case .staged, .copy: break
        case .web(let url, let expected):
            object["url"] = .string(url)
            if let expected { object["expected"] = .object(expected.json) }
        case .region(let image): object["elsewhere"] = .object(image.json)
        }
        if !injected.isEmpty {
            var properties = JSONObject()
            for name in injected.keys.sorted() { properties[name] = .string(injected[name]!) }
            object["injected"] = .object(properties)
        }
        if let certificate { object["certificate"] = .object(certificate.json) }
        return object
    }

    fileprivate init?(_ object: JSONObject) {
        guard let name = object["method"]?.string.flatMap({ Name(rawValue: $0) }) else { return nil }
        switch name {
        case .glanceDirect: method = .staged
        case .copyImage: method = .copy
        case .webDownload:
            guard let url = object["url"]?.string else { return nil }
            method = .web(url: url, expected: object["expected"]?.object.flatMap { ImageHash($0) })
        case .glanceDownload:
            guard let image = object["elsewhere"]?.object.flatMap({ RegionImage($0) }) else { return nil }
            method = .region(image)
        }
        stores = object["stores"]?.array?.compactMap(\.string) ?? []
        allMustSucceed = object["all_must_succeed"]?.bool ?? true
        object["injected"]?.object?.forEach { injected[$0] = $1.string }
        certificate = object["certificate"]?.object.flatMap { SigningCertificate($0) }
    }
}

extension RegionImage {
    fileprivate var json: JSONObject {
        [
            "region": .string(region), "interface": .string(interface), "image": .string(image.text), "token": .string(sealedToken),
            "project": project.map { .string($0) } ?? .null, "roles": .array(roles.sorted().map { .string($0) }),
        ]
    }

    fileprivate init?(_ object: JSONObject) {
        guard let region = object["region"]?.string, let interface = object["interface"]?.string, let image = object["image"]?.string,
            let token = object["token"]?.string
        else { return nil }
        self.init(
            region: region, interface: interface, image: ImageID(image), sealedToken: token, project: object["project"]?.string,
            roles: Set(object["roles"]?.array?.compactMap(\.string) ?? []))
    }
}

extension LocationPlan {
    fileprivate var json: JSONObject {
        var object: JSONObject = ["url": .string(url), "algorithm": .string(algorithm), "trusted": .bool(isTrusted)]
        if let expected { object["expected"] = .object(expected.json) }
        return object
    }

    fileprivate init?(_ object: JSONObject) {
        guard let url = object["url"]?.string, let algorithm = object["algorithm"]?.string else { return nil }
        self.init(
            url: url, expected: object["expected"]?.object.flatMap { ImageHash($0) }, algorithm: algorithm,
            isTrusted: object["trusted"]?.bool ?? false)
    }
}

extension SigningCertificate {
    fileprivate var json: JSONObject { ["id": .string(id), "pem": .string(pem)] }

    fileprivate init?(_ object: JSONObject) {
        guard let id = object["id"]?.string, let pem = object["pem"]?.string else { return nil }
        self.init(id: id, pem: pem)
    }
}

extension ImageHash {
    fileprivate var json: JSONObject { ["algorithm": .string(algorithm), "value": .string(value)] }

    fileprivate init?(_ object: JSONObject) {
        guard let algorithm = object["algorithm"]?.string, let value = object["value"]?.string else { return nil }
        self.init(algorithm: algorithm, value: value)
    }
}
