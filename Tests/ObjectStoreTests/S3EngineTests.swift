import ObjectStores
import TestSupport
import Testing

extension S3Client.Patience {
    /// The limits of a store whose engine is disturbed.
    fileprivate static var ofDisturbed: Self {
        var patience = quick
        (patience.silence, patience.attempts) = (2, 3)
        return patience
    }
}

/// An S3 store whose server is away, silent, slow, or wants another key.
@Suite(.serialized) struct `An S3 store on a disturbed engine` {
    @Test(arguments: EngineConformance.checks)
    func `fails as every store on an engine does`(_ check: ConformanceCheck<EngineUnderTest>) throws {
        let place = try S3Place.first
        try check.run(
            EngineUnderTest(s3: S3Engine.running()) { endpoint, bucket, access, secret in
                try place.store(at: endpoint, bucket: bucket, accessKey: access, secretKey: secret, patience: .ofDisturbed)
            })
    }
}
