import TestSupport
import Testing

/// Paths, hosts' files and queries are case-sensitive; the column's collation is not.
@Suite(.sharesServices) struct `Locations that differ in case only` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, TestGlance.webAndShows, stores: ["fast", "cheap"]) }

    private func hasImage() throws -> String {
        let id = try glance.hasImage(in: "fast")
        for name in ["Disk", "disk"] { try glance.place(id, at: "http://127.0.0.1:1/\(name)", #"{"store": "web"}"#) }
        return id
    }

    private func urls(_ id: String) throws -> [String] {
        try glance.recordedLocations(of: id).compactMap { $0[0] }.filter { $0.hasPrefix("http") }
    }

    @Test(arguments: [(1, "disk"), (2, "Disk")]) func `are removed each for itself`(_ position: Int, _ kept: String) throws {
        let id = try hasImage()
        #expect(try glance.patch(id, as: .admin, #"[{"op": "remove", "path": "/locations/\#(position)"}]"#).status == 200)
        #expect(try urls(id) == ["http://127.0.0.1:1/\(kept)"])
        #expect(try glance.image(id).shownURLs.last == "http://127.0.0.1:1/\(kept)")
    }

    @Test(arguments: ["Disk", "disk"]) func `are told of each for itself`(_ name: String) throws {
        let id = try hasImage()
        let all = try glance.image(id).shownURLs.map { url in
            let more = url.hasSuffix("/\(name)") ? #", "note": "mine""# : ""
            return #"{"url": "\#(url)", "metadata": {"store": "\#(url.hasPrefix("http") ? "web" : "fast")"\#(more)}}"#
        }
        let reply = try glance.patch(id, #"[{"op": "replace", "path": "/locations", "value": [\#(all.joined(separator: ", "))]}]"#)
        #expect(reply.status == 200, "\(reply.text)")
        let noted = try glance.recordedLocations(of: id).filter { $0[1]?.contains("mine") == true }
        #expect(noted.map { $0[0] } == ["http://127.0.0.1:1/\(name)"])
    }

    /// The metadata of a location are case-sensitive too.
    @Test func `in what is said of them are removed each for itself`() throws {
        let id = try glance.hasImage(in: "fast")
        for note in ["Mine", "mine"] { try glance.place(id, at: "http://127.0.0.1:1/x", #"{"store": "web", "note": "\#(note)"}"#) }
        #expect(try glance.patch(id, as: .admin, #"[{"op": "remove", "path": "/locations/2"}]"#).status == 200)
        #expect(try glance.recordedLocations(of: id).last?[1] == #"{"store": "web", "note": "Mine"}"#)
    }
}
