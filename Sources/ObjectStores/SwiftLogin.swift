internal import Text

/// How the service logs in to an account of Swift.
package struct SwiftLogin: Sendable, Equatable {
    /// The protocol of the login.
    package enum Version: Sendable {
        /// TempAuth, which Ceph's gateway speaks too: a GET with user and key in its header.
        case v1
        /// Keystone.
        case v3
    }

    /// The one that logs in.
    package enum Identity: Sendable, Equatable {
        /// - Parameter user: `project:user`.
        case user(String, key: String)
        case applicationCredential(id: String, secret: String)
    }

    /// A domain of Keystone, by its id or its name.
    package struct KeystoneDomain: Sendable, Equatable {
        package var id, name: String?

        /// Makes a domain; without an id and a name it is the one with the id `default`, as in Glance.
        package init(id: String? = nil, name: String? = nil) {
            self.name = name
            self.id = id ?? (name == nil ? "default" : nil)
        }
    }

    /// The URL of the service that gives tokens, with its scheme.
    package let address: String
    package let version: Version
    package let identity: Identity
    package let userDomain, projectDomain: KeystoneDomain

    /// Makes a login.
    ///
    /// - Parameter address: https if it has no scheme. Source: glance_store, `_drivers/swift/store.py`, `StoreLocation.swift_url`.
    /// - Throws: the reason why it cannot be one. It contains no secret.
    package init(
        address: String, version: Version, identity: Identity, userDomain: KeystoneDomain = .init(), projectDomain: KeystoneDomain = .init()
    ) throws(SwiftLoginError) {
        let address = address.contains("://") ? address : "https://\(address)"
        do throws(SwiftLoginError) { try Self.check(address: address) } catch {
            throw SwiftLoginError(description: "the address \(error)")
        }
        switch identity {
        case .user(let user, let key):
            guard !user.isEmpty, !key.isEmpty, isPlain(user), isPlain(key) else {
                throw SwiftLoginError(description: "user and key are not texts of one line")
            }
            guard version == .v1 || SwiftUser(user).isOfKeystone else {
                throw SwiftLoginError(description: "the user is not of the form project:user")
            }
        case .applicationCredential(let id, let secret):
            guard version == .v3 else { throw SwiftLoginError(description: "an application credential needs auth_version 3") }
            guard !id.isEmpty, !secret.isEmpty else {
                throw SwiftLoginError(description: "an application credential has an id and a secret")
            }
        }
        (self.version, self.identity, self.userDomain, self.projectDomain) = (version, identity, userDomain, projectDomain)
        self.address = withoutSlashes(address)
    }

    /// Checks that a text is a URL of http or https without a user in it.
    package static func check(address: String) throws(SwiftLoginError) {
        let reason: String
        do throws(HostAndPort.Refusal) {
            if try !SwiftOrigin(address).hasUser { return }
            reason = "a user in it has no effect"
        } catch {
            reason = "\(error)"
        }
        throw SwiftLoginError(description: "\(shownAddress(address))is none of the form http(s)://host[:port]/path: \(reason)")
    }

    /// The same login by another user.
    func by(_ user: String, key: String) -> SwiftLogin? {
        try? SwiftLogin(
            address: address, version: version, identity: .user(user, key: key), userDomain: userDomain, projectDomain: projectDomain)
    }

    /// The user; nil for an application credential.
    var user: String? { if case .user(let user, _) = identity { user } else { nil } }

    /// The project, or the account of TempAuth, that the user belongs to; nil for an application credential, and for a user without one.
    var project: String? { user.flatMap { SwiftUser($0).project } }

    /// The server that gives the tokens.
    var origin: SwiftOrigin? { try? SwiftOrigin(address) }
}

/// A user as a login names them: `project:user`.
struct SwiftUser {
    /// The project, or the account of TempAuth; nil for a user without one.
    let project: String?
    let name: String

    init(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        (project, name) = parts.count == 2 ? (parts[0], parts[1]) : (nil, text)
    }

    /// Whether Keystone can be asked for the user: it needs a project, and the name has no colon.
    var isOfKeystone: Bool { project != nil && !name.contains(":") }
}

/// Why a login cannot be used.
package struct SwiftLoginError: Error, CustomStringConvertible {
    package let description: String

    /// Makes an error of its reason.
    package init(description: String) { self.description = description }
}

/// The server of a URL: scheme, host and port.
struct SwiftOrigin: Hashable, Sendable {
    private let isSecure: Bool
    /// Host and port.
    let server: String
    let hasUser: Bool

    /// - Throws: for what is no URL of http or https, visible ASCII, 2048 bytes at most.
    init(_ url: String) throws(HostAndPort.Refusal) {
        guard url.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { throw HostAndPort.Refusal(description: "it has letters beyond ASCII") }
        let parts = try ServerURL(url)
        (isSecure, hasUser) = (parts.isSecure, parts.hasUser)
        server = parts.authority.lowercased()
    }
}

/// Whether a text can stand in a header.
private func isPlain(_ text: String) -> Bool { text.utf8.count <= 1024 && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
