import Foundation
import TestSupport
import Testing

/// Downloads that nginx cannot send itself, with slow clients.
@Suite(.serialized, .sharesServices) struct `Readers that are slow` {
    /// 32 MiB: more than nginx and the sockets hold.
    private static let data = (0..<32).reduce(into: [UInt8]()) { data, _ in data += block }
    private static let block = bytes(1 << 20)

    private static func service() throws -> TestGlance { try .of(Self.self, ["vitrine": "download_threads = 8"], runsRegistry: true) }

    private func largeImage(_ glance: TestGlance) throws -> (id: String, tag: String) {
        let id = try glance.hasImage(
            as: .admin, #"{"disk_format": "raw", "container_format": "bare", "visibility": "public", "os": "x", "owner": "acme"}"#)
        guard try glance.upload(Self.data, to: id).status == 204 else { throw Unexpected("no upload") }
        return (id, try #require(glance.send("HEAD", "/v2/images/\(id)/file")["ETag"]))
    }

    /// Bytes of answers in nginx's temporary files, which have no names.
    private func spilled(_ glance: TestGlance) throws -> [String] {
        let master = try #require(glance.site.nginxID)
        let children = try String(contentsOfFile: "/proc/\(master)/task/\(master)/children", encoding: .utf8).split(separator: " ")
        return children.flatMap { child in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(child)/fd")) ?? []
            return names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(child)/fd/\($0)") }
        }.filter { $0.contains("/nginx/fastcgi/") }
    }

    @Test(arguments: ["V1 with a property", "If-Match"])
    func `keep nobody from being answered, and fill no files of nginx`(_ way: String) throws {
        let glance = try Self.service()
        let (id, tag) = try largeImage(glance)
        func head(_ person: TestGlance.Person) -> [UInt8] {
            way == "If-Match"
                ? glance.head("GET", "/v2/images/\(id)/file", person, ["If-Match": tag]) : glance.head("GET", "/v1/images/\(id)", person)
        }
        let readers = try (0..<32).map { _ in try HTTPConnection(port: glance.port) }
        for reader in readers { try reader.send(head(.alice)) }
        let heads = try readers.map { try $0.receiveHead() }
        // A project may use three quarters of the threads of each of two processes.
        let sent = heads.indices.filter { heads[$0].status == 200 }
        #expect((1...12).contains(sent.count))
        for refused in heads where refused.status != 200 {
            #expect(refused.status == 503)
            #expect(refused["Retry-After"] != nil)
            #expect(refused["x-openstack-request-id"]?.hasPrefix("req-") == true)
        }
        // There are 12 metadata threads: otherwise each of these requests would wait for one of the readers.
        let small = try glance.hasActiveImage("small", visibility: "public")
        for _ in 0..<20 {
            #expect(try glance.send("GET", "/v2/images/\(small)").status == 200)
            #expect(try glance.send("GET", "/v2/images/\(small)/file").text == "small")
            #expect(try glance.send("GET", "/v1/images/\(small)", as: .bob).text == "small")
            #expect(try glance.send("PUT", "/v2/images/\(small)/tags/x").status == 204)
        }
        // Another project finds a thread for its own.
        let other = try HTTPConnection(port: glance.port)
        try other.send(head(.bob))
        #expect(try other.receive().body.count == Self.data.count)
        #expect(try spilled(glance) == [])
        // A client that continues to read gets the whole image.
        let patient = try #require(sent.first)
        #expect(readers[patient].receiveRest().isSame(as: Self.data))
        withExtendedLifetime(readers) {}
    }

    @Test func `that leave make room for others`() throws {
        let glance = try Self.service()
        let (id, tag) = try largeImage(glance)
        for _ in 0..<3 {
            let readers = try (0..<24).map { _ in try HTTPConnection(port: glance.port) }
            for reader in readers { try reader.send(glance.head("GET", "/v2/images/\(id)/file", .alice, ["If-Match": tag])) }
            #expect(try readers.contains { try $0.receiveHead().status == 200 })
            for reader in readers { reader.abort() }
            #expect(
                try eventually {
                    try glance.send("GET", "/v2/images/\(id)/file", ["If-Match": tag, "Range": "bytes=0-1"]).body == Array(bytes(2))
                })
        }
    }
}
