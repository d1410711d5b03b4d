package import OsloConfig

extension Options {
    /// The options of `[cors]`, or of a group `[cors.…]` for other origins.
    package struct CORSGroup: OptionDeclarations {
        package let name: String
        package let allowedOrigin: Option<[String]>
        package let allowCredentials: Option<Bool>
        package let exposeHeaders: Option<[String]>
        /// In seconds.
        package let maxAge: Option<Int>
        package let allowMethods: Option<[String]>
        package let allowHeaders: Option<[String]>

        package struct Defaults {
            package var allowsCredentials = true
            package var exposedHeaders: [String]
            package var maxAge = 3600
            package var methods: [String]
            package var headers: [String]

            /// Source: Glance, `set_cors_middleware_defaults`; oslo.middleware, `CORS_OPTS`.
            package static let glance = Defaults(
                exposedHeaders: ["X-Image-Meta-Checksum", "X-Auth-Token", "X-Subject-Token", "X-Service-Token", "X-OpenStack-Request-ID"],
                methods: ["GET", "PUT", "POST", "DELETE", "PATCH"],
                headers: [
                    "Content-MD5", "X-Image-Meta-Checksum", "X-Storage-Token", "Accept-Encoding", "X-Auth-Token", "X-Identity-Status",
                    "X-Roles", "X-Service-Catalog", "X-User-Id", "X-Tenant-Id", "X-OpenStack-Request-ID",
                ])
        }

        package init(_ name: String, defaults: Defaults) {
            self.name = name
            allowedOrigin = .list(name, "allowed_origin", default: [])
                .help(
                    "Origins, such as https://horizon.example, whose scripts may use the API in a browser; * is every one, without credentials."
                )
            allowCredentials = .flag(name, "allow_credentials", default: defaults.allowsCredentials)
                .help("Whether such scripts may send credentials.")
            exposeHeaders = .list(name, "expose_headers", default: defaults.exposedHeaders)
                .help("Headers of an answer that such scripts may read.")
            maxAge = .int(name, "max_age", default: defaults.maxAge, in: 0...86400)
                .help("Seconds that a browser may keep the answer to a preflight request.")
            allowMethods = .list(name, "allow_methods", default: defaults.methods)
                .help("Methods that such scripts may use.")
            allowHeaders = .list(name, "allow_headers", default: defaults.headers)
                .help("Headers that such scripts may send.")
        }
    }
}
