package import Domain
internal import Glibc
internal import HTTPClient
internal import JSONDocument
internal import Text

// Removing, and what a worker that died left.
extension SwiftStore {
    // MARK: images

    package func remove(_ url: String) throws(Fault) {
        guard let object = locations.object(at: url) else { return }
        _ = try remove(object) { _ in true }
    }

    /// No request of Swift removes an object on a condition, so an object that takes its place within the milliseconds between the last
    /// look and the removal is removed too. An upload of this service does not take the place of an object that is there.
    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        guard let object = locations.object(at: url) else { return }
        let reply = try object.account.send(.init("HEAD", object.path))
        guard reply.status != 404 else { return try checkThere(object) }
        guard try isMeant() else { return }
        _ = try remove(object) { Self.identity($0) == Self.identity(reply) }
    }

    static func isStatic(_ reply: HTTPClient.Reply) -> Bool { reply.headers["X-Static-Large-Object"]?.lowercased() == "true" }

    private static func identity(_ reply: HTTPClient.Reply) -> [String?] {
        ["ETag", "X-Timestamp", "Last-Modified", "X-Object-Manifest"].map { reply.headers[$0] }
    }

    /// Removes an object, and the segments that its manifest names: these first, since without the manifest nobody knew of them.
    ///
    /// - Returns: false for an object that is not the one meant.
    private func remove(_ object: SwiftObject, if isMeant: (HTTPClient.Reply) -> Bool) throws(Fault) -> Bool {
        let reply = try object.account.send(.init("HEAD", object.path))
        guard reply.status != 404 else {
            try checkThere(object)
            return true
        }
        guard 200...299 ~= reply.status else { throw object.account.refusal(reply.status, "HEAD of an object") }
        guard isMeant(reply) else { return false }
        if Self.isStatic(reply), reply.headers[Self.sizeField] != nil {
            // An image of ours. One request for all would say 200 also where a segment stays.
            try removeSegments("\(object.name)-", of: object.container, in: object.account)
        } else if Self.isStatic(reply) {
            let reply = try object.account.send(.init("DELETE", object.path, query: "multipart-manifest=delete"))
            guard 200...299 ~= reply.status || reply.status == 404 else { throw object.account.refusal(reply.status, "DELETE of an image") }
            return true
        }
        if let manifest = reply.headers["X-Object-Manifest"] { try removeSegments(manifest, in: object.account) }
        try delete(object.container, object.name, in: object.account)
        return true
    }

    /// Checks that the container of an object that is not there is there: otherwise another server may have answered, or another account.
    func checkThere(_ object: SwiftObject) throws(Fault) {
        let reply = try object.account.send(.init("HEAD", SwiftObject.path(object.container)))
        guard reply.status != 404 else { throw object.account.noContainer() }
        guard 200...299 ~= reply.status else { throw object.account.refusal(reply.status, "HEAD of the container") }
    }

    /// Removes the segments of a manifest `container/prefix`: objects of the store's containers whose names are the prefix and a number.
    private func removeSegments(_ manifest: String, in account: SwiftAccount) throws(Fault) {
        guard let manifest = percentDecoded(manifest[...]), let slash = manifest.firstIndex(of: "/") else { return }
        let (container, prefix) = (String(manifest[..<slash]), String(manifest[manifest.index(after: slash)...]))
        guard locations.covers(container), !prefix.isEmpty else { return }
        try removeSegments(prefix, of: container, in: account)
    }

    /// Removes the objects whose names are a prefix and a number. A listing may lack what was written a moment ago: so those before and behind
    /// the listed ones are looked for, too. They are numbered from 1.
    private func removeSegments(_ prefix: String, of container: String, in account: SwiftAccount) throws(Fault) {
        var listed: Set<Int> = []
        for item in try list(container, prefix: prefix, in: account) {
            let digits = item.name.utf8.dropFirst(prefix.utf8.count)
            guard !digits.isEmpty, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { continue }
            try delete(container, item.name, in: account)
            if let number = Int(String(decoding: digits, as: UTF8.self)) { listed.insert(number) }
        }
        let last = min(listed.max() ?? 0, SwiftUpload.mostSegments)
        var number = 1
        while true {
            if !listed.contains(number) {
                let wasThere = try delete(container, prefix + paddedDigits(number, 5), in: account)
                guard wasThere || number < last else { return }
            }
            number += 1
        }
    }

    /// Removes an object. One that is not there is no error.
    ///
    /// - Returns: whether it was there.
    @discardableResult
    func delete(_ container: String, _ name: String, in account: SwiftAccount) throws(Fault) -> Bool {
        let reply = try account.send(.init("DELETE", SwiftObject.path(container, name)))
        guard 200...299 ~= reply.status || reply.status == 404 else { throw account.refusal(reply.status, "DELETE of an object") }
        return reply.status != 404
    }

    // MARK: uploads

    package func discard(_ upload: Upload) throws(Fault) {
        guard let (own, _) = names(of: upload) else { return }
        // Without either, a record refers to the data.
        for mark in [own.marker, own.tombstone] where try isThere(own, mark) { return try takeBack(own) }
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        guard let (own, isTombstone) = names(of: upload) else { return }
        if isTombstone {
            try removeAll(of: own)
            try delete(own.container, own.tombstone, in: locations.main)
            return
        }
        guard try isThere(own, own.marker) else { return }
        // No upload knows the token: the data that have a name already are an image's.
        guard try !isThere(own, own.stem) else {
            try delete(own.container, own.marker, in: locations.main)
            return
        }
        try takeBack(own)
    }

    /// Removes an upload's objects. Its writer, which may still be at work, finds no marker and gives up; what it writes in the meantime
    /// is removed with the tombstone.
    private func takeBack(_ upload: SwiftUpload) throws(Fault) {
        try putMark(upload, upload.tombstone)
        try delete(upload.container, upload.marker, in: locations.main)
        try removeAll(of: upload)
    }

    /// Removes segments and image of an upload, but no mark.
    private func removeAll(of upload: SwiftUpload) throws(Fault) {
        try removeSegments(upload.segments, of: upload.container, in: locations.main)
        try delete(upload.container, upload.stem, in: locations.main)
    }

    /// Whether an object of an upload is there.
    func isThere(_ upload: SwiftUpload, _ name: String) throws(Fault) -> Bool {
        let reply = try locations.main.send(.init("HEAD", SwiftObject.path(upload.container, name)))
        guard 200...299 ~= reply.status || reply.status == 404 else { throw locations.main.refusal(reply.status, "HEAD of an object") }
        return reply.status != 404
    }

    /// The names of an upload's objects, and whether its URL is that of a tombstone; nil when it is another store's.
    private func names(of upload: Upload) -> (SwiftUpload, isTombstone: Bool)? {
        let beginning = "swift+config://\(settings.mainReference)/"
        guard upload.pendingURL.utf8.count <= 1000, upload.pendingURL.hasPrefix(beginning) else { return nil }
        let rest = upload.pendingURL.dropFirst(beginning.count)
        guard let slash = rest.firstIndex(of: "/"), locations.covers(String(rest[..<slash])) else { return nil }
        let mark = rest[rest.index(after: slash)...]
        guard let own = SwiftUpload(container: String(rest[..<slash]), mark: mark), own.image == upload.image.text else { return nil }
        return (own, mark.hasPrefix(SwiftUpload.discarded))
    }

    /// The seconds for which a tombstone stays. No process is stopped for so long.
    private static let tombstoneAge = 86_400

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        var uploads: [Upload] = []
        // The most containers that are asked at once.
        for container in try containers(atMost: 4096) {
            for item in try list(container, prefix: SwiftUpload.folder, in: locations.main) {
                guard let own = SwiftUpload(container: container, mark: item.name) else { continue }
                let isTombstone = item.name.hasPrefix(SwiftUpload.discarded)
                guard item.age >= (isTombstone ? max(seconds, Self.tombstoneAge) : seconds) else { continue }
                uploads.append(
                    Upload(image: ImageID(own.image), token: own.token, pendingURL: locations.url(container, item.name)))
            }
        }
        return uploads
    }
}
