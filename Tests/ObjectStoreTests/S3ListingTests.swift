import Domain
import Glibc
import ObjectStores
import TestSupport
import Testing
import Threading

@Suite struct `The list of an S3 store` {
    /// A store in a bucket of its own.
    private func listed(_ place: S3Place, perPage: Int = 500, at endpoint: String? = nil) throws -> (store: S3Store, place: S3Place) {
        let own = try place.another()
        var settings = S3Store.Settings()
        settings.keysPerPage = perPage
        return (try own.store(at: endpoint, named: "far", settings), own)
    }

    /// The pieces of the list.
    private func pieces(of store: S3Store, olderThan seconds: Int = -2) throws -> [[String]] {
        var pieces: [[String]] = []
        try store.forEachName(olderThan: seconds) { names in
            pieces.append(names)
            return true
        }
        return pieces
    }

    @Test(arguments: S3Place.all)
    func `has the images, whoever wrote them, and nothing else`(_ place: S3Place) throws {
        let (store, own) = try listed(place)
        #expect(try store.names(olderThan: -2) == [])
        let (image, theirs) = (ImageID.fresh(), ImageID.fresh())
        _ = try store.add(Array("hello".utf8), as: image)
        // As Glance's driver does, and other programs.
        try own.send("PUT", theirs.text, body: [1])
        for key in ["notes", "\(theirs)x", "\(theirs).old", "backup/\(ImageID.fresh())", ".vitrine/other", "a&b<c>'\"", ".\(theirs)"] {
            try own.send("PUT", key.percentEncodedPath, body: [1])
        }
        let writer = try store.begin(.fresh(), token: .freshToken(), announcing: nil)
        try writer.append(pattern(11 << 20))
        #expect(try store.names(olderThan: -2).sorted() == [image.text, theirs.text].sorted())
        #expect(try store.names(olderThan: 300) == [])
        writer.discard()
    }

    @Test(arguments: S3Place.all, [1, 3, 4, 5])
    func `is whole at any border of its pages, and comes page by page`(_ place: S3Place, _ perPage: Int) throws {
        let (store, own) = try listed(place, perPage: perPage)
        let ids = (0..<12).map { _ in ImageID.fresh().text }
        for id in ids { try own.send("PUT", id, body: [1]) }
        // Folders count as keys of a page.
        for key in ["0/a", "0/b", "5/a", "5/b", "z/a", ".vitrine/uploads/x"] { try own.send("PUT", key, body: [1]) }
        let found = try pieces(of: store)
        #expect(found.flatMap(\.self).sorted() == ids.sorted())
        #expect(found.allSatisfy { $0.count <= perPage } && found.count >= 12 / perPage)
        var count = 0
        try store.forEachName(olderThan: -2) { _ in
            count += 1
            return count < 2
        }
        #expect(count == 2)
    }

    @Test(arguments: S3Place.all)
    func `has more than a thousand images`(_ place: S3Place) throws {
        let (store, own) = try listed(place)
        let ids = (0..<1_203).map { _ in ImageID.fresh().text }
        let left = Monitor(ids)
        let threads = try (0..<8).map { _ in
            try JoinableThread { while let id = left.with({ $0.popLast() }) { _ = try? own.send("PUT", id, body: [1]) } }
        }
        for thread in threads { thread.join() }
        let found = try pieces(of: store)
        #expect(Set(found.flatMap(\.self)) == Set(ids) && found.flatMap(\.self).count == ids.count && found.count >= 3)
    }

    @Test func `is not taken for whole where the server breaks off, or goes in a circle`() throws {
        let place = try S3Place.first
        let proxy = try S3Proxy(before: place.port)
        let (store, own) = try listed(place, perPage: 2, at: proxy.url)
        for _ in 0..<5 { try own.send("PUT", ImageID.fresh().text, body: [1]) }
        proxy.spoil("continuation-token", times: .max, by: .refuse(503, "SlowDown"))
        #expect(throws: Fault.of(.unavailable)) { try store.names(olderThan: -2) }
        for body in ["<IsTruncated>true</IsTruncated>", "<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>"] {
            let server = try RawServer { connection, _ in
                while connection.readHead() != nil {
                    connection.answer("200 OK", "", body: "<ListBucketResult>\(body)</ListBucketResult>")
                }
            }
            #expect(throws: Fault.of(.unavailable)) { try place.store(at: server.url("")).names(olderThan: -2) }
            #expect(server.heads.count <= 2)
        }
    }
}

extension String {
    /// As the path of a request has it.
    fileprivate var percentEncodedPath: String {
        utf8.map { byte in
            let isPlain = 0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || "-_.~/".utf8.contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
