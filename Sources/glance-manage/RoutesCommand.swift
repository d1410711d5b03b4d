internal import APICommon
internal import ArgumentParser
internal import Domain
internal import HTTP
internal import JSONDocument

/// The routes of the service.
struct RoutesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes",
        abstract: "Prints every route: method, path, status, what it does, whether Glance has it, and the differences.",
        discussion: "It reads no configuration: which of them a site serves is not told.")

    @Option(help: "How it is printed.")
    var format = ReferenceFormat.table

    @Argument(help: "Only routes whose method and path contain this text.")
    var text: String?

    func validate() throws { try format.validate(text: text) }

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
