import Foundation
import TestSupport
import Testing

/// `glance-manage db load_metadefs`, `unload_metadefs` and `export_metadefs`.
@Suite struct `Files of metadata definitions` {
    let glance: TestGlance
    let folder: String

    init() throws {
        glance = try TestGlance(workers: 1)
        folder = "\(TestFolder.root)/metadefs-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func manage(_ action: String, _ more: String...) throws -> Command { try manage(action, more) }

    private func manage(_ action: String, _ more: [String]) throws -> Command {
        try Command("\(TestGlance.programs)/glance-manage", ["db", "\(action)_metadefs", "--config-file", glance.configurationFile] + more)
    }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    private static let limits = #"""
        {"namespace": "Tests::Limits", "display_name": "Some limits!", "description": "d", "visibility": "public", "protected": true,
         "resource_type_associations": [{"name": "Tests::Flavor", "prefix": "t:"}, {"name": "Tests::Volume", "properties_target": "image"}],
         "properties": {"size": {"title": "Size", "type": "integer", "default": 5, "readonly": false}},
         "objects": [{"name": "CPU", "description": "c", "properties": {"shares": {"title": "Shares", "type": "integer", "default": 7}}}],
         "tags": [{"name": "one"}], "unknown": {"is": "passed over"}}
        """#

    @Test func `are loaded, shown, exported, unloaded and loaded again`() throws {
        try write("limits.json", Self.limits)
        try write("bare.json", #"{"namespace": "Tests::Bare"}"#)
        try write("readme.txt", "no definitions")
        let loaded = try manage("load", "--path", folder).succeeded()
        #expect(loaded.text.contains("loaded Tests::Limits") && loaded.text.contains("loaded Tests::Bare"))
        let shown = try glance.shown("namespaces/Tests::Limits")
        #expect(shown["owner"]?.string == "admin")
        #expect(shown["protected"]?.bool == true)
        #expect(shown["properties"]?["size"]?["default"]?.string == "5")
        #expect(shown["objects"]?.array?.first?["properties"]?["shares"]?["default"]?.string == "7")
        #expect(shown["resource_type_associations"]?.array?.map { $0["prefix"]?.string } == ["t:", nil])
        #expect(try glance.shown("namespaces/Tests::Bare")["visibility"]?.string == "private")

        let exported = "\(folder)/out"
        try FileManager.default.createDirectory(atPath: exported, withIntermediateDirectories: true)
        try manage("export", "--path", "\(exported)/").succeeded()
        #expect(try FileManager.default.contentsOfDirectory(atPath: exported).sorted() == ["Somelimits.json", "TestsBare.json"])
        try manage("unload").succeeded()
        #expect(try glance.metadefRows() == ["0", "0", "0", "0", "0", "0"])
        try manage("load", "--path", "\(exported)/Somelimits.json").succeeded()
        var again = try glance.shown("namespaces/Tests::Limits").object ?? [:]
        var before = shown.object ?? [:]
        for name in ["created_at", "updated_at", "objects", "resource_type_associations"] { (again[name], before[name]) = (nil, nil) }
        #expect(again == before)
        #expect(try glance.shown("namespaces/Tests::Limits/objects/CPU")["properties"]?["shares"]?["default"]?.string == "7")
        #expect(try glance.metadef("GET", "namespaces/Tests::Bare").status == 404)
    }

    @Test func `leave what is there, add to it, change it or take its place`() throws {
        try write("limits.json", Self.limits)
        try manage("load", "--path", folder).succeeded()
        try write(
            "limits.json",
            #"""
            {"namespace": "Tests::Limits", "display_name": "New", "visibility": "public", "properties": {"size": {"title": "New", "type": "string"}, "more": {"title": "More", "type": "string"}},
             "resource_type_associations": [{"name": "Tests::Flavor", "prefix": "new:"}], "tags": [{"name": "two"}]}
            """#)
        func state() throws -> [String?] {
            let shown = try glance.shown("namespaces/Tests::Limits")
            return [
                shown["display_name"]?.string, shown["properties"]?.keys.sorted().joined(separator: ","),
                shown["properties"]?["size"]?["title"]?.string,
                shown["resource_type_associations"]?.array?.first?["prefix"]?.string,
                shown["tags"]?.array?.map { $0["name"]?.string ?? "" }.joined(separator: ","), "\(shown["objects"]?.array?.count ?? 0)",
            ]
        }
        let before = try state()
        #expect(try manage("load", "--path", folder).succeeded().text.contains("is there already"))
        #expect(try state() == before)
        try manage("load", "--path", folder, "--merge").succeeded()
        #expect(try state() == ["Some limits!", "more,size", "Size", "t:", "two,one", "1"])
        try manage("load", "--path", folder, "--merge", "--prefer_new").succeeded()
        #expect(try state() == ["New", "more,size", "New", "new:", "two,one", "1"])
        try manage("load", "--path", folder, "--merge", "--overwrite").succeeded()
        #expect(try state() == ["New", "more,size", "New", "new:", "two", "0"])
    }

    static let spoilt: [(String, String)] = [
        ("[]", "no JSON object"), ("{}", "has no name"), (#"{"namespace": "\#(text(of: 81))"}"#, "longer than 80"),
        (#"{"namespace": "r", "tags": [{}]}"#, "has no name"),
        (#"{"namespace": "r", "tags": [{"name": "a"}, {"name": "A"}]}"#, "exists already"),
        (#"{"namespace": "r", "properties": {"p": 1}}"#, "no JSON object"), (#"{"namespace": "r", "description": "😀"}"#, "U+FFFF"),
    ]

    @Test(arguments: spoilt) func `that are spoilt are named, leave nothing behind, and keep no other from being loaded`(
        _ json: String, _ said: String
    )
        throws
    {
        try write("a.json", json)
        try write("b.json", #"{"namespace": "Tests::Sound"}"#)
        let command = try manage("load", "--path", folder)
        #expect(command.status == 1)
        #expect(command.errors.contains("\(folder)/a.json") && command.errors.contains(said), "\(command.errors)")
        #expect(try glance.names(of: "namespaces", at: "namespaces") == ["Tests::Sound"])
        #expect(try glance.metadefRows() == ["1", "0", "0", "0", "0", "0"])
    }

    /// Missing files are reported, and are not a failure: tools rely on that with every Glance.
    @Test func `that are not there, or are none, are told of`() throws {
        func told(_ words: String..., of part: String) throws {
            let command = try manage("load", words)
            #expect(command.status == 0 && command.errors.contains(part), "\(command.errors)")
        }
        try told("--path", "\(folder)/none", of: "\(folder)/none does not exist")
        try told("--path", folder, of: "no *.json files")
        try told("--prefer_new", "--path", folder, of: "--merge")
        try told("--merge", "--prefer_new", "--overwrite", "--path", folder, of: "exclude")
        #expect(try manage("export", "--path", "\(folder)/none").status == 0)
        try write("a.json", "{")
        try write("bare.json", #"{"namespace": "Tests::Bare"}"#)
        try told("--path", folder, of: "\(folder)/a.json: it is not valid JSON")
        #expect(try glance.names(of: "namespaces", at: "namespaces") == ["Tests::Bare"])
        #expect(try manage("export", "--path", "\(folder)/none").status != 0)
    }
}
