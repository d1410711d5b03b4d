internal import JSONDocument

/// What a task is to do, in the words of whoever does it. Kept until the task ends; clients never see it.
package enum JobDetails: Sendable, Equatable {
    case imageImport(ImportPlan)
    case location(LocationPlan)
}

/// How an image gets its bytes without its client sending them to the store.
package struct ImportPlan: Sendable, Equatable {
    package var method: Method
    /// Names of stores, all writable; empty where the site has one without a name.
    package var stores: [String]
    /// One store that fails undoes all.
    package var allMustSucceed: Bool
    /// Custom properties that the image gets with its bytes, whatever its client said.
    package var injected: [String: String] = [:]
    /// With which a signed image is checked. Who ordered the import could get it; who does it perhaps not.
    package var certificate: SigningCertificate?

    package init(_ method: Method, stores: [String], allMustSucceed: Bool) {
        (self.method, self.stores, self.allMustSucceed) = (method, stores, allMustSucceed)
    }

    package enum Method: Sendable, Equatable {
        /// Of bytes that a client has staged.
        case staged
        /// From a URL; the digest is that of what the URL gives.
        case web(url: String, expected: ImageHash?)
        /// From the stores that have them.
        case copy
        /// From an image of another region.
        case region(RegionImage)
    }

    /// By which clients name a method. Source: spec v2 §12.
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

/// An image of another region, and who wants it.
package struct RegionImage: Sendable, Equatable {
    /// As the catalog calls them.
    package var region: String
    package var interface: String
    package var image: ImageID
    /// Of who ordered the import: as it is kept, and what the token is worth here.
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

/// A location that an image gets, and what is to be found out of the bytes there.
package struct LocationPlan: Sendable, Equatable {
    package var url: String
    /// That the bytes must have; the image is active only when they do.
    package var expected: ImageHash?
    /// The algorithm to compute where nothing is expected.
    package var algorithm: String
    /// Nobody looks at the bytes, and what is expected is believed.
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

    /// - Returns: nil for what no release of this service wrote.
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
