import Domain
import Testing

/// Glance's default policy rules, for the operations that exist here.
@Suite struct `The default policy` {
    let policy = Policy()

    enum Who: CaseIterable {
        case admin, owner, ownersReader, other, othersReader, nobody

        var caller: Caller {
            switch self {
            case .admin: Caller(user: "root", project: "cloud", roles: ["admin", "member", "reader"], isAdmin: true)
            case .owner: Caller(user: "alice", project: "acme", roles: ["member", "reader"], isAdmin: false)
            case .ownersReader: Caller(user: "ann", project: "acme", roles: ["reader"], isAdmin: false)
            case .other: Caller(user: "bob", project: "bolt", roles: ["member", "reader"], isAdmin: false)
            case .othersReader: Caller(user: "ben", project: "bolt", roles: ["reader"], isAdmin: false)
            case .nobody: Caller(user: "eve", project: nil, roles: [], isAdmin: false)
            }
        }
    }

    /// Access to a private image of project acme.
    static let onPrivate: [(PolicyRule, Set<Who>)] = [
        (.getImage, [.admin, .owner, .ownersReader]), (.modifyImage, [.admin, .owner]), (.deleteImage, [.admin, .owner]),
        (.publicizeImage, [.admin]), (.communitizeImage, [.admin, .owner]), (.uploadImage, [.admin, .owner]),
        (.downloadImage, [.admin, .owner]), (.getImageLocation, [.admin, .owner, .ownersReader]), (.addMember, [.admin, .owner]),
        (.getImageUsage, [.admin, .owner, .ownersReader]),
        (.deleteMember, [.admin, .owner]), (.getMembers, [.admin, .owner, .ownersReader]), (.getMember, [.admin, .owner, .ownersReader]),
        (.modifyMember, [.admin]), (.deactivate, [.admin, .owner]), (.reactivate, [.admin, .owner]),
    ]

    @Test(arguments: onPrivate) func `of a private image`(_ rule: PolicyRule, _ allowed: Set<Who>) {
        for who in Who.allCases { #expect(policy.allows(rule, who.caller, on: image(.private)) == allowed.contains(who), "\(who)") }
    }

    @Test(arguments: [Visibility.public, .community, .shared]) func `lets whoever sees an image read it`(_ visibility: Visibility) {
        let image = image(visibility)
        for who in Who.allCases where who != .nobody { #expect(policy.allows(.getImage, who.caller, on: image), "\(who)") }
        let readers: Set<Who> = [.admin, .owner, .other]
        for who in Who.allCases { #expect(policy.allows(.downloadImage, who.caller, on: image) == readers.contains(who), "\(who)") }
        #expect(!policy.allows(.modifyImage, Who.other.caller, on: image))
    }

    @Test func `lets a member answer for itself, and nobody else`() {
        let membership = AttributeTarget(["project_id": "acme", "member_id": "bolt"])
        let allowed: Set<Who> = [.admin, .other]
        for who in Who.allCases { #expect(policy.allows(.modifyMember, who.caller, on: membership) == allowed.contains(who), "\(who)") }
    }

    @Test func `lets nobody list or create without a project`() {
        #expect(!policy.allows(.getImages, Who.nobody.caller, on: AttributeTarget([:])))
        #expect(!policy.allows(.addImage, Who.nobody.caller, on: AttributeTarget([:])))
        let member = Caller(user: "x", project: nil, roles: ["member", "reader"], isAdmin: false)
        #expect(!policy.allows(.getImages, member, on: AttributeTarget([:])))
        #expect(!policy.allows(.addImage, member, on: AttributeTarget([:])))
    }

    @Test func `creates for the caller's own project`() {
        let own = AttributeTarget(["project_id": "acme", "owner": "acme"])
        #expect(policy.allows(.addImage, Who.owner.caller, on: own))
        #expect(!policy.allows(.addImage, Who.ownersReader.caller, on: own))
        #expect(!policy.allows(.addImage, Who.owner.caller, on: AttributeTarget(["project_id": "acme", "owner": "bolt"])))
    }

    @Test func `hides what may not be seen and refuses what may`() {
        #expect(kind(of: Who.other.caller, on: image(.private)) == .notFound)
        #expect(kind(of: Who.other.caller, on: image(.public)) == .forbidden)
    }

    @Test func `makes an administrator by role`() {
        #expect(policy.makesAdmin(roles: ["admin"]))
        #expect(!policy.makesAdmin(roles: ["member", "reader", "service"]))
    }

    @Test func `of metadata definitions lets readers look and administrators change`() {
        for who in Who.allCases {
            let sees: Set<Who> = [.admin, .owner, .ownersReader]
            #expect(policy.allows(.getMetadefNamespace, who.caller, on: namespace(.private)) == sees.contains(who), "\(who)")
            #expect(policy.allows(.getMetadefTags, who.caller, on: namespace(.public)) == (who != .nobody), "\(who)")
            #expect(policy.allows(.getMetadefNamespaces, who.caller, on: nil) == (who != .nobody), "\(who)")
            #expect(policy.allows(.modifyMetadefNamespace, who.caller, on: namespace(.private)) == (who == .admin), "\(who)")
        }
    }

    @Test func `of metadata definitions hides what may not be seen and refuses what may`() {
        #expect(kind(of: Who.other.caller, on: namespace(.private)) == .notFound)
        #expect(kind(of: Who.other.caller, on: namespace(.public)) == .forbidden)
        #expect(kind(of: Who.owner.caller, on: nil) == .forbidden)
        #expect(kind(of: Who.nobody.caller, on: nil) == .notFound)
        #expect(kind(of: Who.admin.caller, on: namespace(.private)) == nil)
    }

    @Test func `of older releases lets everybody read metadata definitions, or those whom metadef_default allows`() {
        let closed = Policy.Override(name: "metadef_default", check: .role("member"), origin: "test")
        #expect(Policy(overrides: [], isOld: true).allows(.getMetadefNamespaces, Who.nobody.caller, on: nil))
        #expect(!Policy(overrides: [closed], isOld: true).allows(.getMetadefNamespaces, Who.nobody.caller, on: nil))
        #expect(!Policy(overrides: [], isOld: true).allows(.addMetadefNamespace, Who.owner.caller, on: nil))
    }

    private func namespace(_ visibility: Visibility) -> MetadefNamespace {
        let fields = MetadefFields(name: "n", visibility: visibility, owner: "acme")
        return MetadefNamespace(id: 1, fields: fields, createdAt: Timestamp(year: 2026, month: 1, day: 1), updatedAt: nil)
    }

    /// The policy's error for a caller who may not delete a namespace.
    private func kind(of caller: Caller, on namespace: MetadefNamespace?) -> Fault.Kind? {
        do throws(Fault) {
            try policy.require(.deleteMetadefNamespace, on: namespace, by: caller)
            return nil
        } catch {
            return error.kind
        }
    }

    private func image(_ visibility: Visibility) -> Image {
        let moment = Timestamp(year: 2026, month: 1, day: 1)
        return Image(
            id: ImageID("x"), status: .active, visibility: visibility, owner: "acme", createdAt: moment, updatedAt: moment)
    }

    /// The policy's error for a caller who may not delete an image.
    private func kind(of caller: Caller, on image: Image) -> Fault.Kind? {
        do throws(Fault) {
            try policy.require(.deleteImage, on: image, by: caller)
            return nil
        } catch {
            return error.kind
        }
    }
}
