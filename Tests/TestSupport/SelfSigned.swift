import Foundation

/// A key, and a certificate for a host, which is self-signed or signed by an authority of the tests.
package struct SelfSigned {
    package let certificate: String
    package let key: String

    /// - Parameter authority: signs the certificate; nil for itself.
    package init(for host: String, by authority: SelfSigned? = nil) throws {
        let folder = "\(TestFolder.root)/self-signed-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        (certificate, key) = ("\(folder)/certificate", "\(folder)/key")
        try Command(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(host)", "-addext"]
                + ["subjectAltName=DNS:\(host)", "-keyout", key, "-out", certificate]
                + (authority.map { ["-CA", $0.certificate, "-CAkey", $0.key, "-addext", "basicConstraints=critical,CA:FALSE"] } ?? [])
        ).succeeded()
    }

    /// The lines of nginx to listen with it.
    package func listening(on port: Int) -> String {
        "listen 127.0.0.1:\(port) ssl;\nssl_certificate \(certificate); ssl_certificate_key \(key);"
    }
}
