package import OsloConfig

extension Options {
    /// Options of which URLs are fetched.
    package struct Fetching: OptionDeclarations {
        package let allowedSchemes = Option<[String]>.list(
            "import_filtering_opts", "allowed_schemes", default: ["http", "https"], .quoted
        )
        .help("Schemes of URLs that are fetched.")
        package let disallowedSchemes = Option<[String]>.list("import_filtering_opts", "disallowed_schemes", default: [], .quoted)
            .help("Schemes that are not fetched, where allowed_schemes is empty.")
        package let allowedHosts = Option<[String]>.list("import_filtering_opts", "allowed_hosts", default: [], .bracketed)
            .help(
                "Hosts that are asked, and no others where it is not empty; only a host named here may have an address that is not public.")
        package let disallowedHosts = Option<[String]>.list("import_filtering_opts", "disallowed_hosts", default: [], .bracketed)
            .help("Hosts that are not asked, where allowed_hosts is empty.")
        package let allowedPorts = Option<[String]>.list("import_filtering_opts", "allowed_ports", default: ["80", "443"], .bracketed)
            .help("Ports that are asked.")
        package let disallowedPorts = Option<[String]>.list("import_filtering_opts", "disallowed_ports", default: [], .bracketed)
            .help("Ports that are not asked, where allowed_ports is empty.")
        package let throughProxy = Option<Bool>.flag("vitrine", "fetch_through_proxy", default: false)
            .help("Whether http_proxy, https_proxy, all_proxy and no_proxy of the environment count for what is fetched by URL.")
    }
}
