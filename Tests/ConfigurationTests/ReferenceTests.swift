import Foundation
import Options
import OsloConfig
import TestSupport
import Testing

@Suite struct `The reference of all options` {
    private static func list(_ words: String...) throws -> Command {
        try Command("\(TestGlance.programs)/glance-manage", ["config", "list"] + words)
    }

    @Test func `is the page among the documents`() throws {
        let page = try String(contentsOfFile: "\(TestGlance.repository)docs/configuration.md", encoding: .utf8)
        let written = try Self.list("--format", "markdown").succeeded().text
        #expect(page == written, "bring it up to date: glance-manage config list --format markdown > docs/configuration.md")
    }

    @Test func `has a sentence for each`() {
        for option in OptionReference.all {
            #expect(
                option.meaning.hasSuffix(".") && option.meaning.first?.isUppercase == true,
                "[\(option.group)] \(option.name): \(option.meaning)")
        }
    }

    /// Options that Glance reads from its `glance-api-paste.ini`, and that are not options of oslo.config.
    private static let ofPaste: Set<String> = ["healthcheck"]

    /// Options that Glance declares only where it uses them: in `glance-manage`, and for the names of several stores.
    private static let ofPrograms: Set<String> = ["metadata_source_path", "store_description", "weight"]

    /// Options of Glance's stores whose libraries are not installed with it.
    private static let ofOtherStores: Set<String> = ["cinder_use_multipath", "cinder_volume_type"]

    @Test func `says who else knows it`() throws {
        let declared = Set(try Oslo.declared().map(\.id))
        // Glance's stores and logins are in groups with several names.
        let names = Set(declared.map(\.name))
        for option in OptionReference.all where !Self.ofPaste.contains(option.group) {
            let isDeclared =
                Self.ofPrograms.union(Self.ofOtherStores).contains(option.name) || declared.contains(OptionName(option.group, option.name))
                || option.group != "vitrine" && names.contains(option.name)
            #expect(isDeclared == (option.origin == .glance), "[\(option.group)] \(option.name) in Glance: \(option.origin.rawValue)")
        }
    }

    @Test func `is searched, and read by programs`() throws {
        let found = try Self.list("image_size_cap", "--format", "json").succeeded().json
        #expect(found.array?.count == 1)
        #expect(found.array?.first?["default"]?.string == String(1 << 40) && found.array?.first?["glance"]?.string == "yes")
        #expect(try Self.list("image_size_cap").succeeded().text.hasPrefix("[DEFAULT] image_size_cap = 1099511627776\n"))
        #expect(try Self.list("cap", "--format", "markdown").status == 2)
    }
}
