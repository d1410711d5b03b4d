internal import Domain
internal import ServiceMetrics
internal import Threading

extension Importer.JobRun {
    /// Counts how this try of the job ended.
    ///
    /// - Parameter bytes: the data that the import brought.
    func count(_ end: ImportEndLabel, bytes: Int64 = 0) {
        let method = ImportLabel(job.details)
        ServiceMetrics.imports.ended.add(method, end)
        ServiceMetrics.imports.bytes.add(method, by: bytes)
        ServiceMetrics.imports.durations.record(seconds: monotonicSeconds() - claimedAt, method)
    }
}

extension ImportLabel {
    fileprivate init(_ details: JobDetails?) {
        self =
            switch details {
            case .imageImport(let plan):
                switch plan.method {
                case .staged: .glanceDirect
                case .web: .webDownload
                case .copy: .copyImage
                case .region: .glanceDownload
                }
            case .location: .location
            case nil: .unknown
            }
    }
}
