package import Identity
package import OsloConfig

extension Options {
    /// Options of the policy. Source: oslo.policy, `opts.py`.
    package struct Policy: OptionDeclarations {
        package let file = Option<String>.text("oslo_policy", "policy_file", default: "policy.yaml").formerly(
            "policy_file", in: "DEFAULT"
        )
        .help("File of policy rules, YAML or JSON, read again when it changes; a missing one leaves the defaults.")
        package let folders = Option<[String]>.many("oslo_policy", "policy_dirs").formerly("policy_dirs", in: "DEFAULT")
            .help("Folder of further files of policy rules; may come many times. Without it, policy.d.")
        package let enforceNewDefaults = Option<Bool>.flag("oslo_policy", "enforce_new_defaults", default: true)
            .help(
                "Whether the present defaults of the policy rules count, with reader, member and admin roles, or those of older releases.")
        package let defaultRule = Option<String>.text("oslo_policy", "policy_default_rule", default: "default").formerly(
            "policy_default_rule", in: "DEFAULT"
        )
        .help("Rule that is asked where a rule asks another that does not exist.")
        package let remoteContentType = Option<PolicyServers.Settings.ContentType>.choice(
            "oslo_policy", "remote_content_type", default: .form
        )
        .help("Content type of the question to the server of an http: or https: rule.")
        package let remoteIsVerified = Option<Bool>.flag("oslo_policy", "remote_ssl_verify_server_crt", default: false)
            .help("Whether the certificate of an https: rule's server is verified.")
        package let remoteAuthority = Option<String?>.optionalText("oslo_policy", "remote_ssl_ca_crt_file")
            .help("File of the certificate authority for servers of https: rules.")
        package let remoteCertificate = Option<String?>.optionalText("oslo_policy", "remote_ssl_client_crt_file")
            .help("File of the client certificate for servers of https: rules.")
        package let remoteKey = Option<String?>.optionalText("oslo_policy", "remote_ssl_client_key_file")
            .help("File of the key of that client certificate.")
        package let remoteTimeout = Option<String>.text("oslo_policy", "remote_timeout", default: "60")
            .help("Seconds that the server of an http: or https: rule has to answer, with a fraction if need be.")
    }
}
