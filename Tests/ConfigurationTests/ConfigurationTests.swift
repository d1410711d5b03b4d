import Foundation
import OsloConfig
import TestSupport
import Testing

@Suite struct `A configuration` {
    static let name: OsloConfig.Option<String> = .text("DEFAULT", "name", default: "nobody")
    static let greeting: OsloConfig.Option<String> = .text("greetings", "greeting", default: "hello")
    static let count: OsloConfig.Option<Int> = .int("DEFAULT", "count", default: 3, in: 0...10)
    static let debug: OsloConfig.Option<Bool> = .flag("DEFAULT", "debug", default: false)
    static let list: OsloConfig.Option<[String]> = .list("DEFAULT", "list", default: ["a"], .quoted)
    static let many: OsloConfig.Option<[String]> = .many("DEFAULT", "many")
    static let known = [name.key, greeting.key, count.key, debug.key, list.key, many.key]

    @Test func `reads the dialect of oslo`() throws {
        let configuration = try read(
            """
            # a comment
            ; another
            [DEFAULT]
            name: "  quoted  "
            count=7
            debug = Yes
            list = [x, y ,, z]
            many = one
            many = two
            [greetings]
            greeting = first
              second
            \tthird

            """)
        #expect(try configuration(Self.name) == "  quoted  ")
        #expect(try configuration(Self.count) == 7)
        #expect(try configuration(Self.debug))
        #expect(try configuration(Self.list) == ["x", "y", "z"])
        #expect(try configuration(Self.many) == ["one", "two"])
        #expect(try configuration(Self.greeting) == "first\nsecond\nthird")
    }

    /// In oslo.config a former name in another group needs the group's name.
    @Test func `has DEFAULT's options by their group too`() throws {
        #expect(try read("[DEFAULT]\nname = Ann\n[greetings]\ngreeting = $DEFAULT.name\n")(Self.greeting) == "Ann")
    }

    @Test(arguments: ["name = $name", "name = $nothing"]) func `refuses names that lead nowhere`(_ line: String) throws {
        let configuration = try read("[DEFAULT]\n\(line)\n")
        #expect(throws: ConfigurationError.self) { try configuration(Self.name) }
    }

    @Test(arguments: ["count = eleven", "count = 11", "debug = maybe"]) func `refuses values of another type, and says where`(
        _ line: String
    ) throws {
        let configuration = try read("[DEFAULT]\n\(line)\n")
        let error = #expect(throws: ConfigurationError.self) {
            _ = try configuration(Self.count)
            _ = try configuration(Self.debug)
        }
        #expect(error?.place.hasSuffix(":2") == true)
    }

    @Test(arguments: ["name = x", "[DEFAULT]\nname", "[DEFAULT\nname = x", "[DEFAULT]\n = x", "  x"]) func `refuses what is none`(
        _ text: String
    ) {
        #expect(throws: ConfigurationError.self) { try read(text) }
    }

    @Test func `takes later files, then folders in order, then the environment`() throws {
        let folder = try folder()
        try "[DEFAULT]\nname = first\ncount = 1\n".write(toFile: "\(folder)/a", atomically: true, encoding: .utf8)
        try "[DEFAULT]\nname = second\n".write(toFile: "\(folder)/b", atomically: true, encoding: .utf8)
        try FileManager.default.createDirectory(atPath: "\(folder)/d", withIntermediateDirectories: true)
        try "[DEFAULT]\nname = third\n".write(toFile: "\(folder)/d/1.conf", atomically: true, encoding: .utf8)
        try "[DEFAULT]\nname = fourth\n".write(toFile: "\(folder)/d/2.conf", atomically: true, encoding: .utf8)
        try "[DEFAULT]\nname = other\n".write(toFile: "\(folder)/d/3.txt", atomically: true, encoding: .utf8)
        let sources: [Configuration.Source] = [.file("\(folder)/a"), .file("\(folder)/b"), .directory("\(folder)/d")]
        #expect(try Configuration(Array(sources[..<2]), environment: [:], known: Self.known)(Self.name) == "second")
        #expect(try Configuration(sources, environment: [:], known: Self.known)(Self.name) == "fourth")
        #expect(try Configuration(sources, environment: [:], known: Self.known)(Self.count) == 1)
        let environment = ["OS_DEFAULT__NAME": "fifth", "OS_GREETINGS__GREETING": "salve", "OS_OTHER": "x"]
        let configuration = try Configuration(sources, environment: environment, known: Self.known)
        #expect(try configuration(Self.name) == "fifth")
        #expect(try configuration(Self.greeting) == "salve")
        #expect(throws: ConfigurationError.self) { try Configuration([.file("\(folder)/none")], environment: [:], known: []) }
        #expect(throws: ConfigurationError.self) { try Configuration([.directory("\(folder)/none")], environment: [:], known: []) }
    }

    /// The content of a file, and the complaint; nil if no name is similar.
    static let slips: [(String, String?)] = [
        ("[DEFAULT]\nnaem = x\n", "[DEFAULT] name"), ("[DEFAULT]\ncuont = 1\n", "[DEFAULT] count"),
        ("[greeting]\ngreeting = y\n", "[greetings] greeting"),
        ("[DEFAULT]\ngreeting = y\n", "[greetings] greeting"), ("[DEFAULT]\nmanner = x\n", nil), ("[DEFAULT]\nnm = x\n", nil),
        ("[nova]\nname = x\n", nil), ("[greetings]\nname_of_somebody = x\n", nil), ("[DEFAULT]\nanother = x\n", nil),
    ]

    @Test(arguments: slips) func `names an option that is near, or none`(_ text: String, _ hint: String?) throws {
        let complaints = try read(text).complaints(known: Self.known, unused: [OptionName("DEFAULT", "workers")])
        #expect(complaints.count == 1)
        #expect(complaints[0].contains("unknown option [") && complaints[0].contains("did you mean") == (hint != nil))
        #expect(hint == nil || complaints[0].hasSuffix(", did you mean \(hint ?? "")?"), "\(complaints)")
    }

    @Test func `says the same at every start, in the order of the file`() throws {
        let text = "[DEFAULT]\nb = 1\nworkers = 2\nnamea = 3\nnameb = 4\na = 5\n"
        let complaints = try (0..<5).map { _ in
            try read(text).complaints(known: Self.known, unused: [OptionName("DEFAULT", "workers")]).map {
                $0.components(separatedBy: ".conf:")[1]
            }
        }
        #expect(
            complaints[0] == [
                "2: unknown option [DEFAULT] b", "3: [DEFAULT] workers is an option of Glance's that has no effect here",
                "4: unknown option [DEFAULT] namea, did you mean [DEFAULT] name?",
                "5: unknown option [DEFAULT] nameb, did you mean [DEFAULT] name?",
                "6: unknown option [DEFAULT] a",
            ])
        #expect(Set(complaints).count == 1)
    }

    private func read(_ text: String) throws -> Configuration {
        let path = "\(try folder())/test.conf"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try Configuration([.file(path)], environment: [:], known: Self.known)
    }

    private func folder() throws -> String {
        let folder = "\(TestFolder.root)/configuration-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }
}
