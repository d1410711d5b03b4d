import JSONDocument
import Options
import OsloConfig
import TestSupport
import Testing
import Text

/// oslo.config and this project read every value in the same way.
@Suite struct `Options that Glance has too` {
    static let texts = [
        "", #""  ""#, "7", "+7", "1_0", "1__0", "_1", "07", "7.0", "0x7", "seven", "true", "On", "1", "YES", "maybe", #""true ""#, "[]",
        "[ ]",
        "[a]", "a", "a,b", " a , b ", "['a', \"b\"]", "[ 'a' , 'b' ],", "[a, b,]", "a,b,", "a,,b", "[a,,b]", "['a,b',c]", "[\"a,b, c\"]",
        "[a",
        "a]", "]", "['a]", "['a', b'c]", "[a'b]", "['']", "[']", "a:b", "a:b,c:d", "a: b , c :d", "a:b,c,d:e", "a:b,a:c", "a:b:c", ":b",
        "a:",
        "{a:b}", "'quoted'", #""with # in""#, "x#y", "x;y", "a=b", "[80,443]", "[ 80 , 443 ]", "100%", "pa$$word", "pa$1word", "${", "é",
        "raw",
        "roles", "Days", "SIZE", "internalURL", "policies", "sqlite", "v3password", "*", "['glance-direct', \"web-download\"]",
        "[copy-image,glance-direct]", "['no_op']", "null", "None",
    ]

    /// Values that are checked where they are used, or that this project reads more liberally.
    static let checkedElsewhere: [String: String] = [
        "DEFAULT.enabled_import_methods": "methods are looked at where they are made",
        "glance_store.http_proxy_information": "the http store knows proxies", "oslo_policy.remote_timeout": "a fraction is read there",
        "taskflow_executor.conversion_format": "an empty one is none", "glance_store.default_store": "its old names are read too",
        "import_filtering_opts.allowed_hosts": "FetchRules knows hosts", "import_filtering_opts.disallowed_hosts": "FetchRules knows hosts",
        "import_filtering_opts.allowed_ports": "the http store knows ports",
        "import_filtering_opts.disallowed_ports": "the http store knows ports",
        "barbican.barbican_endpoint": "the address is looked at",
        "barbican.barbican_endpoint_type": "OpenStack's other names of interfaces are read too",
        "DEFAULT.enabled_backends": "names and kinds are looked at",
        "glance_store.s3_store_large_object_chunk_size": "S3 knows no smaller parts; Glance's driver refuses them when it starts",
        "glance_store.swift_store_auth_version": "the login of version 1 is here too; every other version means 3",
        "glance_store.swift_store_endpoint_type": "the swift store knows the interfaces of endpoints",
        "glance_store.vmware_server_host": "the store of VMware's datastores knows hosts",
    ]

    @Test func `have the values that oslo gives them`() throws {
        let declared = Dictionary(try Oslo.declared().map { ($0.id, $0) }) { first, _ in first }
        let shared = Options.all.compactMap { key in declared[OptionName(key.group, key.name)].map { (key, $0) } }
        #expect(shared.count > 140)
        let answers = try Oslo.answer(
            "values",
            .object([
                "texts": .array(Self.texts.map { .string($0) }),
                "options": .array(shared.map { .array([.string($0.1.group), .string($0.1.name)]) }),
            ]))
        var (compared, refused) = (0, 0)
        for text in Self.texts {
            let lines = shared.map { "[\($0.1.group)]\n\($0.1.name) = \(text)\n" }.joined()
            let ours = try configuration(lines, known: Options.all)
            for (key, option) in shared {
                let name = "\(option.group).\(option.name)"
                let answer = try #require(answers[text]?[name], "\(name)")
                let value = Result { () throws(ConfigurationError) in try key.value(ours) }
                compared += 1
                if case .failure = value { refused += 1 }
                #expect(Self.isRight(value, answer, key, text), "\(name) = \(text): oslo \(answer), here \(value)")
            }
        }
        #expect(compared == shared.count * Self.texts.count && refused > 1000)
    }

    private static func isRight(_ value: Result<OptionValue, ConfigurationError>, _ answer: JSON, _ key: OptionKey, _ text: String) -> Bool
    {
        let isEmpty = trimmed(text.replacing("\"", with: "")).isEmpty
        guard let theirs = answer.array?.first else {
            switch value {
            case .failure: return true
            // An empty number is not set, where oslo.config ends the program.
            case .success where isEmpty || checkedElsewhere["\(key.group).\(key.name)"] != nil: return true
            // Brackets are optional.
            case .success(.list(let elements)) where key.kind.contains("[one, two]"):
                let letters = { (text: String) in text.replacing("$$", with: "$").filter { !", '\"".contains($0) } }
                return !text.contains("[") && !text.contains("]") && letters(elements.joined()) == letters(text)
            case .success: return false
            }
        }
        guard case .success(let ours) = value else {
            // Types of keystoneauth and some texts are not checked as a choice or a size here.
            return checkedElsewhere["\(key.group).\(key.name)"] != nil || theirs.string != nil && !key.kind.hasPrefix("a text")
        }
        switch (ours, theirs) {
        case (.none, .null), (.none, ""): return true
        // An option that is not set has its default.
        case (_, .null), (_, ""), (_, "  "): return isEmpty
        case (.text(let a), .string(let b)): return a == b || a.lowercased() == b.lowercased() && key.kind.hasPrefix("one of")
        case (.number(let a), .int(let b)): return a == b
        case (.number(let a), .string(let b)): return String(a) == b || Int64(b.filter { $0 != "_" }) == a
        case (.truth(let a), .bool(let b)): return a == b
        case (.list(let a), .array(let b)):
            return a == b.compactMap { $0.string ?? $0.int.map(String.init) }.filter { !$0.isEmpty }
        case (.table(let a), .object(let b)): return a == Dictionary(uniqueKeysWithValues: b.keys.map { ($0, b[$0]?.string ?? "") })
        default: return checkedElsewhere["\(key.group).\(key.name)"] != nil
        }
    }

    static let numbers = ["workers", "image_size_cap", "user_storage_quota", "log_rotate_interval"]

    @Test(arguments: numbers) func `are not set where a number is empty`(_ name: String) throws {
        let key = try #require(Options.all.first { $0.name == name })
        for text in ["", "\"  \""] {
            let value = try key.value(configuration("[DEFAULT]\n\(name) = \(text)\n"))
            #expect(value == .number(try #require(key.fallback.flatMap { Int64($0) })))
        }
    }
}
