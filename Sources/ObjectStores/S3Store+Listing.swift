package import Domain
internal import Glibc
internal import HTTPClient
internal import Text

/// The images in the bucket. What another program keeps there, and the marks of uploads, are none.
extension S3Store: ListedStore {
    package func names(olderThan seconds: Int) throws(Fault) -> [String] { try gatheredNames(olderThan: seconds) }

    /// Passes on the names of each page as it comes, so that memory does not grow with the bucket; also of one without an image, so that the
    /// caller sees that the store answers. Keys with a slash are not listed one by one.
    package func forEachName(olderThan seconds: Int, _ body: (_ names: [String]) -> Bool) throws(Fault) {
        var more: String?
        while true {
            var query = [("list-type", "2"), ("delimiter", "/"), ("max-keys", String(settings.keysPerPage))]
            if let more { query.append(("continuation-token", more)) }
            let (document, reply) = try client.document("GET", nil, query: query)
            let now = reply.serverTime ?? time(nil)
            let names = document.all("Contents").compactMap { entry -> String? in
                guard let key = entry["Key"], ImageID(key).isUUID, let written = entry["LastModified"].flatMap(CivilTime.init(prefixOf:))
                else { return nil }
                return now - written.seconds > seconds ? key : nil
            }
            guard body(names), document["IsTruncated"] == "true" else { return }
            // A server that gives the same page again would be asked for ever.
            guard let next = document["NextContinuationToken"], !next.isEmpty, next != more else {
                throw Fault(
                    .unavailable, "The store '\(client.store)' cannot be listed now: its answer makes no sense.", cause: S3Trouble(reply))
            }
            more = next
        }
    }
}
