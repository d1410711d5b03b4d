package import OsloConfig

extension Options {
    /// Options of how callers are identified.
    package struct Callers: OptionDeclarations {
        package let flavor = Option<String?>.optionalText("paste_deploy", "flavor")
            .help(
                """
                Pipeline of Glance: keystone has callers known by Keystone's tokens; caching and cachemanagement add the image cache. An \
                unknown name stops the start.
                """)
        package enum IdentityKind: String, CaseIterable, Sendable {
            /// No caller has a name or a role. It is the default, so that a forgotten option opens nothing.
            case anonymous
            /// Every caller is an administrator.
            case none
            case tokens, keystone
        }
        package let identity = Option<IdentityKind>.choice("vitrine", "identity", default: .anonymous)
            .help(
                """
                Who callers are: anonymous (nobody), none (everybody is an administrator), tokens (token_file) or keystone. A flavor with \
                keystone sets it too.
                """)
        package let identityNoneBeyondLoopback = Option<Bool>.flag("vitrine", "identity_none_beyond_loopback", default: false)
            .help(
                """
                Whether identity = none also makes clients of other hosts administrators, or only those of this host that come through no \
                proxy.
                """)
        package let tokenFile = Option<String?>.optionalText("vitrine", "token_file")
            .help("YAML file of static tokens with user, project and roles of each, for identity = tokens.")
        package let project = Option<String>.text("vitrine", "project", default: "admin")
            .help("Project of every caller where identity is none.")
    }
}
