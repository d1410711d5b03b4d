import Domain
import Foundation
import MariaDB
import Operations
import Persistence
import TestSupport
import Testing

/// If the answer of COMMIT is lost, the caller still learns that the change was made, and it is made once.
@Suite(.serialized, .sharesServices) struct `A COMMIT whose answer is lost` {
    private let glance: TestGlance
    private let proxy: DatabaseProxy
    /// A catalog whose connections go through the proxy.
    private let catalog: MariaDBCatalog
    private static let alice = Caller(user: "alice", project: "acme", roles: ["member"], isAdmin: false)

    init() throws {
        glance = try .of(Self.self)
        proxy = try DatabaseProxy(before: SharedMariaDB.running())
        let address = try Address(url: proxy.url(of: glance.databaseName))
        catalog = MariaDBCatalog(Database(Pool(address)), outbox: Outbox(publisher: "test", disabled: DisabledNotifications([])))
    }

    /// Makes a change whose COMMIT is lost.
    private func losing<Value>(_ loss: DatabaseProxy.Loss, _ body: () throws -> Value) throws -> Value {
        let before = proxy.lost
        proxy.lose(loss)
        let value = try body()
        #expect(proxy.lost == before + 1)
        return value
    }

    private func count(_ table: String, _ condition: String) throws -> Int {
        Int(try glance.rows("SELECT CAST(COUNT(*) AS CHAR) FROM \(table) WHERE \(condition)").first?[0] ?? "") ?? -1
    }

    private func told(_ event: String, of id: ImageID) throws -> Int {
        try count("vitrine_notifications", "event_type = '\(event)' AND payload LIKE '%\(id)%'")
    }

    @Test(arguments: DatabaseProxy.Loss.allCases)
    func `is no loss for images and members`(_ loss: DatabaseProxy.Loss) throws {
        let draft = ImageDraft(id: .fresh(), owner: "acme")
        let image = try losing(loss) { try catalog.insert(draft) }
        #expect(try catalog.image(draft.id, visibleTo: Self.alice).status == .queued)
        #expect(try losing(loss) { try catalog.add("bolt", to: image, quota: 1, by: Self.alice) }.status == .pending)
        #expect(try losing(loss) { try catalog.set(.accepted, of: "bolt", in: image) }.status == .accepted)
        #expect(try catalog.members(of: image, visibleTo: Self.alice).map(\.project) == ["bolt"])
        _ = try losing(loss) { try catalog.update(image.id, visibleTo: Self.alice) { $0.tags.append("a") } }
        #expect(try catalog.image(image.id, visibleTo: Self.alice).tags == ["a"])
        try losing(loss) { try catalog.remove("bolt", from: image, by: Self.alice) }
        #expect(try catalog.members(of: image, visibleTo: Self.alice).isEmpty)
        _ = try losing(loss) { try catalog.delete(image.id, visibleTo: Self.alice) { _ in } }
        for event in ["image.create", "image.update", "image.delete", "image.member.create", "image.member.update", "image.member.delete"] {
            #expect(try told(event, of: image.id) == 1, "\(event)")
        }
    }

    @Test(arguments: DatabaseProxy.Loss.allCases)
    func `is no loss for uploads`(_ loss: DatabaseProxy.Loss) throws {
        let id = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
        let measured = MeasuredBytes(size: 5, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
        var upload = Upload(image: id, token: Upload.freshToken(), pendingURL: "file:///pending")
        upload.aim = .staging
        try losing(loss) { try catalog.begin(upload, by: "worker") }
        try losing(loss) { try catalog.finishStaging(upload, size: 5, on: nil, claiming: nil) }
        #expect(try catalog.image(id, visibleTo: Self.alice).size == 5)
        try glance.execute("UPDATE images SET status = 'queued', size = NULL WHERE id = '\(id)'")
        upload = Upload(image: id, token: Upload.freshToken(), pendingURL: "file:///pending")
        try losing(loss) { try catalog.begin(upload, by: "worker") }
        #expect(try count("vitrine_uploads", "image_id = '\(id)'") == 1)
        try losing(loss) { try catalog.abort(upload, as: .queued, because: "a test") }
        upload = Upload(image: id, token: Upload.freshToken(), pendingURL: "file:///pending")
        try catalog.begin(upload, by: "worker")
        try losing(loss) { try catalog.finish(upload, at: ImageLocation(url: "file:///images/\(id)"), measured) }
        #expect(try catalog.image(id, visibleTo: Self.alice).status == .active)
        #expect(try count("image_locations", "image_id = '\(id)'") == 1)
        #expect(try told("image.activate", of: id) == 1)
        #expect(try told("image.prepare", of: id) == 2)
    }

    @Test(arguments: DatabaseProxy.Loss.allCases)
    func `is no loss for imports`(_ loss: DatabaseProxy.Loss) throws {
        let id = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
        let task = try losing(loss) {
            try catalog.order(on: id, visibleTo: Self.alice, claiming: nil) { image throws(Fault) in
                image.status = .importing
                return .importing(image.id)
            }
        }
        #expect(try count("tasks", "image_id = '\(id)'") == 1)
        let job = try #require(try losing(loss) { try catalog.claim(Upload.freshToken(), by: "worker", on: nil) })
        #expect(job.task.id == task?.id && job.tries == 1)
        try losing(loss) { try catalog.report(job, JobProgress(done: 1, total: nil)) }
        let owed = try losing(loss) { try catalog.end(job, .success, claiming: nil) { $0.status = .active } }
        #expect(owed.isEmpty)
        #expect(try catalog.task(job.task.id, visibleTo: Self.alice).status == .success)
        for event in ["task.create", "task.success"] { #expect(try told(event, of: ImageID(job.task.id)) == 1, "\(event)") }
    }

    @Test(arguments: DatabaseProxy.Loss.allCases)
    func `is no loss for metadata definitions`(_ loss: DatabaseProxy.Loss) throws {
        let name = "n\(ImageID.fresh())"
        let draft = MetadefDraft(fields: MetadefFields(name: name, owner: "acme"))
        let namespace = try losing(loss) { try catalog.insert(draft) }
        #expect(namespace.fields.name == name)
        try losing(loss) { try catalog.delete(namespace) }
        #expect(try count("metadef_namespaces", "namespace = '\(name)'") == 0)
    }

    /// A caller that got no answer at all repeats the change.
    @Test func `can be asked for again`() throws {
        let id = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
        let upload = Upload(image: id, token: Upload.freshToken(), pendingURL: "file:///pending")
        try catalog.begin(upload, by: "worker")
        let measured = MeasuredBytes(size: 5, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
        for _ in 0..<2 { try catalog.finish(upload, at: ImageLocation(url: "file:///images/\(id)"), measured) }
        #expect(try count("image_locations", "image_id = '\(id)'") == 1)
    }

    @Test func `is forgotten after a while`() throws {
        for (name, minutes) in [("old", 11), ("young", 5)] {
            try glance.execute("INSERT INTO vitrine_commits VALUES ('\(name)', UTC_TIMESTAMP(6) - INTERVAL \(minutes) MINUTE)")
        }
        try catalog.forgetCommits()
        #expect(try count("vitrine_commits", "name = 'old'") == 0)
        #expect(try count("vitrine_commits", "name = 'young'") == 1)
    }
}
