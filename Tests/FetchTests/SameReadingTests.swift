import CCurl
import Testing

@testable import Domain

/// `FetchURL` and libcurl parse the same text with two parsers, which must agree.
@Suite struct `A URL that is allowed` {
    private let rules: FetchRules
    init() throws { rules = try FetchRules(ports: .init()) }

    @Test func `has the same host and port for libcurl`() throws {
        let pieces = [
            "http://", "https://", "HTTP://", "example.com", "a_b.example", "8.8.8.8", "[2600::1]", "[2600:0::8.8.8.8]", "127.0.0.1",
            "127.1",
            "0x7f", "%2e", "%40", "%", "@", ":", ":80", ":443", ":8080", "/", "//", "\\", "?", "#", ".", "..", "[", "]", "user", ";", "&",
            "=", "!", "*", "0", "1", "x", "-", "_", "~", "'", "\"", "<", "|", "^", "`", "{", ",", "+", "$", "(",
        ]
        var random = SystemRandomNumberGenerator()
        var allowed = 0
        for _ in 0..<60_000 {
            var url = Bool.random(using: &random) ? "http://" : "https://"
            if Bool.random(using: &random) { url += ["user@", "user:x@", "example.com", "8.8.8.8"].randomElement(using: &random)! }
            for _ in 0..<Int.random(in: 1...5, using: &random) { url += pieces.randomElement(using: &random)! }
            guard let target = try? rules.judge(url) else { continue }
            allowed += 1
            let ours = try FetchURL(target.url)
            let theirs = try #require(Reading(url), "libcurl does not read \(url)")
            #expect(theirs.host == ours.host && theirs.port == ours.port && theirs.scheme == ours.scheme, "\(url)")
        }
        #expect(allowed > 1000)
    }
}

/// A URL as libcurl reads it.
private struct Reading {
    let scheme: String
    let host: FetchURL.Host
    let port: Int?

    init?(_ url: String) {
        guard let parts = curl_url() else { return nil }
        defer { curl_url_cleanup(parts) }
        func part(_ which: CURLUPart) -> String? {
            var found: UnsafeMutablePointer<CChar>?
            guard curl_url_get(parts, which, &found, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let found else { return nil }
            defer { curl_free(found) }
            return String(cString: found)
        }
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK, let scheme = part(CURLUPART_SCHEME),
            let name = part(CURLUPART_HOST), let host = try? FetchURL.Host(name[...])
        else { return nil }
        (self.scheme, self.host, port) = (scheme, host, part(CURLUPART_PORT).flatMap { Int($0) })
    }
}
