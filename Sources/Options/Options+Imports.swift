package import Domain
package import OsloConfig

extension Options {
    /// Options of imports.
    package struct Imports: OptionDeclarations {
        package let methods = Option<[String]>.list(
            "DEFAULT", "enabled_import_methods", default: ["glance-direct", "web-download", "copy-image"], .quoted
        )
        .help("Ways by which images may be imported: glance-direct, web-download, copy-image, glance-download.")
        package let plugins = Option<[String]>.list("image_import_opts", "image_import_plugins", default: [], .quoted)
            .help(
                """
                What an import does to the data: inject_image_metadata, image_decompression, image_conversion; any other name stops the start.
                """)
        package let threads = Option<Int>.int("vitrine", "import_threads", default: 4, in: 1...64)
            .help("Imports that a process of glance-tasks does at once.")
        package let selfReference = Option<String?>.optionalText("DEFAULT", "worker_self_reference_url")
            .help("This node's own address for the other nodes, needed where each has a staging folder or a cache of its own.")
        package let secureHash = Option<Bool>.flag("DEFAULT", "do_secure_hash", default: true)
            .help("Whether the data of locations that clients add are hashed and compared in the background.")
        package let regionProperties = Option<[String]>.list(
            "glance_download_properties", "extra_properties", default: ["hw_", "trait:", "os_distro", "os_secure_boot", "os_type"], .quoted
        )
        .help("Beginnings of the names of properties that glance-download takes from the image of the other region.")
        package let injectedProperties = Option<[String: String]>.table("inject_metadata_properties", "inject")
            .help("Properties that inject_image_metadata gives every imported image.")
        package let rolesWithoutInjection = Option<[String]>.list("inject_metadata_properties", "ignore_user_roles", default: ["admin"])
            .help("Roles whose imports inject_image_metadata leaves as they are.")
        package let conversionFormat = Option<ConversionSettings.Format>.choice("image_conversion", "output_format", default: .raw)
            .help("Format that image_conversion makes of imported images.")
        package let legacyConversionFormat = Option<String?>.optionalText("taskflow_executor", "conversion_format")
            .help("Format (qcow2, raw or vmdk) that tasks of POST /v2/tasks convert to; without it they convert nothing.")
        package let conversionTimeout = Option<Int>.int("vitrine", "conversion_timeout", default: 3600, in: 1...604_800)
            .help("Seconds that a conversion may take.")
        package let taskHours = Option<Int>.int("task", "task_time_to_live", default: 48, in: 0...876_000).formerly(
            "task_time_to_live", in: "DEFAULT"
        )
        .help("Hours that a task is shown after its end.")
        package let stagingNodeTimeout = Option<Int>.int("vitrine", "staging_node_timeout", default: 3600, in: 30...31_536_000)
            .help("Seconds that an import waits for the node that has its staged data, while that node's glance-tasks is silent.")
    }
}
