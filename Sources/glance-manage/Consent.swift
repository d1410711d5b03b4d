internal import ArgumentParser
internal import Domain
internal import Foundation

/// The operator's consent to a change that cannot be taken back at once.
enum Consent {
    /// Checks that consent is given, or that somebody can be asked for it.
    static func check(isGiven: Bool) throws {
        guard isGiven || isatty(STDIN_FILENO) != 0 else {
            throw ValidationError(
                "Nothing was changed, because nobody can be asked without a terminal. Give --yes to go on without a question.")
        }
    }

    /// Asks on the terminal.
    ///
    /// - Parameter isGiven: whether `--yes` is given, so that nobody is asked.
    /// - Returns: whether the answer is yes.
    /// - Throws: when there is no terminal to ask on.
    static func ask(_ question: String, isGiven: Bool) throws -> Bool {
        if isGiven { return true }
        try check(isGiven: isGiven)
        FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
        if let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) { return true }
        FileHandle.standardError.write(Data("Nothing was changed.\n".utf8))
        return false
    }
}

/// The end of a command that could not do its work, with a sentence for the operator.
struct CommandFailed: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
    init(_ fault: Fault) { description = fault.cause.map { "\(fault.message) (\($0))" } ?? fault.message }
}

extension String {
    /// This text for a terminal: names of files may contain anything.
    var shown: String { String(decoding: utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }, as: UTF8.self) }
}
