package import Domain
internal import JSONDocument

/// A worker's note about the data that nginx is about to send: a header that clients do not see, and that nginx writes into its log
/// together with the number of bytes (`nginx/glance-sends.conf`).
package enum SendNote {
    /// The name of the header.
    package static let header = "X-Vitrine-Send"

    /// The value of the header, as JSON.
    package static func text(of sent: SentBytes) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("image", sent.image.text)
            json.member("owner", sent.owner)
            json.member("project", sent.receiverProject)
            json.member("user", sent.receiverUser)
            json.member("destination", sent.destination)
            json.member("method", sent.method.rawValue)
            json.member("request", sent.trace?.requestID)
            json.member("global_request", sent.trace?.globalRequestID)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// The content of a line of nginx's log.
    package enum Line: Equatable {
        /// Data was sent. The id is nginx's own of the request; nil in a log of the release before, which had none.
        case sent(SentBytes, id: String?)
        /// The answer had no image data, for example 304.
        case nothing
        /// The line has another form.
        case strange
    }

    /// The first bytes of each line. Within a line they cannot occur again, since nginx escapes quotation marks.
    package static let lineStart = Array(#"{"send":""#.utf8)

    /// The longest line in bytes that is looked at. nginx writes no longer one.
    package static let longestLine = 64 * 1024

    /// The most bytes that one answer can have: 1 PiB.
    private static let mostBytes: Int64 = 1 << 50

    /// Parses a line of nginx's log.
    ///
    /// - Parameter latest: the time, in seconds since 1970, after which no line can have been written.
    package static func read(_ line: some Collection<UInt8>, before latest: Double = 4e9) -> Line {
        guard line.count <= longestLine, line.starts(with: lineStart), let fields = (try? JSON(parsing: Array(line)))?.object,
            let note = fields["send"]?.string,
            let object = (try? JSON(parsing: Array(note.utf8)))?.object, let image = object["image"]?.string, isID(image),
            let status = fields["status"]?.int, let bytes = fields["bytes"]?.int, 0...mostBytes ~= bytes,
            let moment = fields["time"]?.string.flatMap({ Double($0) }), 0...latest ~= moment
        else { return .strange }
        guard status == 200 || status == 206, let announced = fields["length"]?.string.flatMap({ Int64($0) }) else { return .nothing }
        var sent = SentBytes(image: ImageID(image))
        sent.owner = bounded(object["owner"])
        sent.receiverProject = bounded(object["project"])
        sent.receiverUser = bounded(object["user"])
        sent.destination = bounded(object["destination"])
        // Workers of the release before did not say the method; V1 alone told the address.
        sent.method = object["method"]?.string.flatMap(SendMethod.init) ?? (sent.destination == nil ? .v2 : .v1)
        sent.isRange = status == 206
        sent.trace = bounded(object["request"], longestRequest).map {
            Trace(requestID: $0, globalRequestID: bounded(object["global_request"], longestRequest))
        }
        (sent.bytes, sent.announced, sent.moment) = (bytes, announced, moment)
        let id = fields["id"]?.string.flatMap { $0.isEmpty || $0.utf8.count > 64 ? nil : $0 }
        return .sent(sent, id: id)
    }

    /// The longest names of callers and ids of requests that the records hold, in scalars.
    private static let (longestName, longestRequest) = (255, 1100)

    private static func isID(_ text: String) -> Bool { 1...36 ~= text.utf8.count && text.utf8.allSatisfy { 0x21...0x7E ~= $0 } }

    private static func bounded(_ value: JSON?, _ longest: Int = longestName) -> String? {
        guard let text = value?.string, text.unicodeScalars.count > longest else { return value?.string }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest)))
    }
}
