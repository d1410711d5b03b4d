package import APICommon
package import Domain
internal import HTTP
internal import JSONDocument
internal import Operations
internal import RegistryWire

/// Images of V1: the record is in the headers, the data in the body.
package struct V1ImagesHandlers: RouteGroup {
    let service: ImageService
    let formats: V1Formats
    /// Images on a page if the query has no limit, and the largest limit.
    let usualPage, longestPage: Int
    /// Whether answers tell nginx which image's bytes it sends, for notifications and for the records of use.
    let notesSends: Bool

    package init(_ parts: V1API.Parts) {
        (service, formats, notesSends) = (parts.service, parts.formats, parts.notesSends)
        (usualPage, longestPage) = (parts.usualPage, parts.longestPage)
    }

    package static let subject = "Images"
    package static let origin = GlanceOrigin.olderGlance

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v1/",               brief,    200, "Lists images in brief."),
        Row(.POST,   "/v1/",               brief,    200, "Lists images in brief."),
        Row(.PUT,    "/v1/",               brief,    200, "Lists images in brief."),
        Row(.DELETE, "/v1/",               brief,    200, "Lists images in brief."),
        Row(.GET,    "/v1/images",         brief,    200, "Lists images in brief."),
        Row(.POST,   "/v1/images",         create,   201, "Creates an image: the record from the header, the data from the body or a URL."),
        Row(.GET,    "/v1/images/detail",  detailed, 200, "Lists images with all fields."),
        Row(.GET,    "/v1/images/{image}", show,     200, "Sends an image's data; HEAD sends the record alone, as header fields."),
        Row(.PUT,    "/v1/images/{image}", update,   200, "Changes a record, or takes the data of a queued image."),
        Row(.DELETE, "/v1/images/{image}", delete,   200, "Deletes an image and its data."),
    ]

    // MARK: lists

    private func brief(_ call: Call) throws(Fault) -> Response {
        try list(call, WireImage.writeBrief)
    }

    private func detailed(_ call: Call) throws(Fault) -> Response {
        try list(call) { WireImage.write($0, for: .client, to: &$1) }
    }

    private func list(_ call: Call, _ write: @escaping (Image, inout JSONWriter) -> Void) throws(Fault) -> Response {
        let (listing, reader) = try ImageListing.fromV1Query(call.query, for: call.caller, usual: usualPage, most: longestPage)
        let walk = try service.walk(listing, for: reader)
        return .json { json throws(Fault) in try WireImage.write(walk, to: &json, write) }
    }

    // MARK: reading

    /// Answers GET with the data, and HEAD with the record, also for images without data and, for administrators, deleted images.
    private func show(_ call: Call) throws(Fault) -> Response {
        if call.request.method == .HEAD {
            var response = Response(.ok)
            response.headers = try V1Response.headers(of: try service.record(of: call.imageID, for: call.caller))
            return response
        }
        let (image, bytes) = try service.download(
            call.imageID, asking: [.getImage], fetching: { $0.properties.isEmpty && call.nginxFetchesByTag }, for: call.caller)
        // Unlike in V2, administrators get no data of a deactivated image either.
        guard image.status != .deactivated else {
            throw Fault(.forbidden, "The requested image has been deactivated. Image data download is forbidden.")
        }
        guard image.status == .active else {
            throw Fault(.notFound, "Image \(image.id) is not active, and has no data to send.")
        }
        var response = Response(.ok)
        response.headers = try V1Response.headers(of: image)
        response.headers["Content-Type"] = "application/octet-stream"
        guard let bytes else {
            guard image.size == 0 else { throw Fault(.notFound, "The data of image \(image.id) cannot be found.") }
            return response
        }
        if notesSends {
            response.noteSend(of: image, by: bytes.isCached ? .cache : .v1, for: call, to: call.request.remoteAddress)
        }
        // nginx cannot add the headers of custom properties, and would refuse conditions that V1 ignores.
        if let path = bytes.internalPath, image.properties.isEmpty, !call.hasConditionThatNginxRefuses {
            response.body = .file(internalPath: path, length: bytes.size)
        } else if image.properties.isEmpty, let fetch = call.fetch(bytes, of: image) {
            response.body = .remote(fetch, length: bytes.size)
        } else {
            response.body = try .all(bytes, for: call)
        }
        return response
    }

    // MARK: writing

    /// The fields that a request gives; the size that it names is checked against the limit.
    private func wanted(by call: Call) throws(Fault) -> V1Request {
        let wanted = try V1Request(call.request.headers, formats)
        if let size = wanted.size { try service.checkFits(size) }
        return wanted
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        let wanted = try wanted(by: call)
        guard !wanted.isDeleted else { throw V1Request.bad("deleted", "cannot be true of a new image") }
        let source = try Source(of: call, wanted)
        guard case .body = source else { return try create(call, wanted, source) }
        return try service.clientUploads.withOne(for: call.caller.project) { () throws(Fault) in try create(call, wanted, source) }
    }

    private func create(_ call: Call, _ wanted: V1Request, _ source: Source) throws(Fault) -> Response {
        var random = SystemRandomNumberGenerator()
        var draft = wanted.fields.draft(.random(using: &random), by: call.caller)
        var bytes: Int64 = 0
        switch source {
        case .none:
            if wanted.size == 0 {
                try service.checkMayBeEmpty(draft.properties)
                draft.status = .active
            }
            draft.size = draft.size ?? 0
        case .body:
            try checkFormats(draft.diskFormat, draft.containerFormat)
            try checkBody(call, wanted)
            bytes = call.request.promised ?? 0
        case .location(let url):
            try checkFormats(draft.diskFormat, draft.containerFormat)
            try service.checkMayBeLocated(draft.properties)
            try service.checkMayCreate(draft, asking: source.rules, by: call.caller)
            bytes = try size(at: url, announced: wanted.size)
            draft.size = bytes
            draft.status = .active
            draft.locations = [ImageLocation(url: url)]
        case .copy(let url):
            try service.checkMayCreate(draft, asking: source.rules, by: call.caller)
            bytes = try size(at: url, announced: wanted.size)
            draft.size = bytes
        }
        let image =
            if let data = source.data(of: call) {
                try whileThere { () throws(Fault) in
                    try service.create(draft, with: data, bringing: bytes, asking: source.rules, by: call.caller)
                }
            } else {
                try service.create(draft, bringing: bytes, asking: source.rules, by: call.caller)
            }
        var response = V1Response.document(of: image, .created)
        response.headers["Location"] = "\(call.request.baseURL.address)/v1/images/\(image.id)"
        return response
    }

    private func update(_ call: Call) throws(Fault) -> Response {
        let wanted = try wanted(by: call)
        let source = try Source(of: call, wanted)
        guard case .body = source else { return try update(call, wanted, source) }
        return try service.clientUploads.withOne(for: call.caller.project) { () throws(Fault) in try update(call, wanted, source) }
    }

    private func update(_ call: Call, _ wanted: V1Request, _ source: Source) throws(Fault) -> Response {
        let before = try service.record(of: call.imageID, for: call.caller)
        guard before.deletedAt == nil else { throw Fault(.forbidden, "A deleted image cannot be changed.") }
        try service.checkMayReplaceMetadata(before, asking: source.rules, by: call.caller)
        let (disk, container) = (wanted.fields.diskFormat ?? before.diskFormat, wanted.fields.containerFormat ?? before.containerFormat)
        func replaceMetadata(
            purging: Bool, bringing bytes: Int64 = 0, _ further: (inout Image) throws(Fault) -> Void
        ) throws(Fault) -> Response {
            let image =
                if let data = source.data(of: call) {
                    try whileThere { () throws(Fault) in
                        try service.replaceMetadata(
                            before, to: wanted.fields, purging: purging, with: data, bringing: bytes, asking: source.rules, by: call.caller,
                            further)
                    }
                } else {
                    try service.replaceMetadata(
                        before, to: wanted.fields, purging: purging, bringing: bytes, asking: source.rules, by: call.caller, further)
                }
            return V1Response.document(of: image)
        }
        guard !wanted.hasUnknownStatus else { throw .statusFixed }
        switch source {
        case .none: return try replaceMetadata(purging: wanted.purges) { _ throws(Fault) in }
        case .body:
            try checkFormats(disk, container)
            try checkBody(call, wanted)
            return try replaceMetadata(purging: false, bringing: call.request.promised ?? 0) { image throws(Fault) in
                guard image.status == .queued else {
                    throw Fault(.conflict, "Image \(image.id) takes no data in status \(image.status.rawValue).")
                }
                if let size = image.size, size != 0, let length = call.request.promised, size != length {
                    throw Fault(.invalid, "The image was to have a size of \(size) bytes, and the body has \(length).")
                }
            }
        case .location(let url):
            try Self.requireQueued(before)
            try checkFormats(disk, container)
            let size = try size(at: url, announced: wanted.size)
            return try replaceMetadata(purging: wanted.purges, bringing: size) { image throws(Fault) in
                try Self.requireQueued(image)
                try service.checkMayBeLocated(image.properties)
                (image.status, image.size, image.locations) = (.active, size, [ImageLocation(url: url)])
            }
        case .copy(let url):
            try Self.requireQueued(before)
            let size = try size(at: url, announced: wanted.size)
            return try replaceMetadata(purging: wanted.purges, bringing: size) { image throws(Fault) in
                try Self.requireQueued(image)
                image.size = size
            }
        }
    }

    private func delete(_ call: Call) throws(Fault) -> Response {
        do throws(Fault) {
            try service.delete(call.imageID, by: call.caller)
        } catch {
            guard error.kind == .notFound, try service.isBeingDeleted(call.imageID, of: call.caller) else { throw error }
            throw Fault(.forbidden, "Image \(call.imageID) is being deleted already.")
        }
        return Response(.ok)
    }

    // MARK: data

    /// The source of an image's bytes.
    private enum Source {
        case none, body
        case location(String)
        case copy(String)

        init(of call: Call, _ wanted: V1Request) throws(Fault) {
            // A chunked body counts as a body even if it is empty.
            switch (call.request.hasBody || call.request.isChunked, wanted.location, wanted.copyFrom) {
            case (false, nil, nil): self = .none
            case (true, nil, nil): self = .body
            case (false, let url?, nil): self = .location(url)
            case (false, nil, let url?): self = .copy(url)
            default:
                throw Fault(
                    .invalid, "Image data must come from exactly one of the body, x-image-meta-location and x-glance-api-copy-from.")
            }
        }

        /// Policy rules to check besides those for the record.
        var rules: [PolicyRule] {
            switch self {
            case .none: []
            case .body: [.uploadImage]
            case .location: [.setImageLocation]
            case .copy: PolicyRule.ofCopies
            }
        }

        /// The data that the service reads or fetches; nil if it does neither.
        func data(of call: Call) -> ImageData? {
            switch self {
            case .none, .location: nil
            case .body: .body(call.request.body, announced: call.request.promised)
            case .copy(let url): .copy(from: url)
            }
        }
    }

    /// V1 answers 412 if the image was deleted while its data arrived.
    private func whileThere(_ act: () throws(Fault) -> Image) throws(Fault) -> Image {
        do throws(Fault) {
            return try act()
        } catch {
            throw error.kind == .gone ? Fault(.changedMeanwhile, error.message) : error
        }
    }

    private func checkBody(_ call: Call, _ wanted: V1Request) throws(Fault) {
        guard call.request.headers["Content-Type"]?.prefix(while: { $0 != ";" }) == "application/octet-stream" else {
            throw Fault(.invalid, "Content-Type must be application/octet-stream")
        }
        if let size = wanted.size, let length = call.request.promised, size != length {
            throw V1Request.bad("size", "is \(size), and the body has \(length) bytes")
        }
        if let length = call.request.promised { try service.checkFits(length) }
    }

    private func checkFormats(_ disk: String?, _ container: String?) throws(Fault) {
        guard disk != nil else { throw Fault(.invalid, "Disk format is not specified.") }
        guard container != nil else { throw Fault(.invalid, "Container format is not specified.") }
    }

    /// Asks the server of a URL for the number of bytes.
    ///
    /// - Throws: `.conflict` if the client announced another number.
    private func size(at url: String, announced: Int64?) throws(Fault) -> Int64 {
        let size = try service.size(at: url)
        if let announced, announced != size {
            throw Fault(.conflict, "The image at the address has \(size) bytes, not \(announced).")
        }
        return size
    }

    private static func requireQueued(_ image: Image) throws(Fault) {
        guard image.status == .queued else {
            throw Fault(.invalid, "Data of image \(image.id) cannot be set in status \(image.status.rawValue).")
        }
    }
}
