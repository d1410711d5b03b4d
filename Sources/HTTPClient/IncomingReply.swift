internal import CCurl

/// The answer to a request as libcurl hands it over: its header and a body of bounded length.
///
/// It belongs to the handle that it was made for, and must live as long as that performs.
final class IncomingReply {
    private var headers = ReplyHeaders()
    private var body = ReplyBody()
    private var longest = 0
    /// Why the answer, or what goes out for it, was given up; libcurl itself would say only that somebody did.
    var failure: HTTPClientError?

    init(of handle: EasyHandle) {
        let context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        for option in [CURLOPT_HEADERDATA, CURLOPT_WRITEDATA] { handle.set(option, pointer: context) }
        handle.set(
            CURLOPT_HEADERFUNCTION,
            writer: { bytes, size, count, context in
                IncomingReply.of(context).take(line: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
            })
        handle.set(
            CURLOPT_WRITEFUNCTION,
            writer: { bytes, size, count, context in
                IncomingReply.of(context).take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
            })
    }

    /// libcurl gives back what `init` gave it, and calls only while a handle performs, while `self` lives.
    private static func of(_ context: UnsafeMutableRawPointer?) -> IncomingReply {
        Unmanaged.fromOpaque(context!).takeUnretainedValue()
    }

    /// Forgets what came before.
    ///
    /// - Parameter longest: bytes that the body of the next answer may have.
    func begin(longest: Int) { (headers, body, failure, self.longest) = (ReplyHeaders(), ReplyBody(), nil, longest) }

    /// Lets go of the body.
    func end() { body = ReplyBody() }

    /// The answer, once it is whole.
    func reply(status: Int) -> HTTPClient.Reply { HTTPClient.Reply(status: status, headers: headers, pieces: body) }

    private func take(line: UnsafeRawBufferPointer) -> Bool {
        do throws(HTTPClientError) {
            try headers.take(line: line)
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= longest - body.count else {
            failure = HTTPClientError(.tooLong, "the answer's body is longer than \(longest) bytes", mayHaveArrived: true)
            return false
        }
        body.append(bytes)
        return true
    }
}
