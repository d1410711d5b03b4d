package import APICommon
internal import Domain
internal import HTTP
internal import Operations
internal import Text

/// Upload and download of image data.
package struct DataHandlers: RouteGroup {
    let service: ImageService
    /// Whether answers tell nginx which image's bytes it sends, for notifications and for the records of use.
    let notesSends: Bool
    /// Whether clients who ask for it are sent to the store's server.
    let redirectsDownloads: Bool

    package init(_ parts: V2API.Parts) {
        (service, notesSends, redirectsDownloads) = (parts.service, parts.notesSends, parts.redirectsDownloads)
    }

    package static let subject = "Images' data"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.PUT, "/v2/images/{image}/file", upload,                204, "Takes an image's data and makes the image active."),
        Row(.GET, "/v2/images/{image}/file", body: .none, download, 200, "Sends an image's data, or a range of them (206); 204 where there are none."),
    ]

    private func upload(_ call: Call) throws(Fault) -> Response {
        let announced = try call.announcedData()
        let store = try service.chosenStore(call.request.headers["X-Image-Meta-Store"])
        return try service.clientUploads.withOne(for: call.caller.project) { () throws(Fault) in
            try service.upload(call.imageID, from: call.request.body, announced: announced, into: store, by: call.caller)
            return Response(.noContent)
        }
    }

    /// Answers with the data or a range of it. nginx sends the file, and its ranges, where possible; the conditions that nginx would
    /// evaluate less strictly than Glance are evaluated here.
    private func download(_ call: Call) throws(Fault) -> Response {
        let request = call.request.headers
        let isPlain = request["Range"].map(ByteRange.isPlain) ?? (request["Content-Range"] == nil)
        let (image, bytes) = try service.download(
            call.imageID, preferring: call.preferredStores, fetching: { _ in isPlain && call.nginxFetchesByTag && !wantsRedirection(call) },
            for: call.caller)
        guard let bytes else { return Response(.noContent) }
        var response = Response(.ok)
        response.headers["Content-Type"] = "application/octet-stream"
        response.headers["Content-MD5"] = image.checksum
        let tag = (image.hash?.value ?? image.checksum).map { "\"\($0)\"" }
        response.headers["ETag"] = tag
        if let wanted = request["If-Match"], wanted != "*", tag.map(Self.tags(in: wanted).contains) != true {
            return ErrorDocument.response(to: call.request, .preconditionFailed, "The image's data do not match If-Match.")
        }
        if let tag, let known = request["If-None-Match"], known == "*" || known.contains(tag) {
            response.status = .notModified
            return response
        }
        if let url = redirection(of: bytes, for: call) { return Self.redirect(to: url) }
        if notesSends { response.noteSend(of: image, by: bytes.isCached ? .cache : .v2, for: call) }
        if let legacy = request["Content-Range"], request["Range"] == nil {
            return try send(bytes, try ByteRange(contentRange: legacy, of: bytes.size), response, for: call)
        }
        var range: ByteRange?
        if let text = request["Range"], (request["If-Range"] ?? tag) == tag { range = try ByteRange(text, of: bytes.size) }
        if isPlain, !call.hasConditionThatNginxRefuses, let path = bytes.internalPath {
            response.body = .file(internalPath: path, length: bytes.size)
            return response
        }
        if isPlain, let fetch = call.fetch(bytes, of: image, range: range.map { $0.first...$0.first + $0.count - 1 }) {
            response.body = .remote(fetch, length: range?.count ?? bytes.size)
            return response
        }
        response.headers["Accept-Ranges"] = "bytes"
        return try send(bytes, range, response, for: call)
    }

    /// The URL by which a client who asks for it gets the data from the store's server itself; nil if the site does not send clients there,
    /// or the server wants more than the URL.
    private func redirection(of bytes: Blob, for call: Call) -> String? {
        guard wantsRedirection(call), let url = bytes.remote?.urlForClient?(), RemoteURL(url) != nil else { return nil }
        return url
    }

    private func wantsRedirection(_ call: Call) -> Bool {
        redirectsDownloads && call.request.method == .GET && call.request.headers["X-Vitrine-Redirect"] == "307"
    }

    private static func redirect(to url: String) -> Response {
        var response = Response(.temporaryRedirect)
        response.headers["Location"] = url
        // The URL is for this caller, and for a short time.
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    private static func tags(in list: String) -> [String] {
        list.split(separator: ",").map { $0.drop { $0 == " " } }.map { String($0.prefix { $0 != " " }) }
    }

    private func send(_ bytes: Blob, _ range: ByteRange?, _ response: Response, for call: Call) throws(Fault) -> Response {
        var response = response
        guard let range else {
            response.body = try .all(bytes, for: call)
            return response
        }
        response.status = .partialContent
        response.headers["Content-Range"] = "bytes \(range.first)-\(range.first + range.count - 1)/\(bytes.size)"
        response.body = try .part(of: bytes, from: range.first, count: range.count, for: call)
        return response
    }
}

extension Call {
    /// Names of stores, in the order in which the client wants to read from them.
    fileprivate var preferredStores: [String] {
        (query["prefer"] ?? "").split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
    }

    /// The number of bytes that the client announces; nil if it announces none.
    ///
    /// - Throws: `.unsupportedMedia` unless the body's type is `application/octet-stream`.
    func announcedData() throws(Fault) -> Int64? {
        guard request.headers["Content-Type"]?.prefix(while: { $0 != ";" }) == "application/octet-stream" else {
            throw Fault(.unsupportedMedia, "Image data must be sent as application/octet-stream.")
        }
        guard let text = request.headers["X-Openstack-Image-Size"] else { return request.promised }
        guard let size = Int64(text), size >= 0 else {
            throw Fault(.invalid, "X-OpenStack-Image-Size must be a number of bytes, not '\(text.prefix(40))'.")
        }
        return size
    }
}

/// The range of an image's bytes that a client asks for.
struct ByteRange: Equatable {
    let first: Int64
    let count: Int64

    init(first: Int64, count: Int64) {
        self.first = first
        self.count = count
    }

    /// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n` as Glance does: the unit in any case, with blanks around its parts; text after the
    /// range is ignored.
    ///
    /// - Throws: `.invalid` for several ranges, `.unsatisfiableRange` for a malformed range or one behind the end.
    init(_ text: String, of size: Int64) throws(Fault) {
        guard !text.contains(",") else { throw Fault(.invalid, "Requests with multiple ranges are not supported.") }
        var reader = RangeReader(rest: text.utf8[...])
        guard reader.skip("bytes", anyCase: true), reader.skipBlanks(), reader.skip("="), reader.skipBlanks() else {
            throw Self.unsatisfiable(size)
        }
        let first = reader.number()
        guard reader.skipBlanks(), reader.skip("-"), reader.skipBlanks() else { throw Self.unsatisfiable(size) }
        switch (first, reader.number()) {
        case (let first?, nil) where first < size: self.init(first: first, count: size - first)
        case (let first?, let last?) where first <= last && first < size: self.init(first: first, count: min(last, size - 1) - first + 1)
        case (nil, let length?) where length > 0 && size > 0: self.init(first: max(0, size - length), count: min(length, size))
        default: throw Self.unsatisfiable(size)
        }
    }

    /// Reads `bytes a-b/*` and `bytes a-b/size`, which old clients send in a request's `Content-Range`. Like Glance, it ignores the size.
    init(contentRange text: String, of size: Int64) throws(Fault) {
        var reader = RangeReader(rest: text.utf8[...])
        guard reader.skip("bytes "), let first = reader.number(), reader.skip("-"), let last = reader.number(), reader.skip("/"),
            reader.skip("*") || reader.number() != nil, first <= last, last < size
        else { throw Self.unsatisfiable(size) }
        self.init(first: first, count: last - first + 1)
    }

    /// Whether nginx understands a `Range` in the same way as this type.
    static func isPlain(_ text: String) -> Bool {
        var reader = RangeReader(rest: text.utf8[...])
        return text.utf8.count <= 40 && reader.skip("bytes=", anyCase: true) && isShort(reader.number()) && reader.skip("-")
            && isShort(reader.number()) && reader.rest.isEmpty
    }

    private static func isShort(_ number: Int64?) -> Bool { (number ?? 0) < 1_000_000_000_000_000_000 }

    private static func unsatisfiable(_ size: Int64) -> Fault {
        Fault(.unsatisfiableRange, "The range lies outside of the image's \(size) bytes.").with(header: "Content-Range", "bytes */\(size)")
    }
}

/// Reads the parts of a range from left to right.
private struct RangeReader {
    var rest: Substring.UTF8View

    /// Skips a word. If another text is next, it reads nothing and returns false.
    mutating func skip(_ word: String, anyCase: Bool = false) -> Bool {
        let found = rest.prefix(word.utf8.count)
        guard found.elementsEqual(word.utf8, by: { $0 == $1 || anyCase && $0 | 0x20 == $1 | 0x20 }) else { return false }
        rest = rest[found.endIndex...]
        return true
    }

    /// Skips blanks, if there are any. It always returns true.
    mutating func skipBlanks() -> Bool {
        rest = rest.drop { $0 == 0x20 }
        return true
    }

    /// Reads a number. It returns nil if no digit is next, and the greatest number for a greater one.
    mutating func number() -> Int64? {
        let digits = rest.prefix { 0x30...0x39 ~= $0 }
        guard !digits.isEmpty else { return nil }
        rest = rest[digits.endIndex...]
        return Int64(Substring(digits)) ?? .max
    }
}
