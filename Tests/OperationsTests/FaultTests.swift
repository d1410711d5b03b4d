import Domain
import TestSupport
import Testing

/// What others do while a call is held.
enum Meanwhile: CaseIterable, CustomTestStringConvertible {
    /// The leases are over, and whoever clears up does so.
    case othersClearUp
    case imageIsDeleted

    var testDescription: String {
        switch self {
        case .othersClearUp: "while others clear up"
        case .imageIsDeleted: "while the image is deleted"
        }
    }
}

extension Mishap {
    static let single: [Mishap] = [
        .catalogIsUnavailable, .answerIsLost, .conflict, .ioErrorOfStore, .lateErrorOfStore, .storeIsFull, .shortRead, .earlyEnd,
        .clientLeaves,
    ]
    static let lasting: [Mishap] = [.catalogIsGone, .answersAreLost, .storeIsGone, .processDies]
    static let all = single + lasting
}

extension InProcessService {
    /// Does a thing again and again, and has the first, the second, the third … call of a port go wrong, until there are not so many.
    ///
    /// After each time all that is left undone is done by another process, and then it must hold what always holds, and what the client
    /// was told.
    func check(_ useCase: UseCase, _ mishap: Mishap, _ meanwhile: Meanwhile? = nil) throws {
        for number in 1...200 {
            let image = try useCase.prepare(sound)
            injector.arm(mishap, at: number) { [self] in
                do {
                    switch meanwhile {
                    case .othersClearUp: try settle()
                    case .imageIsDeleted: try? sound.service.delete(image, by: sound.caller)
                    case nil: break
                    }
                } catch {
                    Issue.record("while the call was held: \(error)")
                }
            }
            var report: UseCase.Report
            do {
                report = try useCase.act(failing, image)
            } catch let fault as Fault {
                report = .failure("\(fault.kind): \(fault)")
            }
            let hit = injector.disarm()
            try settle()
            var problems = try problems()
            let outcome = try outcome(of: image)
            if !useCase.allows(outcome, report, mishap, isHit: hit != nil, meanwhile) {
                problems.append("the client was told \(report), and the image is \(outcome)")
            }
            injector.letGo()
            for problem in problems {
                Issue.record("\(useCase.testDescription), call \(number) (\(hit ?? "none")): \(problem); the client was told \(report)")
            }
            try reset()
            if hit == nil { return }
        }
        Issue.record("it makes too many calls")
    }
}

extension UseCase {
    fileprivate func allows(_ outcome: Outcome, _ report: Report, _ mishap: Mishap, isHit: Bool, _ meanwhile: Meanwhile?) -> Bool {
        if !isHit { return outcome == done && !report.isFailure }
        if meanwhile == .imageIsDeleted, [.gone, .pendingDelete].contains(outcome) { return true }
        switch report {
        case .success: return outcome == done
        case .failure:
            if undone.contains(outcome) || mishap.leavesDoubt && outcome == done { return true }
            return (mishap.leavesDoubt || mishap.lasts) && leftInDoubt.contains(outcome)
        case .underWay: return outcome == done || undone.contains(outcome)
        }
    }
}

extension UseCase.Report {
    fileprivate var isFailure: Bool { if case .failure = self { true } else { false } }
}

@Suite(.serialized) struct `Uploads with faults` {
    private static let service = Result { try InProcessService() }

    @Test(arguments: UseCase.uploads, Mishap.all)
    func `leave all or nothing`(_ useCase: UseCase, _ mishap: Mishap) throws { try Self.service.get().check(useCase, mishap) }

    @Test(arguments: UseCase.uploads, Meanwhile.allCases)
    func `leave all or nothing`(_ useCase: UseCase, _ meanwhile: Meanwhile) throws {
        try Self.service.get().check(useCase, .callIsHeld, meanwhile)
    }
}

@Suite(.serialized) struct `Imports with faults` {
    private static let service = Result { try InProcessService() }

    @Test(arguments: UseCase.imports, Mishap.all)
    func `leave all or nothing`(_ useCase: UseCase, _ mishap: Mishap) throws { try Self.service.get().check(useCase, mishap) }

    @Test(arguments: UseCase.imports, Meanwhile.allCases)
    func `leave all or nothing`(_ useCase: UseCase, _ meanwhile: Meanwhile) throws {
        try Self.service.get().check(useCase, .callIsHeld, meanwhile)
    }
}

@Suite(.serialized) struct `Copies with faults` {
    private static let whole = Result { try InProcessService() }
    private static let streamed = Result { try InProcessService(tellsPaths: false) }

    @Test(arguments: UseCase.copies, Mishap.all)
    func `leave all or nothing of whole files`(_ useCase: UseCase, _ mishap: Mishap) throws { try Self.whole.get().check(useCase, mishap) }

    @Test(arguments: UseCase.copies, Mishap.all)
    func `leave all or nothing of streams`(_ useCase: UseCase, _ mishap: Mishap) throws { try Self.streamed.get().check(useCase, mishap) }

    @Test(arguments: UseCase.copies, Meanwhile.allCases)
    func `leave all or nothing`(_ useCase: UseCase, _ meanwhile: Meanwhile) throws {
        for service in [Self.whole, Self.streamed] { try service.get().check(useCase, .callIsHeld, meanwhile) }
    }
}

@Suite(.serialized) struct `Deletions and locations with faults` {
    private static let service = Result { try InProcessService() }

    @Test(arguments: UseCase.deletions + UseCase.locations, Mishap.all)
    func `leave all or nothing`(_ useCase: UseCase, _ mishap: Mishap) throws { try Self.service.get().check(useCase, mishap) }

    @Test(arguments: UseCase.deletions + UseCase.locations, Meanwhile.allCases)
    func `leave all or nothing`(_ useCase: UseCase, _ meanwhile: Meanwhile) throws {
        try Self.service.get().check(useCase, .callIsHeld, meanwhile)
    }
}

@Suite(.serialized) struct `Deletions that are put off with faults` {
    private static let service = Result { try InProcessService(delaysDeletion: true) }

    @Test(arguments: UseCase.scrubs, Mishap.all)
    func `leave all or nothing`(_ useCase: UseCase, _ mishap: Mishap) throws { try Self.service.get().check(useCase, mishap) }

    @Test(arguments: UseCase.scrubs, Meanwhile.allCases)
    func `leave all or nothing`(_ useCase: UseCase, _ meanwhile: Meanwhile) throws {
        try Self.service.get().check(useCase, .callIsHeld, meanwhile)
    }
}
