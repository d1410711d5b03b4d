package import Domain
internal import JSONDocument
internal import RegistryWire
internal import Text

extension RegistryClient: ImageCatalog {
    package func insert(_ draft: ImageDraft, claiming claim: QuotaClaim?) throws(Fault) -> Image {
        try image(ask("POST", "/images", message: message(claiming: claim) { WireImage.write(draft, to: &$0) }))
    }

    package func image(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        let image = try recordedImage(id, visibleTo: caller)
        guard image.deletedAt == nil else { throw .imageNotFound(id) }
        return image
    }

    package func locatedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        let image = try image(ask("GET", path(id), for: caller))
        guard image.deletedAt == nil else { throw .imageNotFound(id) }
        return image
    }

    /// Reads without locations, so that the registry's database need not look for them.
    package func recordedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        try image(ask("GET", path(id) + "?locations=false", for: caller))
    }

    package func page(_ listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage {
        try ImagePage(wire: ask("GET", "/images/detail?" + listing.v1Query(for: caller), for: caller).json)
    }

    package func page(of rest: [ImageID], in listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage {
        var listing = listing
        listing.marker = nil
        let body: JSONObject = ["rest": .array(rest.map { .string($0.text) })]
        return try ImagePage(wire: ask("POST", "/lists/rest?" + listing.v1Query(for: caller), for: caller, body).json)
    }

    /// The row is not locked while `change` reads the image. The registry is told which state was changed; if it has a newer one, `change`
    /// runs again with that.
    package func update(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image {
        try untilUnchanged(id, caller) { (before, tag) throws(Fault) in
            var after = before
            try change(&after)
            let besides: JSONObject = ["from_state": .string(before.status.rawValue), "purge_props": true]
            let message = message(besides, claiming: claim) { WireImage.write(after, for: .api, to: &$0) }
            return try image(ask("PUT", path(id), for: caller, message: message, ifStill: tag))
        }
    }

    package func move(_ id: ImageID, from: ImageStatus, to: ImageStatus) throws(Fault) {
        let body: JSONObject = ["image": ["status": .string(to.rawValue)], "from_state": .string(from.rawValue)]
        do throws(Fault) {
            try ask("PUT", path(id), body)
        } catch {
            guard error.kind == .notFound else { throw error }
            throw Fault(.conflict, "Image \(id) is no longer in status \(from.rawValue).")
        }
    }

    package func delete(
        _ id: ImageID, visibleTo caller: Caller, _ allowed: (Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval] {
        try untilUnchanged(id, caller) { (image, tag) throws(Fault) in
            try allowed(image)
            var removals: [OwedRemoval] = []
            for element in try ask("DELETE", path(id), for: caller, ifStill: tag).json["removals"]?.array ?? [] {
                removals.append(try OwedRemoval(wire: element.object ?? [:], of: id))
            }
            return removals
        }
    }

    /// A message about an image, whose record is written directly into it.
    private func message(
        _ besides: JSONObject = [:], claiming claim: QuotaClaim?, _ writeImage: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("image")
            writeImage(&json)
            besides.forEach { json.member($0, $1) }
            if let claim { json.member("claim", .object(claim.wire)) }
        }
        return json.bytes
    }

    private func untilUnchanged<Result>(
        _ id: ImageID, _ caller: Caller, _ act: (Image, String?) throws(Fault) -> Result
    ) throws(Fault) -> Result {
        for _ in 1..<Self.tries {
            let answer = try ask("GET", path(id), for: caller)
            let image = try image(answer)
            guard image.deletedAt == nil else { throw .imageNotFound(id) }
            do throws(Fault) {
                return try act(image, answer.tag)
            } catch {
                guard error.kind == .changedMeanwhile else { throw error }
            }
        }
        throw Fault(.conflict, "Image \(id) is changed by others again and again; try again later.")
    }

    /// The number of attempts; each fails because another change was written meanwhile.
    private static let tries = 100

    func path(_ id: ImageID) -> String { "/images/\(percentEncoded(id.text))" }
}

extension RegistryClient {
    /// V1 owes removals of deleted images only, and these get no new data.
    package func isOwed(_ removal: OwedRemoval) -> Bool { true }

    package func complete(_ removal: OwedRemoval) throws(Fault) { try ask("DELETE", "/removals/\(removal.number)") }
}

extension RegistryClient: StoreFolderCatalog {
    package func mark(ofFolder path: String) throws(Fault) -> String? {
        try ask("POST", "/store-folders", ["path": .string(path)]).json["mark"]?.string
    }

    package func note(mark: String, ofFolder path: String) throws(Fault) -> String {
        try ask("POST", "/store-folders", ["path": .string(path), "mark": .string(mark)]).json.text("mark")
    }

    package func recordedURLs(inFolder path: String, atMost count: Int) throws(Fault) -> [String] {
        let answer = try ask("POST", "/store-folders/contents", ["path": .string(path), "limit": .int(Int64(count))])
        return answer.json["urls"]?.array?.compactMap(\.string) ?? []
    }
}
