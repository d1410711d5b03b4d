internal import ArgumentParser

/// The form in which `config list` and `routes` print their reference.
enum ReferenceFormat: String, ExpressibleByArgument, CaseIterable {
    case table, markdown, json

    /// - Throws: when a text to search for is combined with the page of Markdown, which is always whole.
    func validate(text: String?) throws {
        if self == .markdown, text != nil {
            throw ValidationError("--format markdown prints the whole page; it takes no text to search for.")
        }
    }
}
