package import OsloConfig

extension Options {
    /// Options of the records of images' use.
    package struct Use: OptionDeclarations {
        package let recordUse = Option<Bool>.flag("vitrine", "record_use", default: true)
            .help("Whether downloads are counted by day, image and caller, from the log of send_log; without that log nothing is counted.")
        package let kept = Option<Int>.int("vitrine", "use_kept", default: 400, in: 1...36_500)
            .help("Days for which downloads by day are kept; the sums of an image stay until it is purged.")
    }
}
