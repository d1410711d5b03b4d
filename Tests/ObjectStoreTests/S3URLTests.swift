import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

/// URLs by which nginx and clients fetch data from an S3 server.
@Suite struct `URLs of data in an S3 store` {
    private func field(_ name: String, of url: String) -> String? {
        url.split(separator: "?").last?.split(separator: "&").first { $0.hasPrefix("\(name)=") }.map {
            String($0.dropFirst(name.count + 1))
        }
    }

    private func status(of url: String) throws -> String {
        try Command("curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}", url]).text
    }

    @Test func `are valid for a day for nginx, and for two minutes for a client`() throws {
        let store = try S3Place.first.store()
        let remote = try #require(try store.bytes(at: store.add(Array("hello".utf8))).remote)
        #expect(field("X-Amz-Expires", of: remote.url) == "86400")
        let url = try #require(remote.urlForClient?())
        #expect(field("X-Amz-Expires", of: url) == "120")
        #expect(try status(of: url) == "200")
    }

    @Test(arguments: S3Place.all) func `are refused when their time is over`(_ place: S3Place) throws {
        var settings = S3Store.Settings()
        (settings.urlValidity, settings.redirectValidity) = (1, 1)
        let store = try place.store(settings)
        let remote = try #require(try store.bytes(at: store.add(Array("hello".utf8))).remote)
        let url = try #require(remote.urlForClient?())
        #expect(try eventually { try status(of: remote.url) == "403" })
        #expect(try eventually { try status(of: url) == "403" })
    }

    @Test func `count from the time of the server, whose clock may be another`() throws {
        let server = try RawServer { connection, _ in
            while connection.readHead() != nil {
                // On a day in 2031.
                connection.answer("200 OK", "Date: Wed, 01 Jan 2031 00:00:00 GMT\r\nETag: \"x\"\r\n", body: "hello")
            }
        }
        let store = try S3Place.first.store(at: "http://127.0.0.1:\(server.port)")
        let remote = try #require(try store.bytes(at: store.location(of: .fresh())).remote)
        for url in [remote.url, try #require(remote.urlForClient?())] {
            #expect(field("X-Amz-Date", of: url)?.hasPrefix("20310101T") == true, "\(url)")
        }
    }
}
