import JSONDocument
import OsloConfig
import TestSupport
import Testing

/// The dialect of the files, compared with oslo.config.
@Suite struct `A file as oslo reads it` {
    static let files = [
        "[DEFAULT]\na = 1\nb=2\nc: 3\nd:4=5\ne=6:7\n", "[a]\nx = \"q\"\ny = 'q'\nz = \"q'\nw = \"\nv = ''\nu = \" a \"\n",
        "[a]\nx = 1\n  2\n\t3\n",
        "[a]\nx = 'one\n  two'\n", "[a]\nx = 'one'\n  two\n", "[a]\nx = 1\n\n  2\n", "[a]\nx = 1\n# comment\n  2\n",
        "[a]\nx = 1\n; comment\ny = 2\n",
        "[a]\n  # no comment\nx = 1\n", "[a]\nx = 1\n  # no comment\n", "x = 1\n", "[a\nx = 1\n", "[]\nx = 1\n", "[a]\nx\n", "[a]\n= 1\n",
        "[a]\nx =\n",
        "[a]\nx = \n  1\n", "[a]\nx = 1 # no comment\n", "[a] \nx = 1\n", "[a b]\nx = 1\n", "[a]\nx = 1\n[b]\nx = 2\n[a]\nx = 3\n",
        "[a]\r\nx = 1\r\n",
        "[a]\nx = [1, 2]\n", "[a]\nx y = 1\n", "", "# nothing\n", "[a]\n", "[A]\nX = Ü\n", "  [a]\nx = 1\n", "[a]\nx = 1\n   \n  2\n",
    ]

    @Test func `has the same settings`() throws {
        let answers = try #require(try Oslo.answer("parsed", .array(Self.files.map { .string($0) })).array)
        for (text, answer) in zip(Self.files, answers) {
            let path = "\(TestFolder.root)/dialect-\(UInt64.random(in: 0 ... .max)).conf"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let ours = try? ConfigurationFile.sections(of: path).flatMap(\.settings).map { [$0.group, $0.name, $0.value] }
            let theirs = answer.array.map { $0.map { $0.array?.compactMap(\.string) ?? [] } }
            #expect(ours == theirs, "\(text)")
        }
    }

    static let references = [
        "hi $name", "hi ${name}!", "${greetings.greeting}", "$greetings.greeting", "a$$b", #"a\$b"#, "$count", "$near",
        "$other.near",
        "a$", "$", "$5", "a$1b", "${", "${name", "${}", "${a b}", "$-", "$$name", "$$$name", "$nothing", "${nothing}", "$greetings.nothing",
        "$text",
        "$no.such", "$_", "pa$word", "50% $name", "$NAME", "$naMe", "é$name", "$name.", "{$name}",
    ]

    @Test func `refers to other options in the same way`() throws {
        let options: [OptionKey] = [
            Option<String>.text("DEFAULT", "name", default: "nobody").key, Option<Int>.int("DEFAULT", "count", default: 3).key,
            Option<String>.text("greetings", "greeting", default: "hello").key, Option<String?>.optionalText("other", "text").key,
            Option<String>.text("other", "near", default: "by").key,
        ]
        let answers = try #require(try Oslo.answer("substituted", .array(Self.references.map { .string($0) })).array)
        for (text, answer) in zip(Self.references, answers) {
            let ours = try configuration("[DEFAULT]\nname = Ann\n[other]\ntext = \(text)\n", known: options)
            let value = try? options[3].value(ours)
            #expect(
                value == answer.array.map { .text($0.first?.string ?? "") }, "\(text): oslo \(answer), here \(String(describing: value))")
        }
    }

    /// Files, in their order.
    static let olds: [[String]] = [
        ["[old]\nformer = 1\n"], ["[older]\none = 1\n"], ["[old]\nformer = 1\n[older]\none = 2\n"],
        ["[older]\none = 2\n[old]\nformer = 1\n"],
        ["[new]\none = 1\n[old]\nformer = 2\n"], ["[old]\nformer = 2\n[new]\none = 1\n"], ["[new]\none = 1\n", "[old]\nformer = 2\n"],
        ["[old]\nformer = 2\n", "[new]\none = 1\n"], ["[new]\none = 1\n", "[old]\nformer = 2\nformer = 3\n"], ["[new]\none = 1\none = 2\n"],
        ["[new]\nmany = 1\nmany = 2\n[old]\nmany = 3\nmany = 4\n[older]\nmany = 5\n"],
        ["[old]\nmany = 1\n", "[new]\nmany = 2\n[older]\nmany = 3\n", "[old]\nmany = 4\n"], ["[OLD]\nformer = 1\n"],
        ["[new]\nformer = 1\n"],
    ]

    @Test func `has options by former names, and the same one wins`() throws {
        let one = Option<String>.text("new", "one", default: "").formerly("former", in: "old").formerly("one", in: "older")
        let many = Option<[String]>.many("new", "many").formerly("many", in: "old").formerly("many", in: "older")
        let answers = try #require(try Oslo.answer("precedence", .array(Self.olds.map { .array($0.map { .string($0) }) })).array)
        for (files, answer) in zip(Self.olds, answers) {
            let ours =
                switch files.count {
                case 1: try configuration(files[0])
                case 2: try configuration(files[0], files[1])
                default: try configuration(files[0], files[1], files[2])
                }
            #expect(try ours(one) == answer["one"]?.string, "\(files)")
            #expect(try ours(many) == answer["many"]?.array?.compactMap(\.string), "\(files)")
            // Every complaint of oslo.config appears here too, with its place; names that a later setting overrides are named in addition.
            let complaints = ours.complaints(known: [one.key, many.key], unused: [])
            for warning in answer["warnings"]?.array?.compactMap(\.string) ?? [] {
                #expect(complaints.contains { $0.hasSuffix(warning) }, "\(files): \(warning) is none of \(complaints)")
            }
        }
        #expect(answers.contains { $0["warnings"]?.array?.isEmpty == false })
    }
}
