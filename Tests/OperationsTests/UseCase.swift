import Domain
import Importing
import JSONDocument
import Operations
import TestSupport
import Testing

/// One thing that a client has the service do, and what may become of the image.
struct UseCase: Sendable, CustomTestStringConvertible {
    typealias Parts = InProcessService.Parts

    /// What the client learns.
    enum Report: Equatable {
        case success
        /// Refused or failed, for good.
        case failure(String)
        /// Ordered; whoever has the order goes on with it.
        case underWay
    }

    let testDescription: String
    /// Brings the image about that is worked on.
    let prepare: @Sendable (Parts) throws -> ImageID
    /// Does it, and tells what the client learns; what is thrown is a failure.
    let act: @Sendable (Parts, ImageID) throws -> Report
    /// What the image is afterwards where it was done.
    let done: Outcome
    /// What it may be where it was not.
    let undone: Set<Outcome>
    /// What it may be besides where nobody could say that it was not done.
    var leftInDoubt: Set<Outcome> = []

    /// No format that an inspector knows begins so.
    static let data = Array("data of the tests ".utf8) + filled(70_000) { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
    /// More than one buffer of a stream, so that each of its readers has a thread.
    static let longData = data + filled(600_000) { UInt8(truncatingIfNeeded: $0 &* 17 &+ $0 >> 9) }
}

// MARK: preparing

extension UseCase.Parts {
    func draft() -> ImageDraft {
        var draft = ImageDraft(id: .fresh(), owner: caller.project)
        (draft.diskFormat, draft.containerFormat) = ("raw", "bare")
        return draft
    }

    func queued() throws -> ImageID { try service.create(draft(), by: caller).id }

    func uploaded(_ data: [UInt8] = UseCase.data) throws -> ImageID {
        let id = try queued()
        try service.upload(id, from: MemoryStream(data), announced: Int64(data.count), by: caller)
        return id
    }

    func staged() throws -> ImageID {
        let id = try queued()
        try imports.stage(id, from: MemoryStream(UseCase.data), announced: nil, by: caller)
        return id
    }

    func copied() throws -> ImageID {
        let id = try uploaded()
        guard try order(.copyImage, on: id, into: ["two"]) == .success else { throw Unexpected("the image was not copied") }
        return id
    }

    // MARK: doing

    /// Orders an import and has this process do it.
    func order(
        _ method: ImportPlan.Name, on id: ImageID, into stores: [String], allMustSucceed: Bool = true
    ) throws -> UseCase.Report {
        var request = ImportRequest(method, body: JSONObject())
        (request.stores, request.allMustSucceed) = (stores, allMustSucceed)
        if method == .webDownload { request.url = WebSource.url }
        _ = try imports.order(request, on: id, by: caller)
        return try workOff(id)
    }

    /// Orders a location and has this process look at it.
    func orderLocation(on id: ImageID) throws -> UseCase.Report {
        try imports.order(WebSource.url, expecting: UseCase.digest, on: id, by: caller)
        return try workOff(id)
    }

    func workOff(_ id: ImageID) throws -> UseCase.Report {
        do {
            while try importer.doOne() {}
            switch try catalog.tasks(on: id, after: nil, atMost: 1, visibleTo: .service).first?.status {
            case .success: return .success
            case .failure: return .failure("the task failed")
            default: return .underWay
            }
        } catch {
            return .underWay
        }
    }
}

// MARK: the use cases

extension UseCase {
    static let uploads = [
        UseCase("an upload", { try $0.queued() }, done: .active(["one"]), undone: [.queued]) { parts, id in
            let body = FailingStream(MemoryStream(data), .client, parts.injector)
            try parts.service.upload(id, from: body, announced: Int64(data.count), by: parts.caller)
            return .success
        },
        UseCase("a long upload of unknown size", { try $0.queued() }, done: .active(["two"]), undone: [.queued]) { parts, id in
            let body = FailingStream(MemoryStream(longData), .client, parts.injector)
            try parts.service.upload(id, from: body, announced: nil, into: "two", by: parts.caller)
            return .success
        },
        UseCase("a V1 image with data", { $0.draft().id }, done: .active(["one"]), undone: [.gone, .killed], inDoubt: [.queued]) {
            parts, id in
            var draft = parts.draft()
            draft.id = id
            let body = FailingStream(MemoryStream(data), .client, parts.injector)
            let image = try parts.service.create(
                draft, with: .body(body, announced: nil), bringing: 0, asking: [], by: parts.caller)
            return image.status == .active ? .success : .failure("the image is \(image.status)")
        },
        UseCase("a V1 copy", { $0.draft().id }, done: .active(["one"]), undone: [.gone, .killed], inDoubt: [.queued]) { parts, id in
            var draft = parts.draft()
            draft.id = id
            draft.size = Int64(data.count)
            _ = try parts.service.create(draft, with: .copy(from: WebSource.url), bringing: 0, asking: [], by: parts.caller)
            _ = try? parts.copier.makeOne()
            return .underWay
        },
    ]

    static let imports = [
        UseCase("staging", { try $0.queued() }, done: .staged, undone: [.queued]) { parts, id in
            let body = FailingStream(MemoryStream(data), .client, parts.injector)
            try parts.imports.stage(id, from: body, announced: nil, by: parts.caller)
            return .success
        },
        UseCase("an import of staged data", { try $0.staged() }, done: .active(["one"]), undone: [.queued, .staged]) {
            try $0.order(.glanceDirect, on: $1, into: ["one"])
        },
        UseCase("an import into two stores", { try $0.staged() }, done: .active(["one", "two"]), undone: [.queued, .staged]) {
            try $0.order(.glanceDirect, on: $1, into: ["one", "two"])
        },
        UseCase(
            "an import of which a store may fail", { try $0.staged() }, done: .active(["one", "two"]),
            undone: [.queued, .staged, .active(["one"]), .active(["two"])]
        ) {
            let report = try $0.order(.glanceDirect, on: $1, into: ["one", "two"], allMustSucceed: false)
            return report == .success ? .underWay : report
        },
        UseCase("a download from the web", { try $0.queued() }, done: .active(["one"]), undone: [.queued]) {
            try $0.order(.webDownload, on: $1, into: ["one"])
        },
    ]

    static let copies = [
        UseCase("a copy into another store", { try $0.uploaded() }, done: .active(["one", "two"]), undone: [.active(["one"])]) {
            try $0.order(.copyImage, on: $1, into: ["two"])
        }
    ]

    static let deletions = [
        UseCase("a deletion", { try $0.copied() }, done: .gone, undone: [.active(["one", "two"])], delete),
        UseCase("a deletion of staged data", { try $0.staged() }, done: .gone, undone: [.staged], delete),
        UseCase("a removal from a store", { try $0.copied() }, done: .active(["one"]), undone: [.active(["one", "two"])]) { parts, id in
            try parts.locations.remove(id, fromStore: "two", by: parts.caller)
            return .success
        },
    ]

    static let locations = [
        UseCase("a new location of an image", { try $0.uploaded() }, done: .active(["one", "web"]), undone: [.active(["one"])]) {
            parts, id in
            let change = LocationChange.add(NewLocation(ImageLocation(url: WebSource.url)), at: "-")
            _ = try parts.locations.update(id, [.locations(change)], by: parts.caller)
            return .success
        },
        UseCase("a location for an image", { try $0.queued() }, done: .active(["web"]), undone: [.queued]) {
            try $0.orderLocation(on: $1)
        },
    ]

    /// In a service that keeps the bytes of deleted images for a while.
    static let scrubs = [
        UseCase("a deletion that is put off", { try $0.copied() }, done: .pendingDelete, undone: [.active(["one", "two"])], delete),
        UseCase("the end of a deletion that was put off", { try $0.pendingDelete() }, done: .gone, undone: [.pendingDelete]) { parts, _ in
            // It may be interrupted at any moment.
            (try? parts.scrubber.scrub()) == 1 ? .success : .underWay
        },
    ]

    @Sendable private static func delete(_ parts: Parts, _ id: ImageID) throws -> Report {
        try parts.service.delete(id, by: parts.caller)
        return .success
    }

    private init(
        _ description: String, _ prepare: @escaping @Sendable (Parts) throws -> ImageID, done: Outcome, undone: Set<Outcome>,
        inDoubt: Set<Outcome> = [], _ act: @escaping @Sendable (Parts, ImageID) throws -> Report
    ) {
        leftInDoubt = inDoubt
        (testDescription, self.prepare, self.act, self.done, self.undone) = (description, prepare, act, done, undone)
    }
}

extension UseCase.Parts {
    fileprivate func pendingDelete() throws -> ImageID {
        let id = try copied()
        try service.delete(id, by: caller)
        return id
    }
}
