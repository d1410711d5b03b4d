package import OsloConfig

extension Options {
    /// Options of when the data of deleted images are removed.
    package struct Deletion: OptionDeclarations {
        package let delayedDelete = Option<Bool>.flag("DEFAULT", "delayed_delete", default: false)
            .help("Whether a deleted image keeps its data for scrub_time seconds and can be restored until then.")
        package let scrubTime = Option<Int>.int("DEFAULT", "scrub_time", default: 0, in: 0...Int(Int32.max))
            .help("Seconds from the deletion of an image until its data are removed, where delayed_delete is set.")
        package let wakeupTime = Option<Int>.int("DEFAULT", "wakeup_time", default: 300, in: 1...Int(Int32.max))
            .help("Seconds between two searches of glance-tasks for data whose scrub_time is over.")
    }
}
