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
            json.member("request", sent.trace?.requestID)
            json.member("global_request", sent.trace?.globalRequestID)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// The content of a line of nginx's log.
    package enum Line: Equatable {
        /// Data was sent.
        case sent(SentBytes)
        /// The answer had no image data, for example 304.
        case nothing
        /// The line has another form.
        case strange
    }

    /// Parses a line of nginx's log.
    package static func read(_ line: [UInt8]) -> Line {
        guard let fields = (try? JSON(parsing: line))?.object, let note = fields["send"]?.string,
            let object = (try? JSON(parsing: Array(note.utf8)))?.object, let image = object["image"]?.string, image.utf8.count <= 36,
            let status = fields["status"]?.int, let bytes = fields["bytes"]?.int,
            let moment = fields["time"]?.string.flatMap({ Double($0) }), 0...4e9 ~= moment
        else { return .strange }
        guard status == 200 || status == 206, let announced = fields["length"]?.string.flatMap({ Int64($0) }) else { return .nothing }
        var sent = SentBytes(image: ImageID(image))
        sent.owner = object["owner"]?.string
        sent.receiverProject = object["project"]?.string
        sent.receiverUser = object["user"]?.string
        sent.destination = object["destination"]?.string
        sent.trace = object["request"]?.string.map { Trace(requestID: $0, globalRequestID: object["global_request"]?.string) }
        (sent.bytes, sent.announced, sent.moment) = (bytes, announced, moment)
        return .sent(sent)
    }
}
