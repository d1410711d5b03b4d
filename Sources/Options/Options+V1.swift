package import OsloConfig

extension Options {
    /// Options of the Images API v1 and of the registry.
    package struct V1: OptionDeclarations {
        package let enableAPI = Option<Bool>.flag("DEFAULT", "enable_v1_api", default: true)
            .help("Whether the Images API v1 is served; it also needs [vitrine] registry_secret.")
            .ofOlderGlance()
        package let enableRegistry = Option<Bool>.flag("DEFAULT", "enable_v1_registry", default: true)
            .help("Whether glance-registry serves; where it is off, the program does not start.")
            .ofOlderGlance()
        package let registryHost = Option<String>.text("DEFAULT", "registry_host", default: "127.0.0.1")
            .help("Host at which glance-api reaches glance-registry; 0.0.0.0 stands for 127.0.0.1.")
            .ofOlderGlance()
        package let registryPort = Option<Int>.int("DEFAULT", "registry_port", default: 9191, in: 1...65535)
            .help("Port at which glance-api reaches glance-registry.")
            .ofOlderGlance()
        package let registryProtocol = Option<String>.text("DEFAULT", "registry_client_protocol", default: "http")
            .help("Scheme by which glance-api reaches glance-registry: http or https.")
            .ofOlderGlance()
        package let registryCA = Option<String?>.optionalText("DEFAULT", "registry_client_ca_file")
            .help("File of the certificate authority of glance-registry's certificate.")
            .ofOlderGlance()
        package let registryTimeout = Option<Int>.int("DEFAULT", "registry_client_timeout", default: 30, in: 1...3600)
            .help("Seconds that glance-registry has to answer glance-api. Glance's own default is 600.")
            .ofOlderGlance()
        package let registrySecret = Option<String?>.optionalText("vitrine", "registry_secret")
            .help("Secret by which glance-registry knows glance-api, 16 characters or more, the same for both; without it there is no V1.")
    }
}
