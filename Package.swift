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
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")

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
    "0041-vitrine_downloads",
    "0042-vitrine_image_use",
    "0044-vitrine_events",
    "0045-vitrine_reports",
    "0046-vitrine_report_images",
    "0047-vitrine_report_property_values",
    "0048-vitrine_report_passes",
    "0049-vitrine_verifications",
    "0050-vitrine_verification_findings",
    "0051-vitrine_verification_stores",
    "0052-vitrine_notifications_author",
    "0053-vitrine_image_turns",
    "0054-vitrine_node_setups",
    "0055-vitrine_jobs_staged_in",
    "0056-vitrine_image_use_index",
    "0057-vitrine_jobs_index",
    "0058-vitrine_removals_index",
    "0059-vitrine_verification_findings_index",
    "0060-vitrine_project_sums",
    "0061-vitrine_removals_store",
    "0062-vitrine_report_projects",
    "0063-vitrine_report_stores",
    "0064-vitrine_report_deleted",
]

/// The files of `sql/reports/`: one view each.
let reports = [
    "report_account_images",
    "report_accounting",
    "report_deleted_not_purged",
    "report_downloads_daily",
    "report_duplicates",
    "report_events",
    "report_growth_daily",
    "report_images",
    "report_locations",
    "report_missing_digests",
    "report_properties",
    "report_property_values",
    "report_public_catalogue",
    "report_sharing",
    "report_stuck",
    "report_tasks",
    "report_unused",
    "report_usage_by_project",
    "report_usage_by_store",
    "report_verification",
]

/// Folders of `Tests/Deployments`: what each tool writes.
let deployments = ["charm", "devstack", "kolla", "openstack-ansible", "openstack-helm", "operator", "puppet"]

let package = Package(
    name: "vitrine",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
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
        // Loaded at run time where an rbd store is configured.
        .systemLibrary(name: "CRBD"),
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),

        // foundations: what any module may import
        module("Threading", needs: []),
        module("Files", needs: []),
        module("Numbers", needs: []),
        // Apart from Files, so that what does no I/O (Domain, HTTP, JSONDocument) sees no files.
        module("Text", needs: []),

        // libraries: no word of images
        module("FastCGI", needs: ["CFastCGI", "CLinux", "Files", "Threading"]),
        module("MariaDB", needs: ["CMariaDB", "Files", "Text", "Threading"]),
        module("HTTP", needs: ["Numbers", "Text"]),
        module("JSONDocument", needs: ["Text"]),
        module("HTTPClient", needs: ["CCurl", "Text", "Threading"]),
        module("Cryptography", needs: ["COpenSSL", "Text"]),
        module("OsloConfig", needs: ["Files", "Text"]),
        module("ImageFormats", needs: ["Numbers"]),

        // The families of metrics, declared in one place; any module above may count.
        module("ServiceMetrics", needs: [coreMetrics]),
        // Keeps the values in memory that the processes of a node share, and serves them; the programs alone set it up.
        module("SharedMetrics", needs: ["Files", "Numbers", "ServiceMetrics", "Text", "Threading", coreMetrics]),

        // domain: nouns, rules, ports, Fault
        module("Domain", needs: ["JSONDocument", "Text"]),

        // wire formats: what two processes say to each other. RegistryWire is apart from RegistryClient, since the HTTP APIs write it and see no
        // adapter; NotificationWire from Messaging, since glance-tasks alone loads librabbitmq.
        module("NotificationWire", needs: ["Domain", "JSONDocument"]),
        module("RegistryWire", needs: ["Domain", "JSONDocument", "HTTP"]),
        // Reports in each format for people and programs; it knows no SQL and no images.
        module("Reports", needs: ["Files", "JSONDocument", "Text"]),

        // adapters: they fill the ports, and see no other adapter but along an arrow
        module(
            "Persistence",
            needs: [
                "Domain", "Cryptography", "JSONDocument", "MariaDB", "NotificationWire", "Numbers", "Reports", "ServiceMetrics",
                "Threading",
            ]),
        // Apart from Persistence, which it needs: glance-manage and glance-tools alone make tables. Sources/Schema/sql leads to sql/, since a
        // target has only what is below its own folder.
        .target(
            name: "Schema", dependencies: ["Domain", "MariaDB", "Persistence"],
            resources: migrations.map { .embedInCode("sql/\($0).sql") }
                + (reports + ["accounting_period"]).map { .embedInCode("sql/reports/\($0).sql") },
            swiftSettings: settings),
        module(
            "Stores",
            needs: ["Domain", "CLinux", "Files", "HTTPClient", "JSONDocument", "Numbers", "ServiceMetrics", "Text", "Threading", logging]),
        module("ObjectStores", needs: ["Domain", "Cryptography", "HTTPClient", "JSONDocument", "Text", "Threading", logging]),
        module(
            "Identity",
            needs: [
                "Domain", "Cryptography", "Files", "HTTPClient", "JSONDocument", "Numbers", "OsloConfig", "ServiceMetrics", "Text",
                "Threading",
                logging,
                .product(name: "Yams", package: "Yams"),
            ]),
        module("ImportTransforms", needs: ["Domain", "CLinux", "CPacking", "JSONDocument", "Threading"]),
        module("RBDStore", needs: ["Domain", "CRBD", "JSONDocument", "Numbers", "Text", "Threading", logging]),
        module("Messaging", needs: ["Domain", "CRabbitMQ", "NotificationWire", "Text", "Threading"]),
        module(
            "RegistryClient",
            needs: ["Domain", "RegistryWire", "HTTPClient", "JSONDocument", "ServiceMetrics", "Text", "Threading", logging]),

        // use cases
        module(
            "Operations",
            needs: ["Domain", "ImageFormats", "Cryptography", "JSONDocument", "Numbers", "ServiceMetrics", "Text", "Threading", logging]),

        module("Importing", needs: ["Domain", "Cryptography", "JSONDocument", "Operations", "ServiceMetrics", "Threading", logging]),

        // background work of glance-tasks
        module("BackgroundJobs", needs: ["Domain", "Files", "NotificationWire", "Operations", "ServiceMetrics", "Threading", logging]),

        // HTTP APIs
        module("APICommon", needs: ["HTTP", "JSONDocument", "Domain", "NotificationWire", "ServiceMetrics", "Text", "Threading", logging]),
        module("APIV2", needs: ["APICommon", "HTTP", "JSONDocument", "Domain", "Importing", "Operations", "Text"]),

        module("APIV1", needs: ["APICommon", "HTTP", "JSONDocument", "Domain", "Operations", "RegistryWire", "Text"]),
        module("APIRegistry", needs: ["APICommon", "HTTP", "JSONDocument", "Domain", "RegistryWire"]),

        // log, options, server loop
        module("OsloLog", needs: ["Domain", "Files", "JSONDocument", "NotificationWire", "ServiceMetrics", "Text", "Threading", logging]),
        module("Options", needs: ["Domain", "Files", "Identity", "JSONDocument", "OsloConfig", "OsloLog", "Text"]),
        module(
            "Server",
            needs: [
                "APICommon", "CLinux", "Domain", "FastCGI", "HTTP", "Operations", "OsloLog", "ServiceMetrics", "Text", "Threading", logging,
            ]),

        // assembly: wiring and entry points; the development stack; copies between services
        module(
            "Assembly",
            needs: [
                "Options", "OsloLog", "Server", "APICommon", "APIRegistry", "APIV1", "APIV2", "BackgroundJobs", "Importing", "Operations",
                "ObjectStores", "Persistence", "RBDStore", "RegistryClient", "Stores", "Identity", "Domain", "HTTP", "HTTPClient",
                "ImageFormats",
                "JSONDocument",
                "Cryptography", "FastCGI", "Files", "MariaDB", "OsloConfig", "ServiceMetrics", "SharedMetrics", "Text", "Threading",
                logging,
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
                "Persistence", "Reports", "Schema", "ServiceMetrics", "SharedMetrics", "OsloConfig", "Stack", "Text", "Threading",
                arguments,
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
        .systemLibrary(name: "CPolling", path: "Benchmarks/CPolling"),
        .executableTarget(name: "load-generator", dependencies: ["CPolling"], path: "Benchmarks/Generator", swiftSettings: settings),

        // tests
        .target(name: "TestThreads", path: "Tests/TestThreads"),
        .target(
            name: "TestSupport",
            dependencies: ["Domain", "Persistence", "MariaDB", "JSONDocument", "Schema", "Stack", "TestThreads", "Threading"],
            path: "Tests/TestSupport", exclude: ["clients.py"]),
        tests(
            "LibraryTests",
            needs: [
                "Cryptography", "Files", "JSONDocument", "HTTP", "MariaDB", "Numbers", "TestSupport", "Text", "Threading",
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
        tests(
            "MetricsTests",
            needs: [
                "BackgroundJobs", "Domain", "MariaDB", "Persistence", "ServiceMetrics", "SharedMetrics", "Stack", "TestSupport",
                "Threading",
                "glance-api", "glance-manage", "glance-registry", "glance-tasks", coreMetrics,
            ]),
        tests("ImportTransformTests", needs: ["Domain", "ImportTransforms", "TestSupport", "glance-api", "glance-tasks"]),
        .testTarget(name: "FormatTests", dependencies: ["ImageFormats", "TestSupport"], exclude: ["oslo.py"]),
        tests("FetchTests", needs: ["CCurl", "Domain", "HTTPClient", "Stores", "TestSupport", "Threading"]),
        tests(
            "PortTests",
            needs: [
                "TestSupport", "Assembly", "Domain", "ImageFormats", "Operations", "Persistence", "RegistryClient", "Schema", "Stack",
                "Stores", "MariaDB", "Threading", "glance-api", "glance-registry", "glance-tasks", "glance-manage", logging,
            ]),
        tests("GaleraTests", needs: ["TestSupport", "Domain", "MariaDB", "Persistence", "Schema", "Threading", "glance-api"]),
        tests(
            "RBDStoreTests",
            needs: [
                "TestSupport", "Domain", "RBDStore", "glance-api", "glance-manage", "glance-registry", "glance-tasks", logging,
            ]),
        tests(
            "OperationsTests",
            needs: [
                "TestSupport", "Cryptography", "Domain", "ImageFormats", "Importing", "JSONDocument", "MariaDB", "Operations",
                "Persistence", "Schema", "Stack", "Stores", "Threading", logging,
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
        tests(
            "ObjectStoreTests",
            needs: [
                "TestSupport", "Cryptography", "Domain", "HTTPClient", "ObjectStores", "Stack", "Stores", "Threading", "glance-api",
                "glance-manage", "glance-registry", "glance-tasks", logging,
            ]),
        tests("RegistryTests", needs: ["TestSupport", "glance-api", "glance-registry"]),
        tests("CacheTests", needs: ["TestSupport", "Threading", "glance-api", "glance-registry", "glance-tasks"]),
        tests("FaultTests", needs: ["TestSupport", "Operations", "Stack", "Threading", "glance-api", "glance-registry", "glance-tasks"]),
        tests("APIV1Tests", needs: ["TestSupport", "Domain", "glance-api", "glance-registry", "glance-tasks"]),
        tests("APIV2Tests", needs: ["TestSupport", "glance-api", "glance-manage", "glance-registry", "glance-tasks"]),
        tests(
            "StoreTests",
            needs: [
                "TestSupport", "Domain", "JSONDocument", "MariaDB", "Operations", "Persistence", "Stack", "Stores", "Threading",
                "glance-api", "glance-manage",
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
        tests(
            "ReportTests",
            needs: [
                "TestSupport", "Domain", "JSONDocument", "MariaDB", "Persistence", "Schema", "Stack", "Threading", "glance-api",
                "glance-manage",
                "glance-registry", "glance-tasks",
            ]),
        tests("MetadefTests", needs: ["TestSupport", "glance-api", "glance-manage"]),
        tests("ToolTests", needs: ["TestSupport", "Threading", "glance-api", "glance-registry", "glance-tools"]),
        tests(
            "GatewayTests",
            needs: [
                "TestSupport", "APICommon", "Domain", "FastCGI", "HTTP", "JSONDocument", "OsloLog", "Server", "Stack", "Stores",
                "Threading",
                "glance-api", "glance-manage", "glance-registry", "glance-tasks",
            ]),
        tests(
            "VerificationTests",
            needs: [
                "TestSupport", "Cryptography", "Domain", "JSONDocument", "MariaDB", "Operations", "Persistence", "Stores",
                "glance-api", "glance-manage", "glance-registry", "glance-tasks", logging,
            ]),
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
