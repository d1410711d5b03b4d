import Foundation
import OsloConfig
import TestSupport
import Testing

@Suite struct `A configuration` {
    static let name: OsloConfig.Option<String> = .text("DEFAULT", "name", default: "nobody")
    static let greeting: OsloConfig.Option<String> = .text("greetings", "greeting", default: "hello")
    static let count: OsloConfig.Option<Int> = .int("DEFAULT", "count", default: 3, in: 0...10)
    static let debug: OsloConfig.Option<Bool> = .flag("DEFAULT", "debug", default: false)
    static let list: OsloConfig.Option<[String]> = .list("DEFAULT", "list", default: ["a"])
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

    static let interpolated: [(String, String)] = [
        ("hi $name", "hi Ann"), ("hi ${name}!", "hi Ann!"), ("$DEFAULT.name", "Ann"), ("${greetings.greeting}", "hello"), ("a$$b", "a$b"),
        (#"a\$b"#, "a$b"),
        ("$count", "3"),
    ]

    @Test(arguments: interpolated) func `puts other options in for their names`(_ text: String, _ expected: String) throws {
        let other: OsloConfig.Option<String> = .text("other", "text", default: "")
        let configuration = try read("[DEFAULT]\nname = Ann\n[other]\ntext = \(text)\n")
        #expect(try configuration(other) == expected)
    }

    @Test(arguments: ["name = $name", "name = $nothing", "name = a$"]) func `refuses names that lead nowhere`(_ line: String) throws {
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

    @Test func `names the nearest option for one that is unknown`() throws {
        let configuration = try read("[DEFAULT]\nnaem = x\nworkers = 3\n[greeting]\ngreeting = y\n")
        let complaints = configuration.complaints(known: Self.known, unused: [OptionKey(group: "DEFAULT", name: "workers")])
        #expect(complaints.count == 3)
        #expect(complaints[0].contains("unknown option [DEFAULT] naem, did you mean [DEFAULT] name?"))
        #expect(complaints[1].contains("workers is an option of Glance's"))
        #expect(complaints[2].contains("did you mean [greetings] greeting?"))
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
