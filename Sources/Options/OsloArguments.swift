internal import Domain
internal import Files
internal import Glibc
internal import OsloLog

/// The options of oslo.config and oslo.log, which every program of Glance takes on its command line.
///
/// They may stand anywhere in the line, in every spelling that Python's argparse accepts. Their values count before environment and files,
/// as with Glance, for this process and for those that it starts.
///
/// Source: oslo.config, "Option Setting by Command Line"; oslo.log, `common_cli_opts` and `logging_cli_opts`; Python, "argparse".
package struct OsloArguments: Equatable {
    /// The rest of the line, and at its end the configuration as `--config-file F` and `--config-dir D`.
    package private(set) var words: [String] = []
    /// The values, as variables of the environment that `Configuration` reads.
    package private(set) var settings: [String: String] = [:]
    /// Whether `--version` stood before any command.
    package private(set) var asksForVersion = false
    /// A shell whose completion is to be printed.
    package private(set) var shell: String?

    /// The release of Glance that these programs replace; tools read it from the output of `--version`.
    package static let version = "33.0.0"
    /// The name and version of this service, for the log and `--version`.
    package static let release = "Vitrine \(Version.current)"

    package struct Refused: Error, CustomStringConvertible {
        package let description: String
    }

    private struct Known {
        let spellings: [String]
        let kind: Kind
        /// Whether Glance 33 has it; an option of older releases is known by its whole name only.
        var isCurrent = true

        enum Kind {
            case configuration
            /// A value for an option of `[DEFAULT]`.
            case value(String)
            case flag(String, Bool)
            case version, shell
        }

        var takesValue: Bool {
            switch kind {
            case .configuration, .value, .shell: true
            case .flag, .version: false
            }
        }

        /// Whether it has a meaning before a command only.
        var isOfLineOnly: Bool {
            switch kind {
            case .version, .shell: true
            case .configuration, .value, .flag: false
            }
        }
    }

    private static let known: [Known] =
        [
            Known(spellings: ["--config-file"], kind: .configuration),
            Known(spellings: ["--config-dir"], kind: .configuration),
            Known(spellings: ["--debug", "-d"], kind: .flag("debug", true)),
            Known(spellings: ["--nodebug"], kind: .flag("debug", false)),
            Known(spellings: ["--log-config-append", "--log-config", "--log_config"], kind: .value("log_config_append")),
            Known(spellings: ["--log-date-format"], kind: .value("log_date_format")),
            Known(spellings: ["--log-dir", "--logdir"], kind: .value("log_dir")),
            Known(spellings: ["--log-file", "--logfile"], kind: .value("log_file")),
            Known(spellings: ["--syslog-log-facility"], kind: .value("syslog_log_facility")),
            Known(spellings: ["--shell_completion"], kind: .shell),
            Known(spellings: ["--version"], kind: .version),
        ]
        + [
            ("use-journal", true), ("use-json", true), ("use-syslog", true), ("use-stderr", false), ("watch-log-file", false),
            ("verbose", false),
        ]
        .flatMap { (name, isCurrent) in
            let option = String(name.map { $0 == "-" ? "_" : $0 })
            return [
                Known(spellings: ["--\(name)"] + (name == "verbose" ? ["-v"] : []), kind: .flag(option, true), isCurrent: isCurrent),
                Known(spellings: ["--no\(name)"], kind: .flag(option, false), isCurrent: isCurrent),
            ]
        }

    /// Reads a command line.
    ///
    /// - Throws: in the cases of argparse: a value is missing, one is too many, or a name may mean several options.
    package init(_ line: [String]) throws(Refused) {
        var configuration: [String] = []
        var (index, hasCommand) = (0, false)
        var plain: [String] = []
        while index < line.count {
            let word = line[index]
            index += 1
            if word == "--" {
                plain = [word] + line[index...]
                break
            }
            guard word.hasPrefix("-"), word.count > 1 else {
                hasCommand = true
                words.append(word)
                continue
            }
            let (name, attached) = Self.parts(of: word)
            // Behind a command, names and their abbreviations mean the command's own options first.
            guard let option = try Self.option(name, mayBeShort: !hasCommand), !hasCommand || !option.isOfLineOnly else {
                words.append(word)
                continue
            }
            var value = attached
            if option.takesValue, value == nil {
                guard index < line.count, !line[index].hasPrefix("-") else {
                    throw Refused(description: "argument \(option.spellings[0]): expected one argument")
                }
                value = line[index]
                index += 1
            } else if !option.takesValue, let value {
                throw Refused(description: "argument \(option.spellings[0]): ignored explicit argument '\(value)'")
            }
            switch option.kind {
            case .configuration: configuration += [option.spellings[0], value ?? ""]
            case .value(let name): settings[Self.variable(name)] = value
            case .flag(let name, let isSet): settings[Self.variable(name)] = isSet ? "True" : "False"
            case .version: asksForVersion = true
            case .shell: shell = value
            }
        }
        words += configuration + plain
    }

    private static func parts(of word: String) -> (name: String, value: String?) {
        guard word.hasPrefix("--"), let sign = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<sign]), String(word[word.index(after: sign)...]))
    }

    /// The option of a name.
    ///
    /// - Returns: nil if no option has the name.
    private static func option(_ name: String, mayBeShort: Bool) throws(Refused) -> Known? {
        if let option = known.first(where: { $0.spellings.contains(name) }) { return option }
        guard mayBeShort, name.hasPrefix("--"), name.count > 2 else { return nil }
        let names = known.filter(\.isCurrent).flatMap(\.spellings).filter { $0.hasPrefix(name) }
        guard names.count < 2 else {
            throw Refused(description: "ambiguous option: \(name) could match \(names.sorted().joined(separator: ", "))")
        }
        return known.first { $0.spellings.contains { names.contains($0) } }
    }

    private static func variable(_ option: String) -> String { "OS_DEFAULT__\(option.uppercased())" }

    // MARK: the process

    /// The command line of this process. Its values are put into the environment. The process ends if the line asks for the version or is
    /// wrong.
    package static func ofProcess() -> OsloArguments {
        do throws(Refused) {
            let arguments = try OsloArguments(Array(CommandLine.arguments.dropFirst()))
            if arguments.asksForVersion {
                print(version)
                // On standard error, for people; tools read the line above.
                _ = Array("\(release), in the place of Glance \(version)\n".utf8)
                    .withUnsafeBytes { writeAll($0, to: STDERR_FILENO) }
                exit(0)
            }
            for (name, value) in arguments.settings { setenv(name, value, 1) }
            return arguments
        } catch {
            refuse("\(error)")
        }
    }

    /// Ends the process with a message, as argparse does.
    package static func refuse(_ reason: String, status: Int32 = 2) -> Never {
        let program = CommandLine.arguments[0].split(separator: "/").last ?? ""
        _ = Array("\(program): error: \(reason)\n".utf8).withUnsafeBytes { writeAll($0, to: STDERR_FILENO) }
        exit(status)
    }
}
