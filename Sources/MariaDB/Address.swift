/// Where a MariaDB server is, who we are to it, and what the connection must be like.
package struct Address: Sendable, Equatable {
    package var host = "127.0.0.1"
    package var port: UInt32 = 3306
    /// A UNIX socket, taken instead of host and port.
    package var socket: String?
    package var user = ""
    package var password = ""
    package var database = ""
    /// How the connection is encrypted; nil where that is not asked for.
    package var tls: TLS?
    /// The local address that connections come from.
    package var bindAddress: String?
    /// SQL that is run on each new connection, before this program's own settings.
    package var initCommand: String?
    /// Seconds that the operator wants a connection to wait for the server, each nil where nothing is said.
    package var connectTimeout, readTimeout, writeTimeout: UInt32?

    package init() {}

    /// What an encrypted connection needs. Files are PEM.
    package struct TLS: Sendable, Equatable {
        /// The certificate authorities that the server's certificate must come from: a file, a folder; nil for the system's.
        package var authority, authorityFolder: String?
        /// What this program proves itself with.
        package var certificate, key, keyPassword: String?
        /// Names of ciphers, separated by colons.
        package var cipher: String?
        /// Certificates that were called back: a file, a folder.
        package var revoked, revokedFolder: String?
        /// Whether the server's certificate must come from one of the authorities.
        package var verifiesChain = false
        /// Whether it must bear the host's name too.
        package var verifiesName = false

        package init() {}
    }
}

/// Why a URL is no address of a database. Names words of the URL, and never a value: one of them is the password.
package struct AddressError: Error, CustomStringConvertible, Equatable {
    package let description: String
    init(_ description: String) { self.description = description }
}
