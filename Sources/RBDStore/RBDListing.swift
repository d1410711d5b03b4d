package import Domain

extension RBDStore: ListedStore {
    /// The names of images that Glance or this service wrote completely: an image's id, with the snapshot that holds the data. The pool may
    /// have others, such as volumes, or images that nobody completed.
    package func names(olderThan seconds: Int) throws(Fault) -> [String] { try gatheredNames(olderThan: seconds) }

    /// A piece of names may be empty.
    package func forEachName(olderThan seconds: Int, _ body: (_ names: [String]) -> Bool) throws(Fault) {
        let pool = try faults.telling(pool)
        var last = ""
        while true {
            let after = last
            let (names, end) = try faults.telling { () throws(CephError) in
                try pool.run("listing the images", patiences: 6) { () throws(CephError) in
                    let images = try pool.images(after: after, atMost: Self.listedAtOnce)
                    return (try pool.stored(images, olderThan: seconds), images.last?.name)
                }
            }
            guard let end, body(names) else { return }
            last = end
        }
    }

    /// Some questions are asked of each.
    private static let listedAtOnce = 100

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        let pool = try faults.telling(pool)
        var (uploads, last): ([Upload], String?) = ([], UnfinishedName.prefix)
        while let after = last {
            let (found, end) = try faults.telling { () throws(CephError) in
                try pool.run("listing the images", patiences: 6) { () throws(CephError) in
                    let images = try pool.images(after: after, atMost: Self.listedAtOnce)
                    return (try pool.unfinished(images, olderThan: seconds), images.last?.name)
                }
            }
            uploads += found
            last = end.flatMap { $0.hasPrefix(UnfinishedName.prefix) ? $0 : nil }
        }
        return uploads
    }
}

extension RBDPool {
    fileprivate func stored(_ images: [(name: String, id: String)], olderThan seconds: Int) throws(CephError) -> [String] {
        var names: [String] = []
        for (name, id) in images where ImageID(name).isUUID {
            guard let age = try age(of: id), age > seconds, try hasSnapshot(RBDLocation.snapshotName, of: id) else { continue }
            names.append(name)
        }
        return names
    }

    fileprivate func unfinished(_ images: [(name: String, id: String)], olderThan seconds: Int) throws(CephError) -> [Upload] {
        var uploads: [Upload] = []
        for (text, id) in images {
            guard let name = UnfinishedName(text), try age(of: id).map({ $0 > seconds }) ?? true else { continue }
            let url = RBDLocation(cluster: connection.id, pool: self.name, image: text).url
            uploads.append(Upload(image: ImageID(name.image), token: name.token, pendingURL: url))
        }
        return uploads
    }
}
