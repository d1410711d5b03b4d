package import OsloConfig

extension Options {
    /// Options of what images, projects and clients may take.
    package struct Limits: OptionDeclarations {
        package let imageSizeCap = Option<Int>.int("DEFAULT", "image_size_cap", default: 1 << 40, in: 1...Int.max)
            .help("Most bytes of one image; more are refused with 413.")
        package let imagePropertyQuota = Option<Int>.int("DEFAULT", "image_property_quota", default: 128)
            .help("Most custom properties of an image; a negative number is no limit.")
        package let imageTagQuota = Option<Int>.int("DEFAULT", "image_tag_quota", default: 128)
            .help("Most tags of an image; a negative number is no limit.")
        package let imageLocationQuota = Option<Int>.int("DEFAULT", "image_location_quota", default: 10)
            .help("Most locations of an image; a negative number is no limit.")
        package let imageMemberQuota = Option<Int>.int("DEFAULT", "image_member_quota", default: 128)
            .help("Most members of an image; a negative number is no limit.")
        package let userStorageQuota = Option<Int64>.bytes("DEFAULT", "user_storage_quota", default: 0)
            .help("Bytes that the images of one project may take in all stores together; 0 is no limit.")
        package let useKeystoneLimits = Option<Bool>.flag("DEFAULT", "use_keystone_limits", default: false)
            .help("Whether projects have the registered limits of Keystone ([oslo_limit]) in place of user_storage_quota.")
        package let uploadsPerProject = Option<Int>.int("vitrine", "uploads_per_project", default: 0, in: 0...Int.max)
            .help(
                """
                Uploads of one project at once in a process, of both APIs; more get 503. 0 is no limit; not set, it is three quarters of \
                data_threads.
                """)
        package let uploadRate = Option<Int>.int("vitrine", "upload_rate", default: 1024, in: 0...Int.max)
            .help("Bytes a second that an upload must bring on the average of each minute, or it ends with 408; 0 is no limit.")
    }
}
