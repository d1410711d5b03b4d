import JSONDocument
import Messaging
import TestSupport
import Testing

/// The brokers of a `transport_url`, compared with oslo.messaging.
@Suite struct `A transport URL` {
    static let urls = [
        "rabbit://", "rabbit://h", "rabbit://u:p@h:1/v", "rabbit://u:p@h1:5672,u:p@h2:5672//", "rabbit://u:p@h1,v:q@h2:1,w:r@h3/x",
        "rabbit://u:p@h1,h2:5/", "rabbit://h1,h2/%2Fv", "rabbit://u:p%40s%2Fs%3A@h/", "rabbit://u:p:q@h/", "rabbit://u:p@q@h/",
        "rabbit://u:p%zz@h/",
        "rabbit://u:50%@h/", "rabbit://u@h/", "rabbit://u:p@[::1]:2,u:p@[fe80::2]/", "rabbit://h:x/", "rabbit://h/v%20w?ssl=1",
        "rabbit://h?ssl=0",
        "kombu://u:p@h/", "rabbit://,h,/", "rabbit://u:%ff@h/", "rabbit://u:p@h/%C3%BC", "rabbit://h/a/b", "kafka://h:1,h:2", "nothing",
        "rabbit:h",
    ]

    @Test func `leads where oslo's leads`() throws {
        let answers = try #require(try Oslo.answer("transports", .array(Self.urls.map { .string($0) })).array)
        for (url, answer) in zip(Self.urls, answers) {
            let address = BrokerAddress(url: url)
            guard let theirs = answer.array, ["rabbit", "kombu"].contains(theirs[0].string), !url.hasPrefix("rabbit:h") else {
                #expect(address == nil, "\(url)")
                continue
            }
            let ours = try #require(address, "\(url)")
            // What is left out has the broker's default.
            let hosts = theirs[1].array.flatMap { $0.isEmpty ? nil : $0 } ?? [[nil, nil, nil, nil]]
            #expect(ours.hosts.count == hosts.count, "\(url)")
            for (host, parts) in zip(ours.hosts, hosts.compactMap(\.array)) {
                #expect(
                    host.user == parts[0].string ?? "guest" && host.password == parts[1].string ?? (parts[0] == .null ? "guest" : ""),
                    "\(url)")
                #expect(host.name == parts[2].string ?? "localhost" && Int64(host.port) == parts[3].int ?? 5672, "\(url)")
            }
            #expect(ours.virtualHost == theirs[2].string.flatMap { $0.isEmpty ? nil : $0 } ?? "/", "\(url)")
            #expect(ours.isEncrypted == (theirs[3].string == "1"), "\(url)")
        }
    }
}
