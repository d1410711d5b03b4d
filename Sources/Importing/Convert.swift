internal import Domain
internal import Logging
internal import Operations
internal import Threading

extension Importer {
    /// Converts an image to another disk format. Its data is first written to a private file and inspected like that of every image.
    ///
    /// - Returns: the file of the new format, which the caller removes.
    func convert(
        _ incoming: IncomingBytes, of image: Image, by converter: any ImageConverter, _ run: JobRun
    ) throws(Fault) -> StagingArea.File {
        let measure = try ContentInspector(of: image, service.hashAlgorithm, service.formats, signedBy: nil)
        var readers = measure.readers
        var path = incoming.path
        var fetched: (any BlobWriter)?
        defer { fetched?.discard() }
        if path == nil {
            let bytes = try service.staging.begin(image.id, token: run.job.token, announcing: incoming.announced)
            let reader: StreamTee<Fault>.Reader = { (piece) throws(Fault) in try bytes.append(piece) }
            readers.append(reader)
            (fetched, path) = (bytes, service.staging.file(of: bytes).path)
        }
        let progress = Progress(run.job, jobs, total: incoming.announced, service.logger)
        let size = try StreamCopy(limits: service.limits, announced: incoming.announced).run(
            from: incoming.reader, to: readers, isSlowAllowed: true
        ) { done throws(Fault) in
            try run.check()
            progress.note(done)
        }
        _ = try measure.finish(size: size, service.logger)
        let made = service.staging.workFile(of: image.id, token: run.job.token)
        try converter.convert(
            fileAt: path ?? "", from: image.diskFormat ?? "", to: made.path, atMost: service.limits.size,
            isCancelled: { run.isCancelled }, note: { progress.note(Int64($0 * Double(size))) })
        return made
    }

    /// Removes a file of the staging area. A failure is logged and left to the sweeper.
    func remove(_ file: StagingArea.File) {
        do throws(Fault) {
            try service.staging.remove(file)
        } catch {
            service.logger.warning("a temporary file of an import was not removed: \(error)")
        }
    }
}
