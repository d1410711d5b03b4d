import Foundation
import JSONDocument
import OsloConfig
import TestSupport
import Testing

@Suite struct `Where a configuration is looked for` {
    static let environments: [[String: String]] = [
        ["HOME": "/home/ann"], ["HOME": "/home/ann/"], ["HOME": "/"], ["HOME": ""],
        ["HOME": "/home/ann", "SNAP": "/snap/glance/1", "SNAP_COMMON": "/var/snap/glance/common"],
        ["HOME": "/home/ann", "SNAP": "/snap/glance/1", "SNAP_COMMON": ""],
    ]

    @Test func `are the folders of oslo`() throws {
        let script = """
            import json, os, sys
            from oslo_config import cfg
            answers = []
            for environment in json.loads(sys.argv[1]):
                for name in ['HOME', 'SNAP', 'SNAP_COMMON']:
                    os.environ.pop(name, None)
                os.environ.update(environment)
                answers.append(cfg._get_config_dirs('glance'))
            print(json.dumps(answers))
            """
        let asked = String(decoding: try JSONEncoder().encode(Self.environments), as: UTF8.self)
        let answers = try #require(try PyPIGlance.answer(to: script, [asked]).array)
        try #require(answers.count == Self.environments.count)
        for (environment, answer) in zip(Self.environments, answers) {
            let folders = ConfigurationSearch(project: "glance", environment: environment).folders
            #expect(folders == answer.array?.compactMap(\.string), "\(environment)")
        }
    }

    @Test func `leads home where a shell would`() {
        let search = ConfigurationSearch(project: "glance", environment: ["HOME": "/home/ann"])
        #expect(search.expanded("~/glance.conf") == "/home/ann/glance.conf")
        #expect(search.expanded("/a/~/b") == "/a/~/b")
        #expect(search.expanded("~bob/b") == "~bob/b")
    }

    static let lines: [([String], [String], [String], [String])] = [
        (["--config-dir", "d", "--config-file", "f"], ["f"], ["d"], ["d", "f"]),
        (["--config-file=f", "db", "--config-dir=d", "--config-file", "g"], ["f", "g"], ["d"], ["f", "d", "g"]),
        // They are not on the command line: files first.
        (["run"], ["f"], ["d"], ["f", "d"]),
    ]

    @Test(arguments: lines)
    func `keeps the order of a command line`(_ words: [String], _ files: [String], _ folders: [String], _ expected: [String]) {
        let sources = ConfigurationSearch.named(files: files, directories: folders, in: ["glance-api"] + words)
        let paths = sources.map { source in
            switch source {
            case .file(let path), .directory(let path): path
            default: ""
            }
        }
        #expect(paths == expected)
    }
}
