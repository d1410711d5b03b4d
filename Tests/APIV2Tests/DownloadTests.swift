import Foundation
import TestSupport
import Testing

/// Either nginx or the worker sends the file; clients see no difference.
@Suite(.sharesServices) struct `Downloading image data` {
    enum Sender: CaseIterable, Sendable { case nginx, worker }

    private enum Streaming {}

    private func glance(_ sender: Sender) throws -> TestGlance {
        let options = "readable_folders ="
        return try sender == .nginx
            ? .of(Self.self, ["vitrine": options]) : .of(Streaming.self, ["vitrine": "\(options)\ninternal_prefix ="])
    }

    private func get(
        _ id: String, from sender: Sender, as person: TestGlance.Person? = .alice, _ headers: [String: String] = [:],
        _ method: String = "GET"
    ) throws -> Reply {
        try glance(sender).send(method, "/v2/images/\(id)/file", as: person, headers)
    }

    private static let tag = "\"\(Hello.sha512)\""

    @Test(arguments: Sender.allCases)
    func `gives the bytes with their length, digest and version`(_ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("hello")
        let reply = try get(id, from: sender)
        #expect(reply.status == 200)
        #expect(reply.text == "hello")
        #expect(reply["Content-Type"] == "application/octet-stream")
        #expect(reply["Content-Length"] == "5")
        #expect(reply["Content-MD5"] == Hello.md5)
        #expect(reply["ETag"] == Self.tag)
        #expect(reply["Accept-Ranges"] == "bytes")
        #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)
        #expect(reply["Last-Modified"] == nil)
        #expect(reply["Content-Range"] == nil)
        #expect(reply["Transfer-Encoding"] == nil)
        let names = reply.headers.map { $0.name.lowercased() }
        #expect(Set(names).count == names.count, "no header comes twice")
        #expect(!names.contains { $0.hasPrefix("x-accel") || $0 == "x-sendfile" || $0 == "status" })
        let named = try get(id, from: sender, ["X-Openstack-Request-Id": "mine"])
        #expect(named["x-openstack-request-id"] == "req-mine")
    }

    @Test(arguments: Sender.allCases)
    func `gives HEAD all but the bytes`(_ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("hello")
        let (get, head) = (try get(id, from: sender), try get(id, from: sender, [:], "HEAD"))
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        for name in ["Content-Type", "Content-Length", "Content-MD5", "ETag", "Accept-Ranges"] {
            #expect(head[name] == get[name], "\(name)")
        }
    }

    @Test(arguments: Sender.allCases)
    func `gives no bytes at all of an image of no bytes`(_ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("")
        let reply = try get(id, from: sender)
        #expect(reply.status == 200)
        #expect(reply["Content-Length"] == "0")
        #expect(reply["Content-MD5"] == "d41d8cd98f00b204e9800998ecf8427e")
        for range in ["bytes=0-", "bytes=0-0", "bytes=1-"] {
            #expect(try get(id, from: sender, ["Range": range]).status == 416, "\(range)")
        }
    }

    @Test(arguments: Sender.allCases)
    func `gives many bytes as they are`(_ sender: Sender) throws {
        let glance = try glance(sender)
        let id = try glance.hasImage()
        let data = filled(3_000_001) { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        #expect(try glance.upload(data, to: id).status == 204)
        #expect(try get(id, from: sender).body.isSame(as: data))
        let part = try get(id, from: sender, ["Range": "bytes=1000000-2999999"])
        #expect(part.status == 206)
        #expect(part.body.isSame(as: Array(data[1_000_000..<3_000_000])))
    }

    // MARK: parts

    static let ranges: [(range: String, bytes: String, place: String)] = [
        ("bytes=0-0", "0", "0-0"), ("bytes=0-9", "0123456789", "0-9"), ("bytes=2-4", "234", "2-4"), ("bytes=9-9", "9", "9-9"),
        ("bytes=5-", "56789", "5-9"), ("bytes=0-", "0123456789", "0-9"), ("bytes=9-", "9", "9-9"), ("bytes=5-100", "56789", "5-9"),
        ("bytes=0-9223372036854775806", "0123456789", "0-9"), ("bytes=-1", "9", "9-9"), ("bytes=-3", "789", "7-9"),
        ("bytes=-10", "0123456789", "0-9"), ("bytes=-100", "0123456789", "0-9"), ("bytes=00-01", "01", "0-1"),
        // As a real Glance 33 parses them.
        ("Bytes=2-5", "2345", "2-5"), ("BYTES=-3", "789", "7-9"), ("bytes =2-5", "2345", "2-5"), ("bytes = 2 - 5", "2345", "2-5"),
        ("bytes=2-5x", "2345", "2-5"), ("bytes=7-b", "789", "7-9"), ("bytes=0-4;q=1", "01234", "0-4"), ("bytes=1--3", "123456789", "1-9"),
        ("bytes=2-5/10", "2345", "2-5"),
        ("bytes=0-99999999999999999999", "0123456789", "0-9"), ("bytes=-99999999999999999999", "0123456789", "0-9"),
    ]

    @Test(arguments: ranges, Sender.allCases)
    func `gives a part that is asked for`(_ row: (range: String, bytes: String, place: String), _ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("0123456789")
        let reply = try get(id, from: sender, ["Range": row.range])
        #expect(reply.status == 206)
        #expect(reply.text == row.bytes)
        #expect(reply["Content-Range"] == "bytes \(row.place)/10")
        #expect(reply["Content-Length"] == "\(row.bytes.count)")
        #expect(reply["Content-Type"] == "application/octet-stream")
        #expect(reply["Content-MD5"] == "781e5e245d69b566979b86e28d23f2c7", "of the whole")
        #expect(reply["ETag"]?.count == 130)
        #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)
        #expect(!reply.headers.contains { $0.name.lowercased().hasPrefix("x-accel") })
    }

    @Test(
        arguments: [
            "bytes=10-", "bytes=10-11", "bytes=100-200", "bytes=4-2", "bytes=-0", "bytes=-", "bytes=", "bytes", "bytes=a-b",
            "bytes=--3", "bytes=+1-3", "bytes=0x1-3", "bytes=1.5-3", "items=0-1", "0-1",
            "bytes 0-1",
            "bytes=99999999999999999999-", "byte=0-1", "bytess=0-1", "bytes\t=0-1",
        ], Sender.allCases)
    func `is 416 for a part that makes no sense`(_ range: String, _ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("0123456789")
        let reply = try get(id, from: sender, ["Range": range])
        #expect(reply.status == 416)
        #expect(reply["Content-Range"] == "bytes */10")
        #expect(!reply.text.contains("0123"))
    }

    @Test(arguments: ["bytes=0-1,3-4", "bytes=0-1, 3-4", "bytes=0-1,", "bytes=,", "bytes=0-0,-1"], Sender.allCases)
    func `is 400 for several parts`(_ range: String, _ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("0123456789")
        #expect(try get(id, from: sender, ["Range": range]).status == 400)
    }

    @Test(
        arguments: [
            ("bytes 0-4/*", 206, "01234"), ("bytes 2-4/10", 206, "234"), ("bytes 0-9/10", 206, "0123456789"), ("bytes 9-9/*", 206, "9"),
            ("bytes 0-10/*", 416, ""), ("bytes 0-10/10", 416, ""), ("bytes 4-2/*", 416, ""), ("bytes 0-4", 416, ""),
            ("bytes=0-4/*", 416, ""),
            ("bytes a-b/*", 416, ""), ("bytes 0-4/11", 206, "01234"), ("Bytes 0-4/*", 416, ""), ("bytes 0-10/11", 416, ""),
            ("bytes */10", 416, ""), ("items 0-4/*", 416, ""), ("bytes -4/*", 416, ""),
        ] as [(String, Int, String)], Sender.allCases)
    func `takes a part's name in the way of old clients`(_ row: (String, Int, String), _ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("0123456789")
        let reply = try get(id, from: sender, ["Content-Range": row.0])
        #expect(reply.status == row.1)
        if row.1 == 206 {
            #expect(reply.text == row.2)
            #expect(reply["Content-Length"] == "\(row.2.count)")
            #expect(reply["Content-MD5"] == "781e5e245d69b566979b86e28d23f2c7")
        }
    }

    // MARK: conditions

    @Test(arguments: Sender.allCases)
    func `is 304 for who has it already`(_ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("hello")
        for known in [Self.tag, "*", "W/\(Self.tag)", "\"other\", \(Self.tag)"] {
            for method in ["GET", "HEAD"] {
                let reply = try get(id, from: sender, ["If-None-Match": known], method)
                #expect(reply.status == 304, "\(known)")
                #expect(reply.body.isEmpty)
                #expect(reply["ETag"] == Self.tag)
            }
        }
        for known in ["\"other\"", Hello.sha512, "\"\(Hello.md5)\"", ""] {
            let reply = try get(id, from: sender, ["If-None-Match": known])
            #expect(reply.status == 200, "\(known)")
            #expect(reply.text == "hello")
        }
    }

    @Test(arguments: Sender.allCases)
    func `goes on with a part only of the same bytes`(_ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("hello")
        let same = try get(id, from: sender, ["Range": "bytes=1-2", "If-Range": Self.tag])
        #expect(same.status == 206)
        #expect(same.text == "el")
        for other in ["\"other\"", "W/\(Self.tag)", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            let reply = try get(id, from: sender, ["Range": "bytes=1-2", "If-Range": other])
            #expect(reply.status == 200, "\(other)")
            #expect(reply.text == "hello")
        }
    }

    @Test(arguments: Sender.allCases)
    func `is 412 for who wants other bytes than there are`(_ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("hello")
        for wanted in [Self.tag, "*", "\"other\", \(Self.tag)"] {
            #expect(try get(id, from: sender, ["If-Match": wanted]).text == "hello", "\(wanted)")
            let part = try get(id, from: sender, ["If-Match": wanted, "Range": "bytes=1-2"])
            #expect(part.status == 206, "\(wanted)")
            #expect(part.text == "el", "\(wanted)")
        }
        for wanted in ["\"other\"", Hello.sha512, "W/\(Self.tag)"] {
            for headers in [["If-Match": wanted], ["If-Match": wanted, "Range": "bytes=1-2"]] {
                let reply = try get(id, from: sender, headers)
                #expect(reply.status == 412, "\(headers)")
                #expect(!reply.text.contains("el"), "\(headers)")
            }
        }
    }

    @Test(arguments: [("bytes=0-1,3-4", 400), ("bytes=100-", 416), ("nonsense", 416), ("bytes=4-2", 416)], Sender.allCases)
    func `judges a part of the same bytes as any other, and of other bytes not at all`(_ row: (String, Int), _ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("hello")
        #expect(try get(id, from: sender, ["Range": row.0, "If-Range": Self.tag]).status == row.1)
        #expect(try get(id, from: sender, ["Range": row.0, "If-Range": "\"other\""]).text == "hello")
    }

    @Test(arguments: Sender.allCases)
    func `goes by no date`(_ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("hello")
        for name in ["If-Modified-Since", "If-Unmodified-Since"] {
            for date in ["Wed, 21 Oct 2015 07:28:00 GMT", "Thu, 21 Oct 2055 07:28:00 GMT"] {
                #expect(try get(id, from: sender, [name: date]).text == "hello", "\(name): \(date)")
            }
        }
    }

    // MARK: what there is not

    @Test(arguments: Sender.allCases, ["queued", "saving", "uploading", "importing"])
    func `is 204 while there are no bytes`(_ sender: Sender, _ status: String) throws {
        let glance = try glance(sender)
        let id = try glance.hasImage()
        try glance.execute("UPDATE images SET status = '\(status)' WHERE id = '\(id)'")
        for headers in [[:], ["Range": "bytes=0-1"], ["If-None-Match": "*"]] {
            let reply = try get(id, from: sender, headers)
            #expect(reply.status == 204)
            #expect(reply.body.isEmpty)
        }
        #expect(try get(id, from: sender, [:], "HEAD").status == 204)
    }

    /// A wrong byte never arrives in an answer that looks complete.
    @Test(arguments: Sender.allCases)
    func `is 204 where the bytes are gone, or are not all there`(_ sender: Sender) throws {
        let glance = try glance(sender)
        for damage in ["", "hell", "hello, world"] {
            let id = try glance.hasActiveImage("hello")
            if damage.isEmpty {
                try FileManager.default.removeItem(atPath: "\(glance.storeFolder)/\(id)")
            } else {
                try damage.write(toFile: "\(glance.storeFolder)/\(id)", atomically: false, encoding: .utf8)
            }
            for headers in [[:], ["Range": "bytes=0-1"]] { #expect(try get(id, from: sender, headers).status == 204, "\(damage)") }
        }
    }

    @Test(arguments: Sender.allCases)
    func `gives nothing from outside of the store`(_ sender: Sender) throws {
        let glance = try glance(sender)
        try "secret".write(toFile: "\(glance.folder)/secret", atomically: true, encoding: .utf8)
        let id = try glance.hasActiveImage("hello!")
        for url in [
            "file://\(glance.folder)/secret", "file://\(glance.storeFolder)/../secret", "file:///etc/passwd", "secret",
            "file://\(glance.storeFolder)/./../secret", "file://\(glance.storeFolder)/%2e%2e/secret",
            "http://127.0.0.1:\(glance.port)/versions",
        ] {
            try glance.execute("UPDATE image_locations SET value = '\(url)' WHERE image_id = '\(id)'")
            let reply = try get(id, from: sender)
            #expect(reply.status == (url.hasPrefix("http") ? 204 : 503), "\(url)")
            #expect(!reply.text.contains("secret"))
        }
    }

    @Test func `cannot be had without the worker`() throws {
        let glance = try glance(.nginx)
        let id = try glance.hasActiveImage("hello")
        for path in [
            "/_blobs/file/\(id)", "/_blobs/file/../file/\(id)", "//_blobs/file/\(id)", "/_blobs/file/", "/_blobs/", "/%5fblobs/file/\(id)",
        ] {
            for person in [TestGlance.Person.admin, nil] {
                let reply = try glance.send("GET", path, as: person)
                #expect(reply.status >= 300)
                #expect(!reply.text.contains("hello"))
            }
        }
    }

    // MARK: who

    static let shares: [(String, TestGlance.Person, Int)] = [
        ("private", .admin, 200), ("private", .alice, 200), ("private", .anna, 200), ("private", .reader, 403), ("private", .bob, 404),
        ("shared", .admin, 200), ("shared", .anna, 200), ("shared", .reader, 403), ("shared", .bob, 404), ("shared with bolt", .bob, 200),
        ("shared with bolt", .anna, 200), ("community", .bob, 200), ("community", .reader, 403), ("community", .admin, 200),
        ("public", .bob, 200), ("public", .reader, 403), ("public", .anna, 200),
    ]

    @Test(arguments: shares, Sender.allCases)
    func `is for those who may, whatever part they want`(_ row: (String, TestGlance.Person, Int), _ sender: Sender) throws {
        let (kind, person, status) = row
        let glance = try glance(sender)
        let id = try glance.hasActiveImage("hello", visibility: String(kind.prefix { $0 != " " }))
        if kind == "shared with bolt" { try glance.share(id, with: "bolt") }
        let asked: [([String: String], String, Int)] = [
            ([:], "GET", 200), ([:], "HEAD", 200), (["Range": "bytes=1-2"], "GET", 206), (["Range": "bytes=100-"], "GET", 416),
            (["If-None-Match": Self.tag], "GET", 304), (["Content-Range": "bytes 0-1/*"], "GET", 206),
        ]
        for (headers, method, done) in asked {
            let reply = try get(id, from: sender, as: person, headers, method)
            #expect(reply.status == (status == 200 ? done : status), "\(method) \(headers)")
            if status != 200 {
                #expect(!reply.text.contains("ell"))
                for name in ["Content-MD5", "ETag"] { #expect(reply[name] == nil) }
            }
        }
        #expect(try get(id, from: sender, as: nil).status == 401)
    }

    @Test(arguments: Sender.allCases)
    func `ends with the sharing`(_ sender: Sender) throws {
        let glance = try glance(sender)
        let id = try glance.hasActiveImage("hello")
        try glance.share(id, with: "bolt")
        #expect(try get(id, from: sender, as: .bob).text == "hello")
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/bolt").status == 204)
        for headers in [[:], ["Range": "bytes=0-3"], ["If-None-Match": Self.tag]] {
            #expect(try get(id, from: sender, as: .bob, headers).status == 404)
        }
    }

    @Test(arguments: Sender.allCases)
    func `is 403 while it is deactivated, but to administrators`(_ sender: Sender) throws {
        let glance = try glance(sender)
        let id = try glance.hasActiveImage("hello")
        #expect(try glance.deactivate(id).status == 204)
        for headers in [[:], ["Range": "bytes=0-1"], ["Range": "nonsense"], ["If-None-Match": "*"]] {
            #expect(try get(id, from: sender, headers).status == 403)
        }
        #expect(try get(id, from: sender, as: .admin).text == "hello")
        #expect(try get(id, from: sender, as: .admin, ["Range": "bytes=0-1"]).text == "he")
    }

    @Test(arguments: Sender.allCases)
    func `is 404 for an image that there is not`(_ sender: Sender) throws {
        let deleted = try glance(sender).hasActiveImage()
        #expect(try glance(sender).delete(deleted).status == 204)
        for id in [newID(), deleted, "nothing", text(of: 37), "..%2f..%2fetc"] {
            for person in [TestGlance.Person.alice, .admin] { #expect(try get(id, from: sender, as: person).status == 404) }
        }
    }

    @Test(arguments: Sender.allCases)
    func `is 400 with a body`(_ sender: Sender) throws {
        let id = try glance(sender).hasActiveImage("hello")
        let reply = try glance(sender).send("GET", "/v2/images/\(id)/file", ["Range": "bytes=0-1"], body: Array("{}".utf8))
        #expect(reply.status == 400)
    }
}
