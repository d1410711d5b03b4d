internal import Domain
internal import OsloConfig

extension Options {
    /// Ways by which images get bytes that clients need not send to the store.
    static let importMethods = Option<[String]>.list(
        "DEFAULT", "enabled_import_methods", default: ["glance-direct", "web-download", "copy-image"], .quoted)
    /// The address of this node, where its staging area is its own.
    static let selfReference = Option<String?>.optionalText("DEFAULT", "worker_self_reference_url")
    /// Whether somebody looks at the bytes of locations that clients add.
    static let secureHash = Option<Bool>.flag("DEFAULT", "do_secure_hash", default: true)
    /// What imports do besides, in this order.
    static let importPlugins = Option<[String]>.list("image_import_opts", "image_import_plugins", default: [], .quoted)
    /// What the names of properties begin with that come along with images of other regions.
    static let regionProperties = Option<[String]>.list(
        "glance_download_properties", "extra_properties", default: ["hw_", "trait:", "os_distro", "os_secure_boot", "os_type"], .quoted)
    static let injectedProperties = Option<[String: String]>.table("inject_metadata_properties", "inject")
    /// Of the plugin `image_conversion`.
    static let conversionFormat = Option<ConversionSettings.Format>.choice("image_conversion", "output_format", default: .raw)
    /// Of V2's older tasks, which convert only where it is set.
    static let legacyConversionFormat = Option<String?>.optionalText("taskflow_executor", "conversion_format")
    /// Seconds that a conversion may take.
    static let conversionTimeout = Option<Int>.int("vitrine", "conversion_timeout", default: 3600, in: 1...604_800)
    static let rolesWithoutInjection = Option<[String]>.list("inject_metadata_properties", "ignore_user_roles", default: ["admin"])
    /// Hours that a task is told of after its end.
    static let taskHours = Option<Int>.int("task", "task_time_to_live", default: 48, in: 0...876_000).formerly(
        "task_time_to_live", in: "DEFAULT")
    /// Imports that `glance-tasks` does at once.
    static let importThreads = Option<Int>.int("vitrine", "import_threads", default: 4, in: 1...64)

    /// Seconds that an import waits for the node that has the staged data, where nothing is heard of its `glance-tasks`.
    static let stagingNodeTimeout = Option<Int>.int("vitrine", "staging_node_timeout", default: 3600, in: 30...31_536_000)

    static let imports: [OptionKey] = [
        importMethods.key, regionProperties.key, selfReference.key, secureHash.key, importPlugins.key, injectedProperties.key,
        rolesWithoutInjection.key,
        taskHours.key, importThreads.key, conversionFormat.key, legacyConversionFormat.key, conversionTimeout.key,
        stagingNodeTimeout.key,
    ]
}
