internal import ArgumentParser
internal import Assembly
internal import Domain
internal import Foundation
internal import Operations

extension DB {
    struct Purge: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes rows that were deleted long ago from all tables except images.",
            discussion: """
                Rows of image_properties, image_tags, image_locations, image_members, tasks and task_info. What the data of an image still \
                need, or whoever may bring it back, stays. \(advice)
                """)
        @OptionGroup var arguments: ConfigurationArguments
        @OptionGroup var limits: PurgeLimits

        func run() throws { try limits.purge(PurgePart.besidesImages, usualAge: 30, arguments) }
    }

    struct PurgeImages: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge_images_table", abstract: "Removes rows of images that were deleted long ago.",
            discussion: """
                After `db purge` of at least the same age: images of which there are other rows stay, and the command ends with 1. So do \
                images whose data are still to be removed. An id that is purged may be given to another image; see OSSN-0075. \(advice)
                """)
        @OptionGroup var arguments: ConfigurationArguments
        @OptionGroup var limits: PurgeLimits

        func run() throws { try limits.purge([.images], usualAge: 180, arguments) }
    }

    private static let advice = "It may be interrupted and started again; the service may run meanwhile."
}

struct PurgeLimits: ParsableArguments {
    @Option(name: .customLong("age_in_days"), help: "The least number of days since the deletion. (default: 30; 180 for images)")
    var age: Int?

    @Option(name: .customLong("max_rows"), help: "The largest number of rows of each table, the oldest first; -1 for all.")
    var maxRows = 100

    @Flag(help: "Print how many rows would be removed, and remove none.")
    var dryRun = false

    func purge(_ parts: [PurgePart], usualAge: Int, _ arguments: ConfigurationArguments) throws {
        let age = age ?? usualAge
        try check(age)
        let order = Purger.Order(parts, olderThan: age, atMost: maxRows == -1 ? nil : maxRows)
        let purger = try CompositionRoot(arguments.configuration(), program: "glance-manage").makePurger()
        var bar = ProgressBar("purging", of: dryRun || !ProgressBar.isShown ? 0 : Int64(try purger.remaining(order)), .rows)
        let outcomes = try purger.purge(order, isRehearsal: dryRun) { bar.advance(Int64($0)) }
        bar.end()
        if dryRun {
            for outcome in outcomes { print("\(outcome.part.rawValue): \(outcome.rows) rows would go") }
        }
        let referred = outcomes.reduce(0) { $0 + $1.referred }
        if referred > 0 {
            throw DB.Refused(
                description: """
                    \(referred) images stay, as there are still rows of theirs in image_properties, image_tags, image_locations or \
                    image_members. Run `glance-manage db purge --age_in_days \(age) --max_rows -1` first.
                    """)
        }
    }

    private func check(_ age: Int) throws {
        if age < 0 { throw DB.Refused(description: "Must supply a non-negative value for age.") }
        if age >= Int(Date().timeIntervalSince1970) / 86400 {
            throw DB.Refused(description: "Maximal age is count of days since epoch.")
        }
        if maxRows < -1 { throw DB.Refused(description: "Minimal rows limit is -1.") }
        if maxRows > Int32.max { throw DB.Refused(description: "'max_rows' value out of range, must not exceed \(Int32.max).") }
    }
}
