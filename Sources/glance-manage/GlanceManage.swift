internal import ArgumentParser
internal import Foundation
internal import Options

@main
struct GlanceManage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glance-manage", abstract: "Manages the image service.",
        discussion: """
            Every command takes, before or behind its name, --config-file, --config-dir, --debug, --nodebug, --log-file, --log-dir and the \
            other options that Glance's programs have; --version tells of which release of Glance these programs take the place, and their own.
            """,
        subcommands: [
            ConfigCommand.self, DB.self, MetricsCommand.self, NginxCommand.self, PolicyCommand.self, ReportCommand.self, RoutesCommand.self,
            Run.self, Scrub.self, StoreCommand.self,
        ])

    /// Runs the command. Like Glance, it exits with 2 if the command line is not valid, and with 1 after an error.
    static func main() {
        let arguments = OsloArguments.ofProcess()
        if let shell = arguments.shell { printCompletion(for: shell) }
        switch arguments.words.prefix(2) {
        case []: explain("glance-manage category action [<args>]\nAvailable categories:", ["db"])
        case ["db"], ["db", "--config-file"], ["db", "--config-dir"]:
            explain(
                "Available actions for 'db':",
                DB.configuration.subcommands.map { "\($0._commandName) - \($0.configuration.abstract)" })
        default: break
        }
        refuseUnknownCommand(arguments.words)
        do {
            var command = try parseAsRoot(try DBLine.plain(arguments.words))
            try command.run()
        } catch let refusal as DBLine.Refused {
            OsloArguments.refuse(refusal.description, status: refusal.status)
        } catch  where exitCode(for: error) == .validationFailure {
            FileHandle.standardError.write(Data("\(fullMessage(for: error))\n".utf8))
            exit(ExitCode(2))
        } catch {
            exit(withError: error)
        }
    }

    private static func refuseUnknownCommand(_ words: [String]) {
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        if ["--config-file", "--config-dir"].contains(words[0]) {
            OsloArguments.refuse("the following arguments are required: command (one of \(names.joined(separator: ", ")))")
        }
        guard !words[0].hasPrefix("-"), !words[0].hasPrefix("db"), !names.contains(words[0]) else { return }
        OsloArguments.refuse("argument command: invalid choice: '\(words[0])' (choose from \(names.joined(separator: ", ")))")
    }

    private static func explain(_ title: String, _ lines: [String]) -> Never {
        print(([title] + lines.map { "\t\($0)" }).joined(separator: "\n"))
        exit(ExitCode(2))
    }

    private static func printCompletion(for shell: String) -> Never {
        guard let shell = CompletionShell(rawValue: shell) else {
            OsloArguments.refuse("argument --shell_completion: no completion for '\(shell)'; there is for bash, zsh and fish")
        }
        print(completionScript(for: shell))
        exit(withError: nil)
    }

    private static func exit(_ code: ExitCode) -> Never { exit(withError: code) }
}

struct ConfigurationArguments: ParsableArguments {
    @Option(name: .long, help: "A configuration file; may be given many times.")
    var configFile: [String] = []

    @Option(name: .long, help: "A folder of configuration files (*.conf); may be given many times.")
    var configDir: [String] = []
}
