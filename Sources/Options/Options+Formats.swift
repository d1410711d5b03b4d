package import OsloConfig

extension Options {
    /// Options of the formats of images.
    package struct Formats: OptionDeclarations {
        package let diskFormats = Option<[String]>.list(
            "image_format", "disk_formats",
            default: ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"]
        ).formerly("disk_formats", in: "DEFAULT")
            .help("Disk formats that an image may have.")
        package let containerFormats = Option<[String]>.list(
            "image_format", "container_formats", default: ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"]
        ).formerly("container_formats", in: "DEFAULT")
            .help("Container formats that an image may have.")
        package let requireFormatMatch = Option<Bool>.flag("image_format", "require_image_format_match", default: true)
            .help("Whether data must be of the disk_format that the image says; otherwise only unsafe data are refused.")
        package let vmdkAllowedTypes = Option<[String]>.list(
            "image_format", "vmdk_allowed_types", default: ["streamOptimized", "monolithicSparse"]
        )
        .help("Kinds of VMDK that are taken; empty is none.")
        package let nonfatalChecksOfGPT = Option<[String]>.list("image_format", "gpt_safety_checks_nonfatal", default: [])
            .help("Safety checks of a GPT disk that are only logged when they fail.")
    }
}
