// swift-tools-version: 6.2
import PackageDescription

/// Every target is built with these: `any` is always written, an import is private to its file and says what it uses.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of `docs/architecture.md`; `needs` are the modules of lower layers that it may import, and those that an arrow there leads to.
func module(_ name: String, needs: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: needs, swiftSettings: settings)
}

/// A program: it reads its arguments, makes what it runs, and runs it.
func program(_ name: String, needs: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: needs, swiftSettings: settings)
}

/// Tests of one module, or of what a client sees.
func tests(_ name: String, needs: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: needs)
}

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// The files of `sql/`, compiled into what runs them.
let migrations = [
    "0000-vitrine_migrations",
    "0001-alembic_version",
    "0002-images",
    "0003-image_properties",
    "0004-image_tags",
    "0005-image_locations",
    "0006-image_members",
    "0007-tasks",
    "0008-task_info",
    "0009-metadef_namespaces",
    "0010-metadef_objects",
    "0011-metadef_properties",
    "0012-metadef_tags",
    "0013-metadef_resource_types",
    "0014-metadef_namespace_resource_types",
    "0015-node_reference",
    "0016-cached_images",
    "0017-images_by_visibility",
    "0018-images_by_owner",
    "0019-images_by_value",
    "0020-image_tags_by_value",
    "0021-image_properties_by_value",
    "0022-image_members_by_project",
    "0023-vitrine_uploads",
    "0024-vitrine_removals",
    "0025-vitrine_copies",
    "0026-vitrine_notifications",
    "0027-vitrine_upload_reservations",
    "0028-vitrine_project_turns",
    "0029-vitrine_turns",
    "0030-vitrine_copies_requests",
    "0031-vitrine_jobs",
    "0032-vitrine_uploads_staging",
    "0033-vitrine_uploads_worker",
    "0034-vitrine_jobs_worker",
    "0035-vitrine_turns_worker",
    "0036-vitrine_commits",
    "0037-vitrine_store_folders",
    "0038-vitrine_removals_tries",
    "0039-vitrine_removals_image",
    "0040-vitrine_nodes",
]

/// Folders of `Tests/Deployments`: what each tool writes.
let deployments = ["charm", "devstack", "kolla", "openstack-ansible", "openstack-helm", "operator", "puppet"]

let package = Package(
    name: "vitrine",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // C modules: system libraries, each with a shim.h that says why
        .systemLibrary(name: "CFastCGI", pkgConfig: "fcgi", providers: [.apt(["libfcgi-dev"])]),
        .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CPacking", providers: [.apt(["zlib1g-dev", "libbz2-dev", "liblzma-dev", "libzstd-dev"])]),
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),

        // foundations: what any module may import
        module("Threading", needs: []),
        module("Files", needs: []),
        // Apart from Files, so that what does no I/O (Domain, HTTP, JSONDocument) sees no files.
        module("Text", needs: []),

        // libraries: no word of images
        module("FastCGI", needs: ["CFastCGI", "CLinux", "Files", "Threading"]),
        module("MariaDB", needs: ["CMariaDB", "Files", "Text", "Threading"]),
        module("HTTP", needs: ["Text"]),
        module("JSONDocument", needs: ["Text"]),
        module("HTTPClient", needs: ["CCurl", "Text", "Threading"]),
        module("Cryptography", needs: ["COpenSSL", "Text"]),
        module("OsloConfig", needs: ["Files", "Text"]),
        module("ImageFormats", needs: []),

        // domain: nouns, rules, ports, Fault
        module("Domain", needs: ["JSONDocument", "Text"]),

        // wire formats: what two processes say to each other. RegistryWire is apart from RegistryClient, since the HTTP APIs write it and see no
        // adapter; NotificationWire from Messaging, since glance-tasks alone loads librabbitmq.
        module("NotificationWire", needs: ["Domain", "JSONDocument"]),
        module("RegistryWire", needs: ["Domain", "JSONDocument", "HTTP"]),

        // adapters: they fill the ports, and see no other adapter but along an arrow
        module("Persistence", needs: ["Domain", "Cryptography", "JSONDocument", "MariaDB", "NotificationWire", "Threading"]),
        // Apart from Persistence, which it needs: glance-manage and glance-tools alone make tables. Sources/Schema/sql leads to sql/, since a
        // target has only what is below its own folder.
        .target(
            name: "Schema", dependencies: ["Domain", "MariaDB", "Persistence"],
            resources: migrations.map { .embedInCode("sql/\($0).sql") }, swiftSettings: settings),
        module("Stores", needs: ["Domain", "CLinux", "Files", "HTTPClient", "JSONDocument", "Text", "Threading", logging]),
        module(
            "Identity",
            needs: [
                "Domain", "Cryptography", "Files", "HTTPClient", "JSONDocument", "OsloConfig", "Text", "Threading", logging,
                .product(name: "Yams", package: "Yams"),
            ]),
        module("ImportTransforms", needs: ["Domain", "CLinux", "CPacking", "JSONDocument"]),
        module("Messaging", needs: ["Domain", "CRabbitMQ", "NotificationWire", "Text", "Threading"]),
        module("RegistryClient", needs: ["Domain", "RegistryWire", "HTTPClient", "JSONDocument", "Text", "Threading", logging]),

        // use cases
        module("Operations", needs: ["Domain", "ImageFormats", "Cryptography", "JSONDocument", "Text", "Threading", logging]),

        module("Importing", needs: ["Domain", "Cryptography", "JSONDocument", "Operations", "Threading", logging]),

        // background work of glance-tasks
        module("BackgroundJobs", needs: ["Domain", "NotificationWire", "Operations", "Threading", logging]),

        // HTTP APIs
        module("APICommon", needs: ["HTTP", "JSONDocument", "Domain", "NotificationWire", "Threading", logging]),
        module("APIV2", needs: ["APICommon", "HTTP", "JSONDocument", "Domain", "Importing", "Operations", "Text"]),

        module("APIV1", needs: ["APICommon", "HTTP", "JSONDocument", "Domain", "Operations", "RegistryWire"]),
        module("APIRegistry", needs: ["APICommon", "HTTP", "JSONDocument", "Domain", "RegistryWire"]),

        // log, options, server loop
        module("OsloLog", needs: ["Domain", "Files", "JSONDocument", "NotificationWire", "Text", logging]),
        module("Options", needs: ["Domain", "Files", "Identity", "JSONDocument", "OsloConfig", "OsloLog", "Text"]),
        module(
            "Server", needs: ["APICommon", "CLinux", "Domain", "FastCGI", "HTTP", "Operations", "OsloLog", "Text", "Threading", logging]),

        // assembly: wiring and entry points; the development stack; copies between services
        module(
            "Assembly",
            needs: [
                "Options", "OsloLog", "Server", "APICommon", "APIRegistry", "APIV1", "APIV2", "BackgroundJobs", "Importing", "Operations",
                "Persistence", "RegistryClient", "Stores", "Identity", "Domain", "HTTP", "HTTPClient", "ImageFormats", "JSONDocument",
                "Cryptography", "FastCGI", "Files", "MariaDB", "OsloConfig", "Text", "Threading", logging,
            ]),

        module("Stack", needs: ["Files", "MariaDB", "Text"]),

        module("Replication", needs: ["Cryptography", "Files", "HTTPClient", "JSONDocument", "Text"]),

        // programs
        program("glance-api", needs: ["Assembly", "FastCGI", "Options", arguments]),
        program("glance-registry", needs: ["Assembly", "Options", arguments]),
        program("glance-tasks", needs: ["Assembly", "Messaging", "ImportTransforms", "Options", arguments]),
        program(
            "glance-manage",
            needs: [
                "APICommon", "APIRegistry", "APIV1", "APIV2", "Assembly", "HTTP", "Domain", "Files", "JSONDocument", "Operations",
                "Options",
                "Persistence", "Schema", "OsloConfig", "Stack", arguments,
            ]),

        program(
            "glance-tools",
            needs: [
                "Assembly", "Domain", "HTTPClient", "Identity", "JSONDocument", "Operations", "Options", "OsloConfig", "Persistence",
                "Replication", "Schema", "Text", "Threading", logging,
            ]),

        // benchmarks
        .executableTarget(
            name: "ceiling", dependencies: ["CFastCGI", "HTTPClient", "MariaDB", "Threading"], path: "Benchmarks/Ceiling",
            swiftSettings: settings),
        .executableTarget(
            name: "exchange", dependencies: ["HTTPClient", "Threading"], path: "Benchmarks/Exchange", swiftSettings: settings),

        // tests
        .target(
            name: "TestSupport", dependencies: ["Domain", "Persistence", "MariaDB", "JSONDocument", "Schema", "Stack", "Threading"],
            path: "Tests/TestSupport"),
        tests(
            "LibraryTests",
            needs: [
                "Cryptography", "Files", "JSONDocument", "HTTP", "MariaDB", "TestSupport", "Text", "Threading",
            ]),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: [
                "Assembly", "Cryptography", "JSONDocument", "Messaging", "Options", "OsloConfig", "TestSupport", "Text", "glance-api",
                "glance-manage",
                "glance-registry",
                "glance-tasks",
            ],
            exclude: ["oslo.py"]),
        tests("DomainTests", needs: ["Domain", "TestSupport"]),
        tests("ImportTransformTests", needs: ["Domain", "ImportTransforms", "TestSupport", "glance-api", "glance-tasks"]),
        .testTarget(name: "FormatTests", dependencies: ["ImageFormats", "TestSupport"], exclude: ["oslo.py"]),
        tests("FetchTests", needs: ["CCurl", "Domain", "HTTPClient", "Stores", "TestSupport", "Threading"]),
        tests(
            "PortTests",
            needs: [
                "TestSupport", "Assembly", "Domain", "ImageFormats", "Operations", "Persistence", "RegistryClient", "Schema", "Stack",
                "Stores", "MariaDB", "Threading", "glance-api", "glance-registry", "glance-tasks", "glance-manage", logging,
            ]),
        tests(
            "OperationsTests",
            needs: [
                "TestSupport", "Cryptography", "Domain", "ImageFormats", "Importing", "JSONDocument", "MariaDB", "Operations",
                "Persistence", "Schema", "Stack", "Stores", logging,
            ]),
        tests(
            "IdentityTests",
            needs: [
                "TestSupport", "Domain", "HTTPClient", "Identity", "JSONDocument", "Threading", "glance-api", "glance-manage",
                "glance-registry", "glance-tasks", logging,
            ]),
        .testTarget(
            name: "NotificationTests",
            dependencies: [
                "TestSupport", "JSONDocument", "Messaging", "Stack", "glance-api", "glance-manage", "glance-registry", "glance-tasks",
            ],
            exclude: ["listen.py"]),
        tests("RegistryTests", needs: ["TestSupport", "glance-api", "glance-registry"]),
        tests("CacheTests", needs: ["TestSupport", "Threading", "glance-api", "glance-registry", "glance-tasks"]),
        tests("FaultTests", needs: ["TestSupport", "Operations", "Stack", "Threading", "glance-api", "glance-registry", "glance-tasks"]),
        tests("APIV1Tests", needs: ["TestSupport", "Domain", "glance-api", "glance-registry", "glance-tasks"]),
        tests("APIV2Tests", needs: ["TestSupport", "glance-api", "glance-manage", "glance-registry", "glance-tasks"]),
        tests(
            "StoreTests",
            needs: [
                "TestSupport", "Domain", "JSONDocument", "MariaDB", "Operations", "Persistence", "Stores", "glance-api", "glance-manage",
                "glance-registry",
                "glance-tasks", logging,
            ]),
        tests(
            "BackgroundTests",
            needs: [
                "TestSupport", "BackgroundJobs", "Domain", "MariaDB", "Stack", "Threading", "glance-api", "glance-registry", "glance-tasks",
                logging,
            ]),
        tests("ImportTests", needs: ["TestSupport", "Stack", "Threading", "glance-api", "glance-tasks"]),
        tests("MetadefTests", needs: ["TestSupport", "glance-api", "glance-manage"]),
        tests("ToolTests", needs: ["TestSupport", "Threading", "glance-api", "glance-registry", "glance-tools"]),
        tests(
            "GatewayTests",
            needs: ["TestSupport", "JSONDocument", "Stack", "glance-api", "glance-manage", "glance-registry", "glance-tasks"]),
        .testTarget(
            name: "ClientTests", dependencies: ["TestSupport", "Stack", "glance-api", "glance-registry", "glance-tasks"],
            exclude: ["requirements.txt"]),
        tests(
            "DocumentTests",
            needs: [
                "TestSupport", "APICommon", "APIRegistry", "APIV1", "APIV2", "glance-api", "glance-manage", "glance-registry",
                "glance-tasks",
            ]),
        .testTarget(
            name: "DeploymentTests", dependencies: ["TestSupport", "Stack", "glance-api", "glance-manage", "glance-tasks", "glance-tools"],
            path: "Tests/Deployments", exclude: deployments + ["requirements.txt"]),
    ],
    swiftLanguageModes: [.v6]
)
