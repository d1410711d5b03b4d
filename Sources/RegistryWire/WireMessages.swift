package import Domain
package import JSONDocument

// The messages between API and registry besides V1's own routes: leases of uploads, owed removals, ordered copies.

extension Upload {
    /// The message of an upload.
    package var wire: JSONObject {
        ["image_id": .string(image.text), "token": .string(token), "pending_url": .string(pendingURL)]
    }

    /// Reads an upload.
    package init(wire object: JSONObject) throws(Fault) {
        self.init(
            image: ImageID(try object.text("image_id")), token: try object.text("token"), pendingURL: try object.text("pending_url"))
    }
}

extension QuotaClaim {
    /// The message of a claim.
    package var wire: JSONObject {
        var object: JSONObject = ["project": .string(project), "images": .int(images)]
        if let bytes { object["bytes"] = .int(bytes) }
        if let most { object["most"] = .int(most) }
        for (name, limit) in Self.names { if let value = limits[keyPath: limit] { object[name] = .int(value) } }
        return object
    }

    /// Reads a claim.
    package init(wire object: JSONObject) throws(Fault) {
        var limits = ProjectLimits.none
        for (name, limit) in Self.names { limits[keyPath: limit] = object[name]?.int }
        self.init(
            project: try object.text("project"), limits: limits, images: try object.number("images"), bytes: object["bytes"]?.int)
        most = object["most"]?.int
    }

    /// The claim in a message; nil when it has none.
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
    /// The message of measured data.
    package var wire: JSONObject {
        var object: JSONObject = [
            "size": .int(size), "checksum": .string(checksum), "os_hash_algo": .string(hash.algorithm),
            "os_hash_value": .string(hash.value),
        ]
        if let virtualSize { object["virtual_size"] = .int(virtualSize) }
        return object
    }

    /// Reads measured data.
    package init(wire object: JSONObject) throws(Fault) {
        self.init(
            size: try object.number("size"), virtualSize: object["virtual_size"]?.int, checksum: try object.text("checksum"),
            hash: ImageHash(algorithm: try object.text("os_hash_algo"), value: try object.text("os_hash_value")))
    }
}

extension ImageLocation {
    /// The message of a location.
    package var wire: JSONObject { ["url": .string(url), "metadata": .string(metadata)] }

    /// Reads a location.
    package init(wire object: JSONObject) throws(Fault) {
        self.init(url: try object.text("url"), metadata: try object.text("metadata"))
    }
}

extension OwedRemoval {
    /// The message of a removal.
    package var wire: JSONObject { ["number": .int(number), "url": .string(url), "store": store.map { .string($0) } ?? .null] }

    /// Reads a removal.
    package init(wire object: JSONObject, of image: ImageID) throws(Fault) {
        self.init(number: try object.number("number"), image: image, url: try object.text("url"), store: object["store"]?.string)
    }
}

extension Member {
    /// The message of a member.
    ///
    /// - Parameters:
    ///   - reader: the reader; clients get fewer fields.
    ///   - name: the field of the id, `member_id` or `image_id`.
    package func wire(for reader: WireImage.Reader, naming name: String = "member_id") -> JSONObject {
        var object: JSONObject = [name: .string(name == "image_id" ? image.text : project), "can_share": .bool(canShare)]
        guard reader == .api else { return object }
        object["status"] = .string(status.rawValue)
        object["created_at"] = .string(createdAt.wireText)
        object["updated_at"] = .string(updatedAt.wireText)
        return object
    }

    /// Writes a whole list of members, or of shared images, while it is read.
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

    /// Reads a member.
    ///
    /// - Parameters:
    ///   - image: the image's id; nil when it is in the message.
    ///   - project: the member's project; nil when it is in the message.
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
    /// The message of a membership.
    package var wire: JSONObject {
        var object: JSONObject = ["member_id": .string(project)]
        if let canShare { object["can_share"] = .bool(canShare) }
        return object
    }

    /// Reads `{"memberships": […]}`, which clients send too. Of two entries of one project the last counts.
    ///
    /// - Throws: `.invalid` for anything else.
    package static func all(of body: JSON) throws(Fault) -> [Membership] {
        // A single membership without a list is invalid, as in Glance; python-glanceclient never sends it.
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

    /// Reads the flag `can_share`, which may be any value, as in Python: empty values, 0, false and null mean no, everything else means
    /// yes, even the text `false`.
    ///
    /// - Returns: nil when the field is missing.
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
    /// Reads a text.
    ///
    /// - Throws: `.invalid` when it is missing.
    package func text(_ name: String) throws(Fault) -> String {
        guard let text = self[name]?.string else { throw Fault(.invalid, "The text \(name) is missing.") }
        return text
    }

    /// Reads a number.
    ///
    /// - Throws: `.invalid` when it is missing.
    package func number(_ name: String) throws(Fault) -> Int64 {
        guard let number = self[name]?.int else { throw Fault(.invalid, "The number \(name) is missing.") }
        return number
    }
}

extension Fault {
    fileprivate static let noMember = Fault(.unexpected, "The image registry sent an invalid member.")
}

extension Fault.Kind {
    /// The kind of fault that a status of the registry means for the API.
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
            // nginx answers for a registry that is away, or the registry refuses the secret.
            case 401, 502, 503, 504: .unavailable
            default: .unexpected
            }
    }
}
