/// The address of a MariaDB server, the credentials, and the properties of the connection.
package struct Address: Sendable, Equatable {
    package var host = "127.0.0.1"
    package var port: UInt32 = 3306
    /// Further servers of the same cluster, which are used while those before them cannot be.
    package var others: [Place] = []
    /// The path of a UNIX socket, used instead of host and port.
    package var socket: String?
    package var user = ""
    package var password = ""
    package var database = ""
    /// How the connection is encrypted; nil if the URL does not ask for encryption.
    package var tls: TLS?
    /// The local address of the connections.
    package var bindAddress: String?
    /// SQL that is run on each new connection, before this program's own settings.
    package var initCommand: String?
    /// The value of `wsrep_sync_wait` at a node of a Galera cluster; nil for the node's own.
    package var syncWait: Int?
    /// Whether a node outside its Galera cluster may be read, if the site allows it (`wsrep_dirty_reads`).
    package var acceptsOldReads = false
    /// Limits in seconds that the operator set for waiting for the server; nil if not set.
    package var connectTimeout, readTimeout, writeTimeout: UInt32?

    package init() {}

    /// Where a server listens.
    package struct Place: Sendable, Equatable {
        package var host: String
        package var port: UInt32
    }

    /// The address of each server by itself, in the order of preference.
    var servers: [Address] {
        guard socket == nil else { return [self] }
        return ([Place(host: host, port: port)] + others).map { place in
            var server = self
            (server.host, server.port, server.others) = (place.host, place.port, [])
            return server
        }
    }

    /// Settings of an encrypted connection. Files are PEM.
    package struct TLS: Sendable, Equatable {
        /// The certificate authorities for the server's certificate: a file, a folder; nil for the system's.
        package var authority, authorityFolder: String?
        /// The certificate of this program.
        package var certificate, key, keyPassword: String?
        /// Names of ciphers, separated by colons.
        package var cipher: String?
        /// Revoked certificates: a file, a folder.
        package var revoked, revokedFolder: String?
        /// Whether one of the authorities must have signed the server's certificate.
        package var verifiesChain = false
        /// Whether the certificate must also contain the host's name.
        package var verifiesName = false

        package init() {}
    }
}

/// The reason why a URL is not the address of a database. It names words of the URL, never a value, which may be the password.
package struct AddressError: Error, CustomStringConvertible, Equatable {
    package let description: String
    init(_ description: String) { self.description = description }
}
