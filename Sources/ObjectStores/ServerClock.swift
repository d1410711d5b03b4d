internal import Glibc
internal import HTTPClient
internal import Synchronization
internal import Text

/// The clock of an S3 server, for signatures: a server refuses requests that were signed by a clock that differs from its own by more than a
/// quarter of an hour. It is this machine's clock until the server has refused one for that.
///
/// Source: Amazon S3 API Reference, "Error responses", `RequestTimeTooSkewed`.
final class ServerClock: Sendable {
    private let lead = Atomic(0)

    /// Seconds since 1970.
    var now: Int { time(nil) + lead.load(ordering: .relaxed) }

    /// Seconds by which the clock of the server that answered is ahead of this machine's; nil if it does not say.
    static func lead(of reply: HTTPClient.Reply) -> Int? {
        reply.serverTime.map { $0 - time(nil) }
    }

    /// The difference in seconds that makes a refusal worth a second try.
    private static let notable = 60

    /// Takes the time from an answer that refuses a request, if the difference of the clocks may be the reason.
    ///
    /// - Returns: whether the request may succeed now.
    func learns(from reply: HTTPClient.Reply) -> Bool {
        guard reply.status == 403, let theirs = Self.lead(of: reply) else { return false }
        // An answer to HEAD has no words.
        guard ["RequestTimeTooSkewed", ""].contains(S3Trouble(reply).code) else { return false }
        return abs(theirs - lead.exchange(theirs, ordering: .relaxed)) >= Self.notable
    }
}

extension HTTPClient.Reply {
    /// The time of the answer by the server's clock, in seconds since 1970; nil if it does not say.
    var serverTime: Int? { headers["Date"].flatMap(CivilTime.init(httpDate:))?.seconds }
}
