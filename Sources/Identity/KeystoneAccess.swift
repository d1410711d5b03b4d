package import HTTPClient
internal import JSONDocument

/// The address of Keystone, and the service's own credentials. Source: keystoneauth1, plugins `v3password` and `v3applicationcredential`.
package struct KeystoneAccess: Sendable, Equatable {
    /// A user or a project: by its id, or by its name and domain.
    package enum Named: Sendable, Equatable {
        case id(String)
        case name(String, domain: Domain)
    }

    /// A domain.
    package enum Domain: Sendable, Equatable {
        case id(String)
        case name(String)
    }

    /// The credentials of a login.
    package enum Proof: Sendable, Equatable {
        case password(String, of: Named)
        case applicationCredential(id: String, secret: String)
        case applicationCredentialNamed(String, of: Named, secret: String)
    }

    /// The scope of the service's token; an application credential brings its own.
    package enum Scope: Sendable, Equatable {
        case project(Named)
        case domain(Domain)
        case system
        case ofCredential
    }

    /// The address, with or without `/v3` at its end.
    package var address: String
    /// The service's credentials.
    package var proof: Proof
    /// The scope of its token.
    package var scope: Scope
    /// The interface of the identity service that is used once the catalog is known.
    package var interface = "internal"
    /// The region of the endpoints that are used; nil for any.
    package var region: String?
    /// The settings of TLS.
    package var trust = TLSSettings()
    /// The time limit of an exchange in seconds; a connection may take at most five of them.
    package var patience = 10.0
    /// The number of retries of a connection that fails.
    package var retries = 3

    /// Makes an access of its parts.
    package init(address: String, proof: Proof, scope: Scope) {
        (self.address, self.proof, self.scope) = (address, proof, scope)
    }

    /// The address with its version, for example `http://keystone:5000/v3`.
    static func versioned(_ address: String) -> String {
        KeystoneCatalog.withoutVersion(address, ["/v3", "/v2.0"]) + "/v3"
    }

    /// The body of `POST /v3/auth/tokens`.
    var login: [UInt8] {
        var auth: JSONObject = ["identity": identity]
        switch scope {
        case .project(let project): auth["scope"] = ["project": .object(Self.named(project))]
        case .domain(let domain): auth["scope"] = ["domain": Self.domain(domain)]
        case .system: auth["scope"] = ["system": ["all": true]]
        case .ofCredential: break
        }
        return JSON.object(["auth": .object(auth)]).text
    }

    private var identity: JSON {
        switch proof {
        case .password(let password, let user):
            var user = Self.named(user)
            user["password"] = .string(password)
            return ["methods": ["password"], "password": ["user": .object(user)]]
        case .applicationCredential(let id, let secret):
            return [
                "methods": ["application_credential"], "application_credential": ["id": .string(id), "secret": .string(secret)],
            ]
        case .applicationCredentialNamed(let name, let user, let secret):
            let credential: JSON = ["name": .string(name), "user": .object(Self.named(user)), "secret": .string(secret)]
            return ["methods": ["application_credential"], "application_credential": credential]
        }
    }

    private static func named(_ named: Named) -> JSONObject {
        switch named {
        case .id(let id): ["id": .string(id)]
        case .name(let name, let domain): ["name": .string(name), "domain": self.domain(domain)]
        }
    }

    private static func domain(_ domain: Domain) -> JSON {
        switch domain {
        case .id(let id): ["id": .string(id)]
        case .name(let name): ["name": .string(name)]
        }
    }
}
