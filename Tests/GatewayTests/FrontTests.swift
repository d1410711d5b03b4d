import Foundation
import TestSupport
import Testing

/// The shipped site, the example of a path prefix and that of plain CGI look the same to clients.
@Suite(.sharesServices(Front.self)) struct `Every way into the service` {
    @Test(arguments: Front.Way.allCases)
    func `takes an image through its whole life`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let created = try front.send(
            "POST", "/v2/images", body: Array(#"{"name": "n", "disk_format": "raw", "container_format": "bare"}"#.utf8))
        #expect(created.status == 201)
        let id = try #require(created.json["id"]?.string)
        #expect(created["Location"] == "\(front.address)/v2/images/\(id)")

        let data = bytes(3_000_000)
        #expect(try front.upload(data, to: id).status == 204)
        let shown = try front.send("GET", "/v2/images/\(id)").json
        #expect(shown["status"]?.string == "active")
        #expect(shown["size"]?.int == 3_000_000)
        #expect(FileManager.default.contents(atPath: "\(front.glance.storeFolder)/\(id)").map(Array.init) == data)

        let whole = try front.send("GET", "/v2/images/\(id)/file")
        #expect(whole.status == 200)
        #expect(whole.body.isSame(as: data))
        #expect(whole["Content-MD5"] == shown["checksum"]?.string)
        #expect(whole["ETag"]?.contains(shown["os_hash_value"]?.string ?? "?") == true)
        let part = try front.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=1000000-1999999"])
        #expect(part.status == 206)
        #expect(part.body.isSame(as: Array(data[1_000_000..<2_000_000])))

        let changes = #"[{"op": "replace", "path": "/name", "value": "new"}]"#
        let patched = try front.send(
            "PATCH", "/v2/images/\(id)", ["Content-Type": "application/openstack-images-v2.1-json-patch"], body: Array(changes.utf8))
        #expect(patched.json["name"]?.string == "new")
        #expect(try front.send("PUT", "/v2/images/\(id)/tags/blue").status == 204)
        #expect(try front.send("GET", "/v2/images?name=new&tag=blue&id=in:\(id)").json["images"]?.array?.count == 1)
        #expect(try front.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try front.send("GET", "/v2/images/\(id)").status == 404)
        #expect(try !front.glance.storedFiles().contains(id))
    }

    @Test(arguments: Front.Way.allCases)
    func `takes data in chunks`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let id = try front.glance.hasImage()
        let data = bytes(500_000)
        let connection = try HTTPConnection(port: front.port)
        try connection.send(
            front.head(
                "PUT", "/v2/images/\(id)/file", ["Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"]))
        for start in stride(from: 0, to: data.count, by: 70_001) {
            let piece = data[start..<min(start + 70_001, data.count)]
            try connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
        }
        try connection.send("0\r\n\r\n")
        #expect(try connection.receive().status == 204)
        #expect(try front.send("GET", "/v2/images/\(id)/file").body.isSame(as: data))
    }

    @Test(arguments: Front.Way.allCases)
    func `takes nothing of a body that is cut short`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        for isChunked in [false, true] {
            let id = try front.glance.hasImage()
            let connection = try HTTPConnection(port: front.port)
            let type = ["Content-Type": "application/octet-stream"]
            if isChunked {
                try connection.send(front.head("PUT", "/v2/images/\(id)/file", type.merging(["Transfer-Encoding": "chunked"]) { $1 }))
                try connection.send(Array("30d40\r\n".utf8) + bytes(200_000) + Array("\r\n".utf8))
            } else {
                try connection.send(front.head("PUT", "/v2/images/\(id)/file", type, length: 200_001))
                try connection.send(bytes(200_000))
            }
            if way != .cgi { #expect(try eventually { try front.glance.status(of: id) == "saving" }) }
            connection.hangUp()
            #expect(try eventually { try front.glance.status(of: id) == "queued" })
            #expect(try eventually { try front.glance.incomingFiles().allSatisfy { !$0.hasPrefix(id) } })
            #expect(try !front.glance.storedFiles().contains(id))
            // A program that was started for the request anyway would disturb this.
            #expect(try front.upload(Array("whole".utf8), to: id).status == 204)
            #expect(try front.send("GET", "/v2/images/\(id)/file").text == "whole")
        }
    }

    @Test(arguments: Front.Way.allCases)
    func `answers HEAD as GET, without the body`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let id = try front.glance.hasActiveImage()
        for path in ["/v2/images/\(id)", "/v2/images/\(id)/file", "/v2/schemas/image", "/versions"] {
            let (get, head) = (try front.send("GET", path), try front.send("HEAD", path))
            #expect(get.status == 200)
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            for name in ["Content-Length", "Content-Type", "ETag", "Content-MD5"] { #expect(head[name] == get[name], "\(path) \(name)") }
            #expect(get["Content-Length"] == String(get.body.count))
        }
    }

    @Test(arguments: Front.Way.allCases, ["application/json", "text/html", "text/plain"])
    func `answers mistakes with a document in the client's format`(_ way: Front.Way, _ format: String) throws {
        let front = try Front.of(way)
        let id = try front.glance.hasImage()
        let mistakes: [(Int, String, String, TestGlance.Person?)] = [
            (404, "GET", "/v2/images/nothing", .alice), (401, "GET", "/v2/images", nil), (405, "DELETE", "/v2/images", .alice),
            (400, "GET", "/v2/images?limit=-1", .alice), (403, "DELETE", "/v2/images/\(id)", .reader), (501, "FOO", "/v2/nothing", .alice),
        ]
        for (status, method, path, person) in mistakes {
            let reply = try front.send(method, path, as: person, ["Accept": format])
            #expect(reply.status == status, "\(method) \(path)")
            #expect(reply["Content-Type"]?.hasPrefix(format) == true, "\(method) \(path)")
            #expect(reply.text.contains("\(status) "))
            #expect(!reply.text.contains("nginx"))
            if status == 405 { #expect(reply["Allow"] == "GET, HEAD, POST") }
            if format == "application/json" { #expect(reply.json["code"]?.string?.hasPrefix("\(status) ") == true) }
        }
    }

    /// Paths in documents have no prefix; absolute URLs lead to the address that the client used.
    @Test(arguments: Front.Way.allCases)
    func `makes links that lead back`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let name = UUID().uuidString
        let ids = try (0..<3).map { _ in try front.glance.hasImage(#"{"name": "\#(name)"}"#) }
        let shown = try front.send("GET", "/v2/images/\(ids[0])").json
        #expect(shown["self"]?.string == "/v2/images/\(ids[0])")
        #expect(shown["file"]?.string == "/v2/images/\(ids[0])/file")
        #expect(shown["schema"]?.string == "/v2/schemas/image")
        #expect(try front.send("GET", shown["self"]?.string ?? "").status == 200)
        #expect(try front.send("GET", shown["schema"]?.string ?? "").status == 200)

        let page = try front.send("GET", "/v2/images?limit=2&name=\(name)").json
        #expect(page["first"]?.string == "/v2/images?limit=2&name=\(name)")
        #expect(page["schema"]?.string == "/v2/schemas/images")
        let next = try #require(page["next"]?.string)
        #expect(next.hasPrefix("/v2/images?"))
        let last = try front.send("GET", next).json
        let listed = [page, last].flatMap { $0["images"]?.array?.compactMap { $0["id"]?.string } ?? [] }
        #expect(listed.sorted() == ids.sorted())
        #expect(last["next"] == nil)

        let versions = try front.send("GET", "/", as: nil)
        #expect(versions.status == 300)
        #expect(versions.json["versions"]?.array?.first?["links"]?.array?.first?["href"]?.string == "\(front.address)/v2/")
        #expect(try front.send("GET", "/v2")["Location"] == "\(front.address)/v2/")
    }

    @Test(arguments: Front.Way.allCases)
    func `shows nothing of what is inside`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let id = try front.glance.hasActiveImage("secret", visibility: "private")
        let outside = try HTTPConnection(port: front.port)
        for path in [
            "/_blobs/file/\(id)", "/_blobs/file/", "/_blobs", "//_blobs/file/\(id)", "/%5Fblobs/file/\(id)",
            "\(front.prefix)/_blobs/file/\(id)",
        ] {
            try outside.send("GET \(path) HTTP/1.1\r\nHost: x\r\nX-Auth-Token: alice\r\n\r\n")
            let reply = try outside.receive()
            // Without a prefix, a path that is no version of the API is answered with the list of versions.
            #expect([300, 404].contains(reply.status), "\(path)")
            #expect(!reply.text.contains("secret"), "\(path)")
        }
        #expect(try front.send("GET", "/v2/images/\(id)/file", as: .bob).status == 404)
        for path in ["/v2/images/\(id)", "/v2/images/\(id)/file", "/v2/images/nothing", "/", "/v2/images?limit=1"] {
            let reply = try front.send("GET", path)
            for (name, value) in reply.headers {
                let name = name.lowercased()
                #expect(!name.hasPrefix("x-accel") && name != "x-sendfile" && name != "status", "\(path): \(name)")
                #expect(!value.contains("_blobs") && !value.contains(front.glance.folder), "\(path): \(name)")
            }
        }
    }

    /// Clients follow `next` and build URLs in different ways, especially below a prefix.
    @Test(arguments: Front.Way.allCases)
    func `leads real clients through the pages of a list to an image's data`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let name = "paged-\(way)"
        let ids = try (0..<5).map { try front.glance.hasActiveImage("data \($0)", name: name) }
        let listed = try Clients.run(
            "glance",
            [
                "--os-auth-token", "alice", "--os-image-url", front.address, "image-list", "--page-size", "2", "--property-filter",
                "name=\(name)",
            ]
        ).succeeded().text
        for id in ids { #expect(listed.contains("| \(id) | \(name) |")) }
        let read = try Clients.run("glance", ["--os-auth-token", "alice", "--os-image-url", front.address, "image-download", ids[3]])
        #expect(try read.succeeded().text == "data 3")

        let script = """
            import json, sys
            import openstack
            image = openstack.connection.Connection(
                auth_type="admin_token", endpoint=sys.argv[1], token="alice", image_endpoint_override=sys.argv[1]).image
            ids = [each.id for each in image.images(limit=2, name=sys.argv[2])]
            print(json.dumps({"ids": ids, "data": image.download_image(ids[0]).content.decode()}))
            """
        let seen = try Clients.run("python3", ["-c", script, front.address, name]).json
        #expect(seen["ids"]?.array?.map { $0.string ?? "" }.sorted() == ids.sorted())
        #expect(seen["data"]?.string?.hasPrefix("data ") == true)
    }
}
