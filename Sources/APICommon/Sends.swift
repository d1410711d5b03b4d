package import Domain
internal import HTTP
internal import NotificationWire

extension Response {
    /// Adds a header that tells nginx which image's bytes this answer carries and who gets them, so that nginx can log the transfer.
    ///
    /// - Parameters:
    ///   - method: how the data are sent.
    ///   - destination: the client's address, if the notification is to contain it.
    package mutating func noteSend(of image: Image, by method: SendMethod, for call: Call, to destination: String? = nil) {
        guard call.request.method != .HEAD else { return }
        var sent = SentBytes(image: image.id)
        sent.owner = image.owner
        sent.receiverProject = call.caller.project
        sent.receiverUser = call.caller.user
        sent.destination = destination
        sent.method = method
        sent.trace = Trace.current
        headers[SendNote.header] = SendNote.text(of: sent)
    }
}
