internal import ArgumentParser
internal import Assembly
internal import Domain
internal import JSONDocument
internal import Operations

/// The options of `store verify` with which it repairs what it found.
struct RepairArguments: ParsableArguments {
    @Flag(
        help: """
            Repair what was found, after a question: files without an image go into quarantine, damaged images get their data back from \
            another location, or are deactivated.
            """)
    var repair = false

    @Flag(help: "Repair without a question.")
    var yes = false

    /// Refuses to begin a long verification whose repair could not be agreed to.
    func check() throws {
        if yes, !repair { throw ValidationError("--yes is for --repair.") }
        if repair { try Consent.check(isGiven: yes) }
    }

    /// Repairs the findings of a run, and prints each with what became of it.
    ///
    /// - Parameters:
    ///   - count: the number of findings.
    ///   - isCancelled: whether the operator wants the command to end.
    /// - Returns: the number of findings that are still open.
    func repair(
        _ run: Int64, findings count: Int, _ root: CompositionRoot, _ format: FindingFormat, isCancelled: () -> Bool
    ) throws -> Int {
        guard repair, count > 0, try Consent.ask("Repair the \(count) findings of verification \(run)?", isGiven: yes) else { return count }
        var done = 0
        let open = try root.makeRepairer().repair(run: run, isCancelled: isCancelled) { finding, outcome in
            done += outcome.isDone ? 1 : 0
            switch format {
            case .table:
                let object = finding.location.isEmpty ? finding.image?.text ?? finding.store : finding.location
                print("\(finding.kind.rawValue) \(object.shown): \(outcome.text.shown)")
            case .json:
                let document: JSONObject = [
                    "run": .int(run), "kind": .string(finding.kind.rawValue), "image": finding.image.map { .string($0.text) } ?? .null,
                    "location": .string(finding.location), "outcome": .string(outcome.name), "repair": .string(outcome.text),
                ]
                print(String(decoding: JSON.object(document).text, as: UTF8.self))
            }
        }
        if format == .table { print("Verification \(run): \(done) findings repaired or settled, \(open) open.") }
        return open
    }
}
