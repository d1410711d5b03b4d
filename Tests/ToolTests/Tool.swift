import Foundation
import TestSupport

/// The programs with Glance's names: this project's, and those of PyPI.
enum Tool {
    static func run(
        _ name: String, _ arguments: [String], _ variables: [String: String] = [:], input: String? = nil
    ) throws -> Command {
        let environment = ["PATH": "/usr/bin:/bin", "HOME": TestFolder.root]
        return try Command(
            "\(TestGlance.programs)/glance-tools", [name] + arguments, environment: environment.merging(variables) { $1 },
            input: input.map { Array($0.utf8) })
    }

    /// A command line and its input.
    struct Line {
        let words: [String]
        var input = ""
    }

    struct Outcome: Equatable {
        let status: Int64
        let text: String
    }

    /// The output of PyPI's program for several command lines. It is loaded once, because that takes seconds; each line runs in its own
    /// process, forked from it.
    ///
    /// - Parameter module: below `glance.cmd`.
    static func theirs(_ module: String, _ lines: [Line]) throws -> [Outcome] {
        let list = try JSONSerialization.data(withJSONObject: lines.map { ["words": $0.words, "input": $0.input] })
        let answer = try PyPIGlance.answer(to: script, [module, String(decoding: list, as: UTF8.self)])
        return (answer.array ?? []).map { Outcome(status: $0["status"]?.int ?? -1, text: $0["text"]?.string ?? "") }
    }

    private static let script = """
        import importlib, io, json, os, sys, tempfile
        program = importlib.import_module("glance.cmd." + sys.argv[1])
        outcomes = []
        for line in json.loads(sys.argv[2]):
            said = tempfile.TemporaryFile()
            child = os.fork()
            if child == 0:
                os.dup2(said.fileno(), 1)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                sys.argv = ["glance-" + sys.argv[1].replace("_", "-")] + line["words"]
                sys.stdin = io.StringIO(line["input"])
                try:
                    status = program.main()
                except SystemExit as end:
                    status = end.code
                except BaseException:
                    status = 1
                sys.stdout.flush()
                os._exit(0 if status is None else status if isinstance(status, int) else 1)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said.seek(0)
            outcomes.append({"status": status, "text": said.read().decode()})
        print(json.dumps(outcomes))
        """
}
