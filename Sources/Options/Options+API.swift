package import OsloConfig

extension Options {
    /// Options of the API as a whole.
    package struct API: OptionDeclarations {
        package let publicEndpoint = Option<String?>.optionalText("DEFAULT", "public_endpoint")
            .help("Base URL of every link that the API sends, such as https://image.example; without it links lead where the client came.")
        package let enableProxyHeadersParsing = Option<Bool>.flag("oslo_middleware", "enable_proxy_headers_parsing", default: false)
            .help("Whether links follow Forwarded and X-Forwarded-Proto, -Host and -Prefix; only behind a proxy that sets them itself.")
        package let maxRequestIDLength = Option<Int>.int("DEFAULT", "max_request_id_length", default: 64, in: 1...1024)
            .help("Characters of X-Openstack-Request-Id that are kept of what a client sends.")
        package let limitParamDefault = Option<Int>.int("DEFAULT", "limit_param_default", default: 25, in: 1...Int.max)
            .help("Items on a page of a list where the request names no limit.")
        package let apiLimitMax = Option<Int>.int("DEFAULT", "api_limit_max", default: 1000, in: 1...Int.max)
            .help("Most items on a page of a list, whatever the request asks for.")
        package let showImageDirectURL = Option<Bool>.flag("DEFAULT", "show_image_direct_url", default: false)
            .help("Whether an image shows, as direct_url, where its data lie, to everybody who sees the image.")
        package let showMultipleLocations = Option<Bool>.flag("DEFAULT", "show_multiple_locations", default: false)
            .help("Whether an image shows its locations to everybody who sees it, and PATCH may change them.")
        package let enableV2 = Option<Bool>.flag("DEFAULT", "enable_v2_api", default: true)
            .help("Whether the Images API v2 is served.")
            .ofOlderGlance()
    }
}
