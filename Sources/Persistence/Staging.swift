package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func finishStaging(
        _ upload: Upload, size: Int64, on host: String?, claiming claim: QuotaClaim?
    ) throws(Fault) {
        try database.transaction("Staging image \(upload.image)", repeatable: ("finish \(upload.token)", ())) { connection in
            if let claim { try Quotas.lockProject(claim.project, on: connection) }
            let reserved = try endLease(of: upload, on: connection)
            if let claim, size > reserved { try Quotas.check(claim, on: connection) }
            do {
                _ = try changed(upload.image, visibleTo: .service, nil, on: connection) { image throws(Fault) in
                    guard image.status == .uploading else { throw .deletedMeanwhile(upload.image) }
                    image.size = size
                    image[internal: Image.stageHost] = host
                }
            } catch let fault as Fault where fault.kind == .notFound {
                throw Fault.deletedMeanwhile(upload.image)
            }
        }
    }
}
