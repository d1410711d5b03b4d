import Foundation
import TestSupport
import Testing

/// Imports that no process works on any more, and imports whose process is told to end.
@Suite(.serialized) struct `An import that was left` {
    private static let stores = ["near", "far"]

    private func newID() -> String { UUID().uuidString.lowercased() }

    /// Restarts `glance-tasks`, which sweeps everything shortly after its start.
    private func restart(_ glance: TestGlance) throws {
        let old = try #require(glance.site.tasksID)
        kill(old, SIGTERM)
        #expect(
            try eventually {
                try glance.site.revive()
                return glance.site.tasksID != old
            })
    }

    /// An image that Glance works on, by its record.
    ///
    /// - Parameter status: of the task's record; nil where there is none.
    private func hasForeign(
        _ glance: TestGlance, _ id: String, task: String?, status: String? = "processing", hours: Int
    ) throws {
        let time = "UTC_TIMESTAMP() - INTERVAL \(hours) HOUR"
        try glance.execute("UPDATE images SET updated_at = \(time) WHERE id = '\(id)'")
        guard let task else { return }
        if let status {
            try glance.execute(
                """
                INSERT INTO tasks (id, type, status, owner, created_at, updated_at, deleted, image_id)
                VALUES ('\(task)', 'api_image_import', '\(status)', 'acme', \(time), \(time), 0, '\(id)')
                """)
            try glance.execute("INSERT INTO task_info (task_id) VALUES ('\(task)')")
        }
        for (name, value) in [("os_glance_import_task", task), ("os_glance_importing_to_stores", "far")] {
            try glance.execute(
                """
                INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted)
                VALUES ('\(id)', '\(name)', '\(value)', \(time), \(time), 0)
                """)
        }
    }

    @Test func `by Glance is given back when its time is over`() throws {
        let glance = try TestGlance(stores: Self.stores, runsTasks: true)
        let images = try (0..<6).map { _ in try glance.hasImage() }
        let (old, ended, lost, fresh, unrecorded, beginning) = (images[0], images[1], images[2], images[3], images[4], images[5])
        let (copied, ending) = (try glance.hasActiveImage(), try glance.hasActiveImage())
        for id in images { try glance.execute("UPDATE images SET status = 'importing' WHERE id = '\(id)'") }
        let (oldTask, freshTask, beginningTask, endingTask) = (newID(), newID(), newID(), newID())
        try hasForeign(glance, old, task: oldTask, hours: 2)
        try hasForeign(glance, ended, task: newID(), status: "failure", hours: 1)
        try hasForeign(glance, unrecorded, task: newID(), status: nil, hours: 1)
        try hasForeign(glance, lost, task: nil, hours: 2)
        try hasForeign(glance, fresh, task: freshTask, hours: 0)
        try hasForeign(glance, copied, task: newID(), hours: 2)
        // Glance claims an image, then records the task; it records the end, then releases the image.
        try hasForeign(glance, beginning, task: beginningTask, status: nil, hours: 0)
        try hasForeign(glance, ending, task: endingTask, status: "success", hours: 0)
        try restart(glance)
        for id in [old, ended, unrecorded, lost] {
            #expect(try eventually { try glance.status(of: id) == "queued" })
            try glance.expectNothing(of: id, in: Self.stores)
            #expect(try glance.image(id)["os_glance_import_error"]?.string != nil)
        }
        #expect(try glance.task(on: old)["status"]?.string == "failure")
        #expect(try glance.image(old)["os_glance_failed_import"]?.string == "far")
        #expect(try eventually { try glance.image(copied)["os_glance_import_task"] == nil })
        #expect(try glance.status(of: copied) == "active")
        // By its record, another process works on this one.
        #expect(try glance.status(of: fresh) == "importing")
        #expect(try glance.image(fresh)["os_glance_import_task"]?.string == freshTask)
        #expect(try glance.task(on: fresh)["status"]?.string == "processing")
        // As it does on these.
        for (id, task, status) in [(beginning, beginningTask, "importing"), (ending, endingTask, "active")] {
            let image = try glance.image(id)
            #expect(image["os_glance_import_task"]?.string == task && image["status"]?.string == status, "\(image)")
            #expect(image["os_glance_import_error"] == nil, "\(image)")
        }
    }

    @Test func `with staged data is swept, and what waits is not`() throws {
        let glance = try TestGlance(stores: Self.stores, runsTasks: true)
        let waiting = try glance.hasStagedImage([1, 2, 3])
        let queued = try glance.hasImage()
        let folder = "\(glance.folder)/staging"
        let (nobody, young) = (newID(), newID())
        for name in [nobody, queued, young, "\(nobody).qcow2", "notes.txt"] {
            try Data("old".utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        for name in [nobody, queued, waiting, "notes.txt"] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date().addingTimeInterval(-3600)], ofItemAtPath: "\(folder)/\(name)")
        }
        try restart(glance)
        #expect(
            eventually { [nobody, queued].allSatisfy { !FileManager.default.fileExists(atPath: "\(folder)/\($0)") } })
        // Files that belong to no image are left alone.
        for name in [waiting, young, "notes.txt"] { #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name)"), "\(name)") }
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: waiting)
        #expect(try glance.ended(on: waiting)["status"]?.string == "success")
    }

    /// At once, not when the lease expires.
    @Test func `by a process that is told to end is done by the next`() throws {
        let glance = try TestGlance(Source.allowed, stores: Self.stores, runsTasks: true)
        let sample = try Sample(2_000_000)
        let source = try Source(sample.bytes, holdingAfter: 1_000_000)
        let id = try glance.hasImage()
        try glance.downloads(source.url, to: id, #", "all_stores": true"#)
        #expect(try eventually { try glance.files(of: "far").contains { $0.hasPrefix("\(id).") } })
        let tasks = try #require(glance.site.tasksID)
        kill(tasks, SIGTERM)
        #expect(
            try eventually {
                try glance.site.revive()
                return glance.site.tasksID != tasks
            })
        #expect(try glance.status(of: id) == "importing")
        source.release()
        #expect(try glance.ended(on: id, within: 20)["status"]?.string == "success")
        try glance.expect(sample, in: id, stores: Self.stores)
    }

    @Test func `without its staged data ends, and says why`() throws {
        let glance = try TestGlance(stores: Self.stores, runsTasks: true)
        let id = try glance.hasStagedImage([1, 2, 3])
        try FileManager.default.removeItem(atPath: "\(glance.folder)/staging/\(id)")
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure" && task["message"]?.string != "")
        try glance.expectNothing(of: id, in: Self.stores)
    }

    @Test func `with an image that is deleted before it begins ends`() throws {
        let glance = try TestGlance(stores: Self.stores, runsTasks: true)
        let id = try glance.hasStagedImage([1, 2, 3])
        let tasks = try #require(glance.site.tasksID)
        kill(tasks, SIGSTOP)
        try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: id)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        kill(tasks, SIGCONT)
        #expect(try eventually { try glance.rows("SELECT status FROM tasks WHERE image_id = '\(id)'") == [["failure"]] })
        #expect(try glance.count("vitrine_jobs", where: "1 = 1") == 0)
        #expect(try glance.stagedFiles().isEmpty)
        for store in Self.stores { #expect(try glance.files(of: store).isEmpty) }
    }
}
