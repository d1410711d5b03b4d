internal import ArgumentParser
internal import Assembly
internal import Domain
internal import Foundation
internal import JSONDocument
internal import Operations

/// `store verify`: compares records, files and digests.
struct StoreVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compares the records of images with the files and data of the stores.",
        discussion: """
            It reads all data, computes the digests, and looks for files that no record has. The service may run meanwhile: what is in motion \
            is left out, and reading gives way to others. It may be interrupted at any moment, and goes on with --resume.

            The exit status is 0 when nothing was found or all of it is repaired, 1 when something was found, 2 when it could not run, 130 \
            when it was interrupted.
            """)
    @OptionGroup var arguments: ConfigurationArguments

    @Option(name: .long, help: "The only store to verify, as `store list` names it. External web servers are asked only if they are named.")
    var store: String?

    @Option(name: .long, help: "The id of the only image to verify.")
    var image: String?

    @Flag(help: "Compare names, sizes and permissions, and read no data.")
    var quick = false

    @Option(name: .long, help: "The largest number of bytes to read in a second, such as 100M (K, M, G: powers of 1024).")
    var rate: String?

    @Option(name: .long, help: "The number of images to read at once.")
    var threads = 1

    @Option(name: .long, help: "Seconds without an answer after which a store is given up as not verified.")
    var timeout = 60

    @Flag(help: "Go on with the last verification that was interrupted.")
    var resume = false

    @OptionGroup var repairing: RepairArguments

    @Option(name: .long, help: "How findings are printed: as a table, or as JSON, one object a line.")
    var format = FindingFormat.table

    func validate() throws {
        if let rate, Self.bytes(rate) == nil { throw ValidationError("--rate: '\(rate)' is no number of bytes, such as 100M.") }
        if !(1...64).contains(threads) { throw ValidationError("--threads: from 1 to 64.") }
        if timeout < 1 { throw ValidationError("--timeout: at least 1.") }
        if resume, image != nil || quick {
            throw ValidationError("--resume goes on as the verification was begun: without --image and --quick.")
        }
    }

    func run() throws {
        let outcome: (findings: Int64, isComplete: Bool)
        do {
            outcome = try verify()
        } catch {
            Self.tell("\(error)")
            throw ExitCode(2)
        }
        guard outcome.isComplete else { throw ExitCode(130) }
        if outcome.findings > 0 { throw ExitCode(1) }
    }

    private func verify() throws -> (findings: Int64, isComplete: Bool) {
        try repairing.check()
        let interruption = try Interruption()
        let root = try CompositionRoot(arguments.configuration(), program: "glance-manage")
        var settings = Verifier.Settings()
        (settings.threads, settings.timeout) = (threads, Double(timeout))
        settings.bytesPerSecond = rate.flatMap(Self.bytes)
        let (verifier, catalog) = (try root.makeVerifier(settings), try root.verifications)
        try root.releaseVerificationsOfTheDead()
        let begun = try begin(verifier, catalog, root.workerName)

        var bar = try progressBar(verifier, begun)
        let isQuick = begun.scope.isQuick
        let (run, isComplete) = try verifier.run(begun, isCancelled: { interruption.isThere }) { progress in
            if isQuick {
                bar?.advance(progress.images)
            } else {
                bar?.skip(progress.skipped)
                bar?.advance(progress.bytes)
            }
        }
        bar?.end()
        try print(run, from: catalog)
        if !isComplete {
            Self.tell("Verification \(run.number) was interrupted; `glance-manage store verify --resume` goes on from where it was.")
        }
        guard isComplete else { return (run.findings, false) }
        let open = try repairing.repair(run.number, findings: Int(run.findings), root, format) { interruption.isThere }
        return (Int64(open), true)
    }

    private func begin(_ verifier: Verifier, _ catalog: any VerificationCatalog, _ worker: String) throws -> Verification {
        guard !resume else {
            guard let run = try catalog.resumeVerification(.command, store: store, by: worker) else {
                throw DB.Refused(description: "No verification was interrupted; run it without --resume.")
            }
            return run
        }
        let scope = VerificationScope(store: store, image: image.map { ImageID($0) }, isQuick: quick)
        try verifier.check(scope)
        return try catalog.beginVerification(scope, by: worker)
    }

    /// The bar; nil without a terminal, as adding up all images takes a while.
    private func progressBar(_ verifier: Verifier, _ run: Verification) throws -> ProgressBar? {
        guard ProgressBar.isShown, run.scope.image == nil else { return nil }
        let (images, bytes) = try verifier.remaining()
        return run.scope.isQuick
            ? ProgressBar("verifying", of: images - run.counts.images, .images) : ProgressBar("verifying", of: bytes - run.counts.bytes)
    }

    // MARK: output

    /// Prints the findings of the whole run, also those of its parts before it was resumed.
    private func print(_ run: Verification, from catalog: any VerificationCatalog) throws {
        var last: Int64 = 0
        if format == .table, run.findings > 0 { Swift.print(FindingFormat.header) }
        while true {
            let findings = try catalog.findings(of: run.number, after: last, atMost: 1000)
            guard let end = findings.last else { break }
            for finding in findings { Swift.print(format.line(finding)) }
            last = end.number
        }
        guard format == .table else { return }
        let counts = run.counts
        Swift.print(
            "Verification \(run.number): \(counts.images) images, \(counts.files) files, \(counts.bytes) bytes read, \(run.findings) findings."
        )
    }

    private static func tell(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

    /// Reads a number of bytes; nil for a text that is none.
    static func bytes(_ text: String) -> Int64? {
        let factors: [Character: Int64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let factor = text.last.flatMap { factors[Character($0.uppercased())] }
        guard let number = Int64(factor == nil ? text : String(text.dropLast())), number > 0 else { return nil }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: factor ?? 1)
        return isTooLarge ? nil : bytes
    }
}

/// How findings are printed.
enum FindingFormat: String, ExpressibleByArgument {
    case table, json

    /// The line above a table.
    static let header = columns("KIND", "STORE", "IMAGE", "LOCATION", "DETAIL")

    /// A finding in one line.
    func line(_ recorded: RecordedFinding) -> String {
        let finding = recorded.finding
        switch self {
        case .table:
            return Self.columns(
                finding.kind.rawValue, finding.store.isEmpty ? "-" : finding.store, finding.image?.text ?? "-",
                finding.location.isEmpty ? "-" : Self.plain(finding.location), Self.plain(finding.detail))
        case .json:
            let document: JSONObject = [
                "run": .int(recorded.run), "number": .int(recorded.number), "kind": .string(finding.kind.rawValue),
                "store": .string(finding.store), "image": finding.image.map { .string($0.text) } ?? .null,
                "location": .string(finding.location), "bytes": .int(finding.bytes), "detail": .string(finding.detail),
                "found_at": .string(recorded.foundAt.description), "repair": recorded.repair.map { .string($0) } ?? .null,
            ]
            return String(decoding: JSON.object(document).text, as: UTF8.self)
        }
    }

    private static func columns(_ kind: String, _ store: String, _ image: String, _ location: String, _ detail: String) -> String {
        "\(kind.padding(to: 18)) \(store.padding(to: 12)) \(image.padding(to: 36)) \(location)  \(detail)"
    }

    /// A text without control characters, which a file's name may have.
    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || 0x7F...0x9F ~= $0.value ? "?" : $0 }))
    }
}
