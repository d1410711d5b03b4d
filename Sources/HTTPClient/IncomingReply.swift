internal import CCurl

/// Collects the answer to a request from libcurl's callbacks: its header, and a body of bounded length.
///
/// It belongs to the handle that it was made for, and must live as long as that handle performs.
final class IncomingReply {
    private var headers = ReplyHeaders()
    private var body = ReplyBody()
    private var longest = 0
    /// Why a callback stopped the exchange; libcurl itself reports only that one did.
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

    /// The object that `init` gave to libcurl. libcurl calls back only while a handle performs, while `self` lives.
    private static func of(_ context: UnsafeMutableRawPointer?) -> IncomingReply {
        Unmanaged.fromOpaque(context!).takeUnretainedValue()
    }

    /// Prepares for the next answer.
    ///
    /// - Parameter longest: bytes that the body of the next answer may have.
    func begin(longest: Int) { (headers, body, failure, self.longest) = (ReplyHeaders(), ReplyBody(), nil, longest) }

    /// Frees the body.
    func end() { body = ReplyBody() }

    /// The answer, after the exchange is complete.
    ///
    /// - Throws: `.cut` if its header broke off.
    func reply(of handle: EasyHandle) throws(HTTPClientError) -> HTTPClient.Reply {
        guard headers.isComplete else { throw HTTPClientError(.cut, "the answer's header broke off", mayHaveArrived: true) }
        return HTTPClient.Reply(status: handle.status, headers: headers, address: handle.address, pieces: body)
    }

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
