internal import ArgumentParser
internal import Assembly
internal import Foundation
internal import Schema

extension DB {
    struct RefreshReports: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "refresh_reports", abstract: "Refreshes the summary tables that reports read, at once.",
            discussion: """
                `glance-tasks` does the same by itself every `[vitrine] reports_every` seconds, at a slow pace. It may be interrupted and \
                started again; the service may run meanwhile, and no request waits for it.
                """)
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            guard try arguments.migrations().state().missing.isEmpty else {
                throw Refused(description: "The database has not all tables of this release. Run `glance-manage db sync` first.")
            }
            let root = try CompositionRoot(arguments.configuration(), program: "glance-manage")
            guard let images = try waitingForAnother({ try root.refreshReportsShowingProgress() }) else {
                throw Refused(description: "Another process, such as glance-tasks, is refreshing the reports. Try again when it is done.")
            }
            print("The reports are refreshed: \(images) images were compared.")
        }

        /// Tries again for half a minute while another process holds the lease.
        private func waitingForAnother(_ body: () throws -> Int?) throws -> Int? {
            for _ in 0..<30 {
                if let images = try body() { return images }
                Thread.sleep(forTimeInterval: 1)
            }
            return nil
        }
    }
}
