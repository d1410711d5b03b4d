import Foundation
import Stack
import TestSupport
import Testing
import Threading

@Suite(.serialized) struct `Signals` {
    @Test func `other than those that end a program end nothing`() throws {
        let glance = try TestGlance(workers: 1, runsTasks: true, runsRegistry: true)
        let image = try glance.hasImage()
        let data = [UInt8](repeating: 5, count: 1_500_000)
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: data.count))
        try connection.send(Array(data[..<1_100_000]))
        #expect(try eventually { try glance.status(of: image) == "saving" })
        let programs = glance.site.workerIDs + glance.site.registryIDs + [try #require(glance.site.tasksID)]
        for number in [SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF, SIGXFSZ, SIGXCPU, SIGIO, SIGPWR, 16, 34, 64] {
            for program in programs { kill(program, CInt(number)) }
            #expect(try glance.send("GET", "/versions", as: nil).status == 200, "\(number)")
        }
        try connection.send(Array(data[1_100_000...]))
        #expect(try connection.receive().status == 204)
        #expect(try glance.send("GET", "/v1/images/\(image)").body.isSame(as: data))
        #expect(glance.site.workerIDs + glance.site.registryIDs + [glance.site.tasksID].compactMap(\.self) == programs)
        for program in programs { #expect(kill(program, 0) == 0) }
    }

    /// The file's attributes do not show that it was written: only the signal tells.
    @Test func `have the files read again that hold tokens and rules`() throws {
        let glance = try TestGlance(workers: 1)
        let (tokens, worker) = ("\(glance.folder)/tokens.yaml", glance.site.workerIDs[0])
        let moment = Date(timeIntervalSince1970: 1_700_000_000)
        func overwrite(_ text: String, _ file: String) throws {
            let handle = try #require(FileHandle(forWritingAtPath: file))
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
            try FileManager.default.setAttributes([.modificationDate: moment], ofItemAtPath: file)
        }
        let policy = "\(glance.folder)/policy.yaml"
        try "\"get_images\": \"@\"\n".write(toFile: policy, atomically: true, encoding: .utf8)
        let known = try String(contentsOfFile: tokens, encoding: .utf8)
        try overwrite(known, tokens)
        try overwrite("\"get_images\": \"@\"\n", policy)
        #expect(try glance.send("GET", "/v2/images", as: nil, ["X-Auth-Token": "alicf"]).status == 401)
        sleep(2)
        #expect(try glance.send("GET", "/v2/images").status == 200)
        try overwrite(known.replacing("  alice:", with: "  alicf:"), tokens)
        try overwrite("\"get_images\": \"!\"\n", policy)
        sleep(2)
        #expect(try glance.send("GET", "/v2/images").status == 200)
        kill(worker, SIGHUP)
        #expect(try eventually { try glance.send("GET", "/v2/images").status == 401 })
        #expect(try glance.send("GET", "/v2/images", as: nil, ["X-Auth-Token": "alicf"]).status == 403)
        #expect(try glance.workerLog().contains("the rules were read again"))
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGQUIT]) func `that end a program let it finish`(_ number: CInt) throws {
        let glance = try TestGlance(workers: 1)
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: 3))
        try connection.send([1])
        #expect(try eventually { try glance.status(of: image) == "saving" })
        kill(glance.site.workerIDs[0], number)
        // A log reader notices it too: a rename and SIGHUP do not stop work that is being finished.
        kill(glance.site.workerIDs[0], SIGHUP)
        try connection.send([2, 3])
        #expect(try connection.receive().status == 204)
        #expect(eventually { glance.site.workerIDs.isEmpty })
    }

    /// All work of `glance-tasks` is blocked: by locked tables, and by the sources of an import and of a copy.
    @Test func `end glance-tasks within one deadline, however busy it is`() throws {
        let glance = try TestGlance(
            [
                "DEFAULT": "graceful_shutdown_timeout = 3\nenabled_import_methods = web-download",
                "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =",
            ], runsTasks: true, runsRegistry: true)
        let gate = Monitor(false)
        let source = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            guard head.hasPrefix("GET") else { return }
            connection.send("x")
            gate.wait { $0 ? () : nil }
        }
        defer { gate.with { $0 = true } }
        let image = try glance.hasImage()
        let ordered = try glance.send(
            "POST", "/v2/images/\(image)/import", json: #"{"method": {"name": "web-download", "uri": "\#(source.url())"}}"#)
        #expect(ordered.status == 202)
        let copied = try glance.send(
            "POST", "/v1/images", as: .alice, v1Headers.merging(["x-glance-api-copy-from": source.url()]) { $1 })
        #expect(copied.status == 201)
        #expect(eventually { source.heads.count { $0.hasPrefix("GET") } == 2 })
        let holder = try SharedMariaDB.running().connect(to: glance.databaseName)
        let tables = try glance.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = '\(glance.databaseName)'")
        try holder.execute("LOCK TABLES \(tables.map { "\($0[0] ?? "") WRITE" }.joined(separator: ", "))")
        #expect(try eventually { try glance.isWaiting(in: "vitrine_uploads") })
        let tasks = try #require(glance.site.tasksID)
        let began = Date()
        kill(tasks, SIGTERM)
        #expect(eventually { !isRunning(tasks) })
        #expect(Date().timeIntervalSince(began) < 20)
        try holder.execute("UNLOCK TABLES")
    }

    /// Whether a process has ended, even if it was not waited for.
    private func isRunning(_ process: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8), let end = text.lastIndex(of: ")") else {
            return false
        }
        return !text[end...].hasPrefix(") Z")
    }
}
