import Foundation
import JSONDocument
import TestSupport
import Testing

/// Each file names a log file that cannot be opened and has a name of its own: a program's error tells which file took effect.
@Suite struct `A program whose configuration nobody names` {
    struct Layout: Codable, Sendable, CustomTestStringConvertible {
        var program = "glance-api"
        /// Relative to the test's folder; `home` and `snap` in it are those of the environment.
        let files: [String]
        /// The command line; paths are relative to the same folder.
        var words: [String] = []
        /// Files that exist and set nothing.
        var silent: [String] = []
        var variables: [String: String] = [:]

        var testDescription: String { "\(program) \(words) \(variables) of \(files)" }
    }

    static let layouts: [Layout] = [
        Layout(files: ["home/glance-api.conf", "home/.glance/glance-api.conf"]),
        Layout(files: ["home/.glance/glance.conf", "home/glance-api.conf"]),
        Layout(files: ["home/.glance/glance.conf"]),
        Layout(files: ["home/.glance/glance-api.conf", "home/.glance/glance.conf.d/a.conf"]),
        Layout(files: ["home/glance.conf.d/b.conf", "home/glance-api.conf.d/a.conf", "home/glance-api.conf.d/.z.conf"]),
        Layout(files: ["home/glance.conf.d/10.conf", "home/glance.conf.d/9.conf", "home/glance.conf.d/z.txt"]),
        Layout(files: ["snap/etc/glance/glance-api.conf"]),
        Layout(files: ["snap/etc/glance/glance-api.conf", "home/glance-api.conf"]),
        Layout(files: ["home/glance-api.conf", "x.conf"], words: ["--config-file", "x.conf"]),
        Layout(files: ["home/glance-api.conf.d/a.conf", "x.conf"], words: ["--config-file=x.conf"]),
        Layout(files: ["home/glance-api.conf.d/a.conf"], words: ["--config-file", "x.conf"], silent: ["x.conf"]),
        Layout(files: ["home/glance-api.conf", "d/a.conf"], words: ["--config-dir", "d"]),
        Layout(files: ["home/glance-api.conf"], words: ["--config-dir", "d"], silent: ["d/a.conf"]),
        Layout(files: ["x.conf", "d/a.conf"], words: ["--config-dir", "d", "--config-file", "x.conf"]),
        Layout(files: ["x.conf", "d/a.conf"], words: ["--config-file", "x.conf", "--config-dir", "d"]),
        Layout(files: ["x.conf", "d/a.conf", "y.conf"], words: ["--config-file", "x.conf", "--config-dir=d", "--config-file", "y.conf"]),
        Layout(program: "glance-registry", files: ["home/.glance/glance-registry.conf", "home/.glance/glance-api.conf"]),
        Layout(program: "glance-registry", files: ["home/glance.conf", "home/glance-registry.conf.d/a.conf"]),
        Layout(program: "glance-tasks", files: ["home/glance.conf", "home/glance-api.conf", "home/glance-cache.conf"]),
        Layout(program: "glance-tasks", files: ["home/glance-api.conf"], silent: ["home/glance-scrubber.conf"]),
        Layout(program: "glance-manage", files: ["home/glance-api.conf", "home/glance-manage.conf"]),
        Layout(program: "glance-manage", files: ["home/glance-api.conf", "home/glance-image-import.conf"]),
        Layout(program: "glance-manage", files: ["home/glance.conf", "home/glance-api.conf"]),
        Layout(program: "glance-manage", files: ["home/glance-manage.conf.d/a.conf", "home/glance-api.conf.d/a.conf"]),
        Layout(files: ["e/glance-api.conf", "e/glance-cache.conf", "home/glance-api.conf"], variables: ["OS_GLANCE_CONFIG_DIR": "e"]),
        Layout(
            files: ["e/glance-image-import.conf", "e/glance-scrubber.conf"], silent: ["e/glance-api.conf"],
            variables: ["OS_GLANCE_CONFIG_DIR": "e"]),
        Layout(
            files: ["e/glance-image-import.conf", "e/glance-api.conf"], variables: ["OS_GLANCE_CONFIG_DIR": "e"]),
    ]

    /// The files that Glance's own program reads, in oslo.config's order.
    private static let script = """
        import json, os, sys
        from glance.common import wsgi_app
        from oslo_config import cfg
        from oslo_log import log
        answers = []
        for root, layout in json.loads(sys.argv[1]):
            os.environ.update(HOME=root + '/home', SNAP=root + '/snap')
            os.chdir(root)
            program = layout['program'].replace('tasks', 'api')
            variables = layout['variables']
            conf = cfg.ConfigOpts()
            log.register_options(conf)
            files, folders = [], []
            for name in ['glance-api', 'glance-manage'] if program == 'glance-manage' else [program]:
                files += cfg.find_config_files(project='glance', prog=name)
                folders += cfg.find_config_dirs(project='glance', prog=name)
            if variables:
                files = wsgi_app._get_config_files(variables)
            conf(layout['words'], project='glance', prog=program, default_config_files=files, default_config_dirs=folders)
            answers.append(conf.log_file)
        print(json.dumps(answers))
        """

    private static func write(_ paths: [String], in root: String, _ text: (String) -> String) throws {
        for path in paths {
            let file = "\(root)/\(path)"
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try text(path).write(toFile: file, atomically: true, encoding: .utf8)
        }
    }

    private static func unwritable(_ path: String) -> String { "/nonexistent/\(path.replacing("/", with: "+"))" }

    private static func make(_ layout: Layout) throws -> String {
        let root = "\(TestFolder.root)/search-\(UInt64.random(in: 0 ... .max))"
        try write(["home/-", "snap/-"] + layout.silent, in: root) { _ in "" }
        try write(layout.files, in: root) { "[DEFAULT]\nlog_file = \(unwritable($0))\n" }
        return root
    }

    /// Starts one of the project's programs, which finds that it cannot open its log.
    private func complaint(_ layout: Layout, in root: String) throws -> Command {
        var environment = ["PATH": "/usr/bin:/bin", "HOME": "\(root)/home", "SNAP": "\(root)/snap"]
        for (name, value) in layout.variables { environment[name] = "\(root)/\(value)" }
        let words = layout.words.map { word in
            if word.hasPrefix("--config-"), let sign = word.firstIndex(of: "=") {
                return "\(word[...sign])\(root)/\(word[word.index(after: sign)...])"
            }
            return word.hasPrefix("--") ? word : "\(root)/\(word)"
        }
        let first = layout.program == "glance-manage" ? ["db", "version"] : []
        return try Command("\(TestGlance.programs)\(layout.program)", first + words, environment: environment, limit: 60)
    }

    @Test func `reads what Glance's own reads, and the same file counts`() throws {
        struct Question: Encodable {
            let root: String
            let layout: Layout
            func encode(to encoder: any Encoder) throws {
                var list = encoder.unkeyedContainer()
                try list.encode(root)
                try list.encode(layout)
            }
        }
        let questions = try Self.layouts.map { Question(root: try Self.make($0), layout: $0) }
        let answers = try #require(
            try PyPIGlance.answer(to: Self.script, [String(decoding: try JSONEncoder().encode(questions), as: UTF8.self)]).array)
        try #require(answers.count == questions.count)
        for (question, answer) in zip(questions, answers) {
            let said = try complaint(question.layout, in: question.root)
            #expect(said.status == 1, "\(question.layout.testDescription)")
            let path = try #require(answer.string, "\(question.layout.testDescription)")
            #expect(
                said.errors.contains("the log file \(path) cannot be opened: No such file or directory"),
                "\(question.layout.testDescription): \(said.errors)")
            #expect(said.errors.split(separator: "\n").count == 1, "\(said.errors)")
        }
    }

    /// The machine's `/etc/glance` and `/usr/share/glance` are not changed: the program has its own `/etc` and `/usr/share`.
    @Test(arguments: [
        ("glance-api", ["share/glance-api-dist.conf"], "share/glance-api-dist.conf"),
        ("glance-api", ["share/glance-api-dist.conf", "etc/glance-api.conf"], "etc/glance-api.conf"),
        (
            "glance-api", ["etc/glance-image-import.conf", "etc/glance-cache.conf", "etc/glance-scrubber.conf"],
            "etc/glance-image-import.conf"
        ),
        ("glance-api", ["etc/glance-image-import.conf", "etc/glance-api.conf"], "etc/glance-api.conf"),
        ("glance-tasks", ["etc/glance-api.conf", "etc/glance-cache.conf", "etc/glance-scrubber.conf"], "etc/glance-api.conf"),
        ("glance-tasks", ["etc/glance-image-import.conf", "etc/glance-cache.conf"], "etc/glance-image-import.conf"),
        ("glance-registry", ["etc/glance-api.conf"], "etc/glance-api.conf"),
        ("glance-registry", ["etc/glance-api.conf", "share/glance-registry-dist.conf"], "share/glance-registry-dist.conf"),
        ("glance-registry", ["etc/glance-api.conf", "etc/glance-registry.conf"], "etc/glance-registry.conf"),
        ("glance-manage", ["etc/glance-api.conf", "etc/glance-manage.conf", "etc/glance-registry.conf"], "etc/glance-manage.conf"),
    ])
    func `reads what a distribution ships`(_ program: String, _ files: [String], _ counted: String) throws {
        let root = try Self.make(Layout(files: files))
        try Self.write(["etc/-", "share/-"], in: root) { _ in "" }
        let script = """
            for pair in "$1/etc /etc/glance" "$1/share /usr/share/glance"; do
                set -- "$1" "$2" "$3" $pair; mount -t tmpfs none "${5%/glance}" && mkdir "$5" && cp -r "$4/." "$5" || exit 99
            done
            exec "$2" $3
            """
        let said = try Command(
            "unshare",
            [
                "--mount", "sh", "-c", script, "sh", root, "\(TestGlance.programs)\(program)",
                program == "glance-manage" ? "db version" : "",
            ], limit: 60)
        #expect(said.status == 1)
        #expect(said.errors.contains("the log file \(Self.unwritable(counted)) cannot be opened"), "\(said.errors)")
    }

    @Test func `takes of the files of the cache's and the scrubber's programs what it does in their place`() throws {
        for (file, option) in [("glance-cache.conf", "image_cache_max_size"), ("glance-scrubber.conf", "wakeup_time")] {
            let layout = Layout(program: "glance-tasks", files: [])
            let root = try Self.make(layout)
            let own = """
                [DEFAULT]
                image_cache_dir = \(root)/cache
                node_staging_uri = file://\(root)/staging
                \(option) = 1
                [glance_store]
                filesystem_store_datadir = \(root)/images
                [database]
                connection = mysql+pymysql://glance@127.0.0.1:1/glance
                """
            try Self.write(["home/glance-api.conf"], in: root) { _ in own }
            try Self.write(["home/\(file)"], in: root) { _ in "[DEFAULT]\nlog_file = /nonexistent/x\n\(option) = nonsense\n" }
            let said = try complaint(layout, in: root)
            #expect(said.status == 1)
            #expect(said.errors.contains("\(root)/home/\(file):3: [DEFAULT] \(option) must be"), "\(said.errors)")
        }
    }

    @Test(arguments: ["glance-api", "glance-registry", "glance-tasks", "glance-manage"])
    func `says in one sentence that a file is not there`(_ program: String) throws {
        let layout = Layout(program: program, files: [], words: ["--config-file", "none.conf"])
        let said = try complaint(layout, in: try Self.make(layout))
        #expect(said.status == 1)
        #expect(said.errors.contains("none.conf: cannot be read"))
        #expect(said.errors.split(separator: "\n").count == 1, "\(said.errors)")
    }
}
