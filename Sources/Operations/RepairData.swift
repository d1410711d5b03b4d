internal import Domain
internal import JSONDocument

/// Repairing images whose data is damaged or missing at a location.
extension Repairer {
    /// Gives an image its data back from another of its locations, or deactivates it.
    ///
    /// The reason of a deactivation is kept with the finding, in the log and in the report, not in a property of the image: a property is
    /// the owner's, counts against their quota, stays when the data is good again, and Glance, which may run beside, knows none of the kind.
    ///
    /// - Returns: nil when all is done but a file that goes into quarantine with others.
    func repairData(_ recorded: RecordedFinding, _ candidates: inout [Candidate]) throws(Fault) -> Outcome? {
        let finding = recorded.finding
        guard let id = finding.image, let image = try activeImage(id) else { return .settled("the image is deleted, or has no data now") }
        guard let location = image.locations.first(where: { $0.safeURL.isSame(as: finding.location) }) else {
            guard let path = filePath(of: finding.location) else { return .settled("the image does not have this location any more") }
            // A repair that died after the change of the record has left the damaged file.
            candidates.append(Candidate(finding: recorded, path: path, done: "the image does not have this location any more"))
            return nil
        }
        guard try catalog.inMotion(among: [id]).isEmpty else { return .left("an upload, a job or a removal of the image is under way") }
        guard let trouble = try trouble(of: image, at: location) else { return .settled("the data is as recorded now") }
        switch try giveBack(image, at: location, run: recorded.run) {
        case .given(let source, let new):
            let done = "given back from \(source)"
            guard !new.url.isSame(as: location.url) else { return .repaired(done) }
            guard let path = filePath(of: location.url) else {
                return .repaired("\(done); the damaged data is still at \(location.safeURL), since its store has no quarantine")
            }
            candidates.append(Candidate(finding: recorded, path: path, done: done))
            return nil
        case .changed: return .left("the image was changed meanwhile")
        case .impossible(let fault):
            return .failed(Fault(fault.kind, "its data is whole elsewhere, but cannot be copied: \(fault.message)", cause: fault.cause))
        case .unknown(let fault): return .left("\(trouble), and another location cannot be read now: \(fault.message)")
        case .noSource: return try deactivate(image, because: trouble)
        }
    }

    /// - Returns: nil for an image that is deleted, or has no data.
    private func activeImage(_ id: ImageID) throws(Fault) -> Image? {
        do throws(Fault) {
            let image = try catalog.locatedImage(id, visibleTo: .service)
            return image.status == .active || image.status == .deactivated ? image : nil
        } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }

    private func deactivate(_ image: Image, because trouble: String) throws(Fault) -> Outcome {
        guard image.status == .active else { return .repaired("the image is deactivated already: \(trouble)") }
        guard try change(image, { $0.status = .deactivated }) else { return .left("the image was changed meanwhile") }
        return .repaired("the image is deactivated: \(trouble)")
    }

    /// Changes an image's record, if it is as it was when its data was looked at.
    ///
    /// - Returns: false when it is not.
    private func change(_ image: Image, _ change: (inout Image) -> Void) throws(Fault) -> Bool {
        do throws(Fault) {
            _ = try catalog.update(image.id, visibleTo: .service) { now throws(Fault) in
                guard now.isAsRecorded(in: image) else { throw Fault(.changedMeanwhile, "Image \(image.id) was changed meanwhile.") }
                change(&now)
            }
            return true
        } catch {
            if [.changedMeanwhile, .notFound, .conflict].contains(error.kind) { return false }
            throw error
        }
    }

    // MARK: giving back

    private enum Giving {
        /// The data has another location now; the source of it.
        case given(String, ImageLocation)
        /// The image was changed meanwhile.
        case changed
        /// There is whole data, but the store takes none.
        case impossible(Fault)
        /// It is not known whether there is whole data.
        case unknown(Fault)
        case noSource
    }

    /// Copies whole data of another location to the store of the damaged one, and changes the record.
    private func giveBack(_ image: Image, at damaged: ImageLocation, run: Int64) throws(Fault) -> Giving {
        var doubt: Fault?
        for source in stores.ordered(image.locations) where !source.url.isSame(as: damaged.url) {
            let data: CheckedData
            do throws(Fault) {
                data = try CheckedData(image, stores.bytes(at: source))
                // Without a digest nobody knows whether it is whole.
                guard data.isComparable, try data.trouble() == nil else { continue }
            } catch {
                if error.kind != .notFound { doubt = error }
                continue
            }
            let (writer, location): (any BlobWriter, ImageLocation)
            do throws(Fault) {
                (writer, location) = try write(data, of: image, inPlaceOf: damaged)
            } catch {
                return .impossible(error)
            }
            // Where the answer of the database is lost, the copy stays: the record may refer to it. A later verification tells.
            guard
                try change(
                    image,
                    { now in
                        guard let place = now.locations.firstIndex(of: damaged) else { return }
                        now.locations[place] = location
                    })
            else {
                writer.discard()
                return .changed
            }
            writer.confirm()
            return .given(stores.store(of: source).map { "store '\($0)'" } ?? source.safeURL, location)
        }
        return doubt.map { .unknown($0) } ?? .noSource
    }

    /// Writes whole data to the store of damaged data. Where the store has room for one object of that name only, and no quarantine, the
    /// damaged data goes first: the image is read from its other location meanwhile, and a repair that dies is completed by the next one.
    private func write(
        _ data: CheckedData, of image: Image, inPlaceOf damaged: ImageLocation
    ) throws(Fault) -> (any BlobWriter, ImageLocation) {
        let store = stores.store(of: damaged)
        try stores.checkTakesBytes(in: store)
        func write() throws(Fault) -> (any BlobWriter, ImageLocation) {
            let writer = try stores.begin(image.id, token: Upload.freshToken(), announcing: data.size, in: store)
            do throws(Fault) {
                // The data is judged again while it is copied: it may change.
                if let trouble = try data.trouble(copyingTo: writer) { throw Fault(.unavailable, trouble) }
                return (writer, ImageLocation(url: try writer.commit().url, metadata: damaged.metadata))
            } catch {
                writer.discard()
                throw error
            }
        }
        do throws(Fault) {
            return try write()
        } catch {
            guard error.kind == .conflict, filePath(of: damaged.url) == nil else { throw error }
        }
        try stores.remove(damaged)
        return try write()
    }

    /// What is wrong with an image's data at a location; nil when nothing is.
    ///
    /// - Throws: when the store does not answer, so that nobody knows.
    private func trouble(of image: Image, at location: ImageLocation) throws(Fault) -> String? {
        let bytes: Blob
        do throws(Fault) {
            bytes = try stores.bytes(at: location)
        } catch {
            if error.kind == .notFound { return "the data is missing at \(location.safeURL)" }
            throw error
        }
        return try CheckedData(image, bytes).trouble().map { "\($0) at \(location.safeURL)" }
    }
}

extension Image {
    /// Whether all that a repair has judged is the same in another reading of this image.
    fileprivate func isAsRecorded(in other: Image) -> Bool {
        status == other.status && size == other.size && checksum == other.checksum && hash == other.hash
            && updatedAt == other.updatedAt && locations == other.locations
    }
}
