import Domain
import MariaDB
import Persistence
import TestSupport
import Testing

/// The records of nodes, and which jobs wait for which of them.
@Suite(.serialized, .sharesServices) struct `Nodes of one database` {
    private let glance: TestGlance
    private let catalog: MariaDBCatalog

    init() throws {
        glance = try .of(Self.self)
        catalog = MariaDBCatalog(Database(Pool(try Address(url: SharedMariaDB.running().url(of: glance.databaseName)))))
    }

    private func plan(_ sql: String) throws -> [String?] { try #require(try glance.rows("EXPLAIN \(sql)", columns: 10).first) }

    @Test func `are read as they were recorded last, while they are there`() throws {
        try glance.execute("DELETE FROM vitrine_node_setups")
        var setup = NodeSetup(name: "north")
        try catalog.record(setup, ofNode: "machine/north")
        setup.staging = "mark"
        setup.stores["ü"] = NodeSetup.Store(type: "file", folders: [NodeSetup.Folder(path: "/a", mark: nil)])
        try catalog.record(setup, ofNode: "machine/north")
        try catalog.record(NodeSetup(name: "south"), ofNode: "machine/SOUTH")
        #expect(try catalog.nodeSetups(seenWithin: 60) == ["machine/north": setup, "machine/SOUTH": NodeSetup(name: "south")])

        try glance.execute("UPDATE vitrine_node_setups SET seen_at = seen_at - INTERVAL 2 MINUTE WHERE node = 'machine/north'")
        #expect(try catalog.nodeSetups(seenWithin: 60).keys.sorted() == ["machine/SOUTH"])
        #expect(try catalog.nodeSetups(seenWithin: 300).count == 2)
        // What another release has written, or somebody else, is no reason to fail.
        try glance.execute("UPDATE vitrine_node_setups SET setup = 'nonsense' WHERE node = 'machine/SOUTH'")
        #expect(try catalog.nodeSetups(seenWithin: 60).isEmpty)
        try glance.execute("UPDATE vitrine_node_setups SET seen_at = seen_at - INTERVAL 25 HOUR WHERE node = 'machine/north'")
        #expect(try catalog.nodeSetups(seenWithin: 300).isEmpty)
        #expect(try glance.rows("SELECT node FROM vitrine_node_setups") == [["machine/SOUTH"]])
        #expect(try plan("UPDATE vitrine_node_setups SET seen_at = seen_at WHERE node = 'machine/SOUTH'")[5] == "PRIMARY")
    }

    // MARK: jobs

    /// Orders a job on a new image, whose data are staged in a folder, or at a node.
    private func job(stagedIn mark: String?, node: String?) throws -> String {
        let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme"))
        let task = try catalog.order(on: image.id, visibleTo: .service, claiming: nil) { image throws(Fault) in
            var draft = TaskDraft(
                id: ImageID.fresh().text, kind: .imageImport, owner: "acme", input: "{}",
                details: .imageImport(ImportPlan(.staged, stores: [], allMustSucceed: true)))
            (draft.image, draft.node, draft.stagedIn) = (image.id, node, mark)
            return draft
        }
        return try #require(task).id
    }

    private func claimed(at site: JobSite) throws -> String? {
        guard let job = try catalog.claim(Upload.freshToken(), by: "worker", at: site, patience: 3600) else { return nil }
        #expect(try catalog.waitingWork(at: site, patience: 3600).contains(.jobs) == false)
        return job.task.id
    }

    @Test(
        arguments: [
            // The folder decides where it is known, whoever ordered the job.
            (
                mark: "m1", node: nil, taker: JobSite(staging: "m1"),
                others: [JobSite(), JobSite(staging: "m2"), JobSite(node: "n", staging: "m2")]
            ),
            (
                mark: "m1", node: "n1", taker: JobSite(node: "n2", staging: "m1"),
                others: [JobSite(node: "n1", staging: "m2"), JobSite(node: "n1")]
            ),
            // The release before names no folder.
            (mark: nil, node: "n1", taker: JobSite(node: "n1", staging: "m2"), others: [JobSite(node: "n2", staging: "m1"), JobSite()]),
            (mark: nil, node: nil, taker: JobSite(), others: []),
        ] as [(mark: String?, node: String?, taker: JobSite, others: [JobSite])])
    func `take the jobs whose data they see`(_ each: (mark: String?, node: String?, taker: JobSite, others: [JobSite])) throws {
        try glance.execute("DELETE FROM vitrine_jobs")
        let id = try job(stagedIn: each.mark, node: each.node)
        for other in each.others {
            #expect(try !catalog.waitingWork(at: other, patience: 3600).contains(.jobs), "\(other)")
            #expect(try claimed(at: other) == nil, "\(other)")
        }
        #expect(try catalog.waitingWork(at: each.taker, patience: 3600).contains(.jobs))
        #expect(try claimed(at: each.taker) == id)
    }

    @Test func `are waited for while they say that they are there, and the task tells it`() throws {
        try glance.execute("DELETE FROM vitrine_jobs")
        let id = try job(stagedIn: "m-waited", node: nil)
        let other = JobSite(node: "n", staging: "other")
        try catalog.note(JobSite(staging: "m-waited"))
        try glance.execute("UPDATE vitrine_jobs SET lease_until = lease_until - INTERVAL 2 HOUR WHERE task_id = '\(id)'")
        try catalog.tellWhoIsAwaited()
        #expect(try catalog.task(id, visibleTo: .service).message?.contains("a machine that has the staged data") == true)
        #expect(try claimed(at: other) == nil)
        try glance.execute("UPDATE vitrine_nodes SET seen_at = seen_at - INTERVAL 2 HOUR WHERE node = 'm-waited'")
        #expect(try claimed(at: other) == id)
    }

    /// An index range, as before the folder was a part of the condition.
    @Test func `are looked for by an index`() throws {
        try glance.execute("DELETE FROM vitrine_jobs")
        for _ in 0..<40 { _ = try job(stagedIn: "m", node: nil) }
        try glance.execute("UPDATE vitrine_jobs SET lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR")
        try glance.execute("ANALYZE TABLE vitrine_jobs")
        let plan = try plan(
            """
            SELECT task_id FROM vitrine_jobs j
             WHERE j.lease_until < UTC_TIMESTAMP(6)
               AND (j.staged_in = 'm' OR j.staged_in IS NULL AND (j.node IS NULL OR j.node = 'n')
                    OR j.lease_until < UTC_TIMESTAMP(6) - INTERVAL 60 SECOND
                       AND NOT EXISTS (SELECT 1 FROM vitrine_nodes n
                                        WHERE n.node = COALESCE(j.staged_in, j.node) AND n.seen_at > UTC_TIMESTAMP(6) - INTERVAL 60 SECOND))
             ORDER BY lease_until LIMIT 16
            """)
        #expect(plan[3] == "range" && plan[5] == "vitrine_jobs_lease_until", "\(plan)")
        try glance.execute("DELETE FROM vitrine_jobs")
    }

    // MARK: the release before

    /// Programs of the release before work on the new tables during an upgrade; these are its statements.
    @Test func `of the release before order and take jobs on the new tables`() throws {
        try glance.execute("DELETE FROM vitrine_jobs")
        let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
        let id = ImageID.fresh().text
        try glance.execute(
            """
            INSERT INTO vitrine_jobs (task_id, image_id, details, node, pending, lease_until, reserved, request_id, global_request_id)
            VALUES ('\(id)', '\(image)', '{"import": {"method": "glance-direct"}}', NULL, '[]', UTC_TIMESTAMP(6), 0, 'req-1', NULL)
            """)
        try glance.execute(
            """
            INSERT INTO tasks (id, type, status, owner, created_at, updated_at, deleted, image_id, request_id, user_id)
            VALUES ('\(id)', 'api_image_import', 'pending', 'acme', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0, '\(image)', 'req-1', NULL)
            """)
        try glance.execute("INSERT INTO task_info (task_id, input) VALUES ('\(id)', '{}')")
        #expect(try claimed(at: JobSite(node: "n", staging: "m")) == id)

        // A job of this release is found by the statement of that one, which knows no folders.
        try glance.execute("DELETE FROM vitrine_jobs")
        let next = try job(stagedIn: "m", node: nil)
        let found = try glance.rows(
            """
            SELECT task_id FROM vitrine_jobs j
             WHERE j.lease_until < UTC_TIMESTAMP(6)
               AND (j.node IS NULL OR j.node = 'n'
                    OR j.lease_until < UTC_TIMESTAMP(6) - INTERVAL 60 SECOND
                       AND NOT EXISTS (SELECT 1 FROM vitrine_nodes n
                                        WHERE n.node = j.node AND n.seen_at > UTC_TIMESTAMP(6) - INTERVAL 60 SECOND))
             ORDER BY lease_until LIMIT 16
            """)
        #expect(found == [[next]])
        try glance.execute(
            "INSERT INTO vitrine_nodes (node, seen_at) VALUES ('n', UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE seen_at = UTC_TIMESTAMP(6)")
        try glance.execute("DELETE FROM vitrine_jobs")
    }
}
