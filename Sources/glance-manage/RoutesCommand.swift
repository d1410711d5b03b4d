internal import APICommon
internal import ArgumentParser
internal import HTTP
internal import JSONDocument

/// The routes of the service.
struct RoutesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes",
        abstract: "Prints every route: method, path, status, what it does, whether Glance has it, and the differences.",
        discussion: "It reads no configuration: which of them a site serves is not told.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, markdown, json }

    @Option(help: "How it is printed.")
    var format = Format.table

    @Argument(help: "Only routes whose method and path contain this text.")
    var text: String?

    func validate() throws {
        if format == .markdown, text != nil { throw ValidationError("The page is whole: --format markdown takes no text to look for.") }
    }

    func run() {
        let found = RoutePage.routes.filter { route in text.map(route.key.contains) ?? true }
        switch format {
        case .markdown: print(RoutePage.markdown, terminator: "")
        case .json: print(String(decoding: JSON.array(found.map(RoutePage.json)).text, as: UTF8.self))
        case .table:
            let width = found.map { $0.method.name.count }.max() ?? 0
            for route in found {
                let mark = route.isInternal ? "internal; " : ""
                print("\(route.method.name)\(String(repeating: " ", count: width - route.method.name.count)) \(route.pattern)")
                print("    \(route.success)  \(route.meaning) (\(mark)in Glance: \(route.origin.rawValue))")
            }
        }
    }
}
