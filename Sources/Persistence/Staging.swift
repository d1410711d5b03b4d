package import Domain
internal import MariaDB

extension MariaDBCatalog: StagingCatalog {
    package func finishStaging(
        _ upload: Upload, size: Int64, on host: String?, claiming claim: QuotaClaim?
    ) throws(Fault) {
        try database.transaction("Staging image \(upload.image)") { connection in
            if let claim { try Quotas.takeTurn(of: claim.project, on: connection) }
            guard let reserved = try connection.first(Self.endLease, .text(upload.token)) else {
                // Either the lease was lost, or the answer to this very call.
                guard let image = try ImageRows.load([upload.image.text], locations: false, on: connection).first else {
                    throw Fault.deletedMeanwhile(upload.image)
                }
                guard image.status == .uploading, image.size == size else { throw Fault.givenUp(upload.image) }
                return
            }
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
