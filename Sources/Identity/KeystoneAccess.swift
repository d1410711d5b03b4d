package import HTTPClient
internal import JSONDocument

/// Where Keystone is, and how a service of the cloud comes in as a user of its own. Source: keystoneauth1, plugins
/// `v3password` and `v3applicationcredential`.
package struct KeystoneAccess: Sendable, Equatable {
    /// A user or a project: by its id, or by a name and the domain that it is one in.
    package enum Named: Sendable, Equatable {
        case id(String)
        case name(String, domain: Domain)
    }

    package enum Domain: Sendable, Equatable {
        case id(String)
        case name(String)
    }

    package enum Proof: Sendable, Equatable {
        case password(String, of: Named)
        case applicationCredential(id: String, secret: String)
        case applicationCredentialNamed(String, of: Named, secret: String)
    }

    /// What the service's roles are to hold for; an application credential brings its own.
    package enum Scope: Sendable, Equatable {
        case project(Named)
        case domain(Domain)
        case system
        case ofCredential
    }

    /// With or without `/v3` at its end.
    package var address: String
    package var proof: Proof
    package var scope: Scope
    /// Which of the endpoints of the identity service is asked, once the catalog is known.
    package var interface = "internal"
    package var region: String?
    package var trust = TLSSettings()
    /// Seconds for an answer; of these five at most for a connection.
    package var patience = 10.0
    /// How often a connection that does not come about is tried again.
    package var retries = 3

    package init(address: String, proof: Proof, scope: Scope) {
        (self.address, self.proof, self.scope) = (address, proof, scope)
    }

    /// The address with its version: `http://keystone:5000/v3`.
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
