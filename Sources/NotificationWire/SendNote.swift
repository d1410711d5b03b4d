package import Domain
internal import JSONDocument

/// What a worker tells nginx of bytes that it is about to send: one header, which no client sees, and which nginx writes into its
/// log beside what it knows itself (`nginx/glance-sends.conf`).
package enum SendNote {
    package static let header = "X-Vitrine-Send"

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

    package enum Line: Equatable {
        case sent(SentBytes)
        /// An answer without an image's bytes, such as 304.
        case nothing
        case strange
    }

    /// Reads a line of nginx's log.
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
