import Foundation

/// A key, and a self-signed certificate for a host.
package struct SelfSigned {
    package let certificate: String
    package let key: String

    package init(for host: String) throws {
        let folder = "\(TestFolder.root)/self-signed-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        (certificate, key) = ("\(folder)/certificate", "\(folder)/key")
        try Command(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(host)", "-addext"]
                + ["subjectAltName=DNS:\(host)", "-keyout", key, "-out", certificate]
        ).succeeded()
    }

    /// The lines of nginx to listen with it.
    package func listening(on port: Int) -> String {
        "listen 127.0.0.1:\(port) ssl;\nssl_certificate \(certificate); ssl_certificate_key \(key);"
    }
}
