package import Domain
package import JSONDocument

// What the API asks of the registry besides V1's own routes: leases of uploads, removals that are owed, copies that are
// ordered. The shapes are ours.

extension Upload {
    package var wire: JSONObject {
        ["image_id": .string(image.text), "token": .string(token), "pending_url": .string(pendingURL)]
    }

    package init(wire object: JSONObject) throws(Fault) {
        self.init(
            image: ImageID(try object.text("image_id")), token: try object.text("token"), pendingURL: try object.text("pending_url"))
    }
}

extension QuotaClaim {
    package var wire: JSONObject {
        var object: JSONObject = ["project": .string(project), "images": .int(images)]
        if let bytes { object["bytes"] = .int(bytes) }
        for (name, limit) in Self.names { if let value = limits[keyPath: limit] { object[name] = .int(value) } }
        return object
    }

    package init(wire object: JSONObject) throws(Fault) {
        var limits = ProjectLimits.none
        for (name, limit) in Self.names { limits[keyPath: limit] = object[name]?.int }
        self.init(
            project: try object.text("project"), limits: limits, images: try object.number("images"), bytes: object["bytes"]?.int)
    }

    /// Nil where a message has none.
    package static func claim(in message: JSONObject) throws(Fault) -> QuotaClaim? {
        guard let object = message["claim"]?.object else { return nil }
        return try QuotaClaim(wire: object)
    }

    private static var names: [(String, WritableKeyPath<ProjectLimits, Int64?>)] {
        [
            ("image_size_total", \.imageSizeTotal), ("image_stage_total", \.imageStageTotal),
            ("image_count_total", \.imageCountTotal), ("image_count_uploading", \.imageCountUploading),
        ]
    }
}

extension MeasuredBytes {
    package var wire: JSONObject {
        var object: JSONObject = [
            "size": .int(size), "checksum": .string(checksum), "os_hash_algo": .string(hash.algorithm),
            "os_hash_value": .string(hash.value),
        ]
        if let virtualSize { object["virtual_size"] = .int(virtualSize) }
        return object
    }

    package init(wire object: JSONObject) throws(Fault) {
        self.init(
            size: try object.number("size"), virtualSize: object["virtual_size"]?.int, checksum: try object.text("checksum"),
            hash: ImageHash(algorithm: try object.text("os_hash_algo"), value: try object.text("os_hash_value")))
    }
}

extension ImageLocation {
    package var wire: JSONObject { ["url": .string(url), "metadata": .string(metadata)] }

    package init(wire object: JSONObject) throws(Fault) {
        self.init(url: try object.text("url"), metadata: try object.text("metadata"))
    }
}

extension OwedRemoval {
    package var wire: JSONObject { ["number": .int(number), "url": .string(url)] }

    package init(wire object: JSONObject, of image: ImageID) throws(Fault) {
        self.init(number: try object.number("number"), image: image, url: try object.text("url"))
    }
}

extension Member {
    /// - Parameter reader: clients know less.
    package func wire(for reader: WireImage.Reader, naming name: String = "member_id") -> JSONObject {
        var object: JSONObject = [name: .string(name == "image_id" ? image.text : project), "can_share": .bool(canShare)]
        guard reader == .api else { return object }
        object["status"] = .string(status.rawValue)
        object["created_at"] = .string(createdAt.wireText)
        object["updated_at"] = .string(updatedAt.wireText)
        return object
    }

    /// A whole list, written while it is read: of members, or of images that are shared.
    package static func write(
        _ walk: ListWalk<Member>, _ list: String, for reader: WireImage.Reader, to json: inout JSONWriter
    ) throws(Fault) {
        let name = list == "members" ? "member_id" : "image_id"
        try json.object { json throws(Fault) in
            json.key(list)
            try json.array { json throws(Fault) in
                while !json.isAbandoned, let piece = try walk.next() {
                    for member in piece { json.value(.object(member.wire(for: reader, naming: name))) }
                }
            }
        }
    }

    /// - Parameters: what the message does not say because the request did.
    package init(wire object: JSONObject, image: ImageID? = nil, project: String? = nil) throws(Fault) {
        let image = if let image { image } else { ImageID(try object.text("image_id")) }
        let project = if let project { project } else { try object.text("member_id") }
        guard let status = Status(rawValue: try object.text("status")),
            let created = Timestamp(iso8601: try object.text("created_at")),
            let updated = Timestamp(iso8601: try object.text("updated_at"))
        else { throw .noMember }
        self.init(
            image: image, project: project, status: status, canShare: object["can_share"]?.bool ?? false, createdAt: created,
            updatedAt: updated)
    }
}

extension Membership {
    package var wire: JSONObject {
        var object: JSONObject = ["member_id": .string(project)]
        if let canShare { object["can_share"] = .bool(canShare) }
        return object
    }

    /// Reads `{"memberships": […]}` as clients send it too. Of a project named twice the last counts.
    ///
    /// - Throws: `.invalid` for anything else.
    package static func all(of body: JSON) throws(Fault) -> [Membership] {
        // A single one without its list is what python-glanceclient never sends and Glance takes for a broken one.
        guard let elements = body.object?["memberships"]?.array else {
            throw Fault(.invalid, "Invalid membership association: there are no memberships.")
        }
        var memberships: [Membership] = []
        for element in elements {
            guard let object = element.object, let project = object["member_id"]?.string, !project.isEmpty else {
                throw Fault(.invalid, "Invalid membership association: a member_id is missing.")
            }
            try ImageText.check(member: project)
            memberships.removeAll { $0.project.isSame(as: project) }
            memberships.append(Membership(project: project, canShare: canShare(of: object)))
        }
        return memberships
    }

    /// Any value counts, as Python takes it: what is empty, 0, false or null is no, and everything else yes, be it the text `false`.
    ///
    /// - Returns: nil where the message does not say.
    ///
    /// Source: Glance 16, `members.py` of V1 and of the registry.
    package static func canShare(of object: JSONObject) -> Bool? {
        object["can_share"].map { value in
            switch value {
            case .null: false
            case .bool(let flag): flag
            case .int(let number): number != 0
            case .double(let number): number != 0
            case .string(let text): !text.isEmpty
            case .array(let elements): !elements.isEmpty
            case .object(let members): !members.keys.isEmpty
            }
        }
    }
}

extension JSONObject {
    package func text(_ name: String) throws(Fault) -> String {
        guard let text = self[name]?.string else { throw Fault(.invalid, "The text \(name) is missing.") }
        return text
    }

    package func number(_ name: String) throws(Fault) -> Int64 {
        guard let number = self[name]?.int else { throw Fault(.invalid, "The number \(name) is missing.") }
        return number
    }
}

extension Fault {
    fileprivate static let noMember = Fault(.unexpected, "The image registry sent what is no member.")
}

extension Fault.Kind {
    /// What a status of the registry's means to the API.
    package init(registryStatus status: Int) {
        self =
            switch status {
            case 400: .invalid
            case 403: .forbidden
            case 404: .notFound
            case 409: .conflict
            case 410: .gone
            case 412: .changedMeanwhile
            case 413: .tooLarge
            // nginx is there and the registry is not, or it does not believe us.
            case 401, 502, 503, 504: .unavailable
            default: .unexpected
            }
    }
}
