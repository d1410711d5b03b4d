package import OsloConfig

extension Options {
    /// Options of the continuous verification by glance-tasks.
    package struct Verification: OptionDeclarations {
        package let every = Option<Int>.duration("vitrine", "verify_every", default: "0")
            .help(
                """
                Time in which glance-tasks reads the data of every image once and compares it with the records, such as 30d; 0 for never. \
                Findings are in report_verification; nothing is repaired.
                """)
        package let rate = Option<Int64>.bytes("vitrine", "verify_rate", default: 20 << 20)
            .help(
                "Bytes a second that this verification reads at most; 0 for no limit. If that is too little for verify_every, the log says so."
            )
    }
}
