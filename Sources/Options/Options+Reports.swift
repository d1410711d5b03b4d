package import OsloConfig

extension Options {
    /// Options of the reports in SQL.
    package struct Reports: OptionDeclarations {
        package let every = Option<Int>.int("vitrine", "reports_every", default: 300, in: 0...Int(Int32.max))
            .help(
                """
                Seconds between two refreshes of the summary tables that reports read; longer where a refresh takes long. 0 is never, and \
                `glance-manage db refresh_reports` alone refreshes them.
                """)
    }
}
