import Cryptography
import ObjectStores
import Testing

/// The values are those of Amazon's documentation: "Signature Calculations for the Authorization Header", "Authenticating Requests: Using
/// Query Parameters".
@Suite struct `A signature for S3` {
    private let signer = S3Signer(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region: "us-east-1")
    private static let host = "examplebucket.s3.amazonaws.com"
    /// 24 May 2013.
    private static let moment = 1_369_353_600

    struct Example: Sendable {
        let request: S3Signer.Request
        var body = ""
        let signature: String
    }

    @Test(arguments: [
        Example(
            request: S3Signer.Request("GET", host: host, path: "/test.txt", headers: [("range", "bytes=0-9")]),
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Example(
            request: S3Signer.Request(
                "PUT", host: host, path: "/test%24file.text",
                headers: [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]),
            body: "Welcome to Amazon S3.", signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Example(
            request: S3Signer.Request("GET", host: host, path: "/", query: [("lifecycle", "")]),
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Example(
            request: S3Signer.Request("GET", host: host, path: "/", query: [("prefix", "J"), ("max-keys", "2")]),
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ])
    func `is the one that Amazon computes`(_ example: Example) {
        let headers = signer.headers(of: example.request, digest: Digest.sha256(of: example.body), at: Self.moment)
        #expect(headers.last?.name == "authorization")
        #expect(headers.last?.value.hasSuffix("Signature=\(example.signature)") == true, "\(headers)")
        #expect(headers.contains { $0 == ("x-amz-date", "20130524T000000Z") })
    }

    @Test func `is the one that Amazon computes for a URL`() {
        let query = signer.presignedQuery(
            of: S3Signer.Request("GET", host: Self.host, path: "/test.txt"), validity: 86_400, at: Self.moment)
        #expect(
            query == """
                X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404
                """)
    }

    @Test func `covers the token of temporary keys`() {
        let signer = S3Signer(accessKey: "A", secretKey: "S", sessionToken: "the token", region: "eu-west-1")
        let request = S3Signer.Request("GET", host: Self.host, path: "/")
        let headers = signer.headers(of: request, digest: S3Signer.unsigned, at: Self.moment)
        #expect(headers.contains { $0 == ("x-amz-security-token", "the token") })
        #expect(headers.last!.value.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"))
        #expect(headers.last!.value.contains("Credential=A/20130524/eu-west-1/s3/aws4_request,"))
        #expect(signer.presignedQuery(of: request, validity: 1, at: Self.moment).contains("&X-Amz-Security-Token=the%20token&"))
    }
}
