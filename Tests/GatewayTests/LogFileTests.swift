import Foundation
import TestSupport
import Testing

/// The log file: renamed by others, on a full disk, and rotated by the program.
@Suite(.serialized) struct `The file of the log` {
    private func folder() throws -> String {
        let folder = "\(TestFolder.root)/logs-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    private func contents(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    @Test func `is begun anew when it was renamed, by every program`() throws {
        let folder = try folder()
        let glance = try TestGlance(["DEFAULT": "log_dir = \(folder)"], runsTasks: true, runsRegistry: true)
        #expect(eventually { contents("\(folder)/glance-tasks.log").contains("looks after") })
        for name in ["glance-api", "glance-registry"] {
            #expect(eventually { contents("\(folder)/\(name).log").components(separatedBy: "takes requests").count == 3 })
        }
        for name in ["glance-api", "glance-registry", "glance-tasks"] {
            try FileManager.default.moveItem(atPath: "\(folder)/\(name).log", toPath: "\(folder)/\(name).old")
        }
        for _ in 0..<10 {
            #expect(try glance.send("GET", "/v2/images").status == 200)
            #expect(try glance.send("GET", "/v1/images").status == 200)
        }
        let before = contents("\(folder)/glance-api.old")
        #expect(eventually { contents("\(folder)/glance-api.log").components(separatedBy: "GET /v2/images 200").count == 11 })
        #expect(!before.contains("GET /v2/images 200"))
        #expect(eventually { contents("\(folder)/glance-registry.log").contains("glance.registry.access") })
        // A process that logs nothing opens the new file at the signal.
        let tasks = try #require(glance.site.tasksID)
        kill(tasks, SIGHUP)
        #expect(eventually { FileManager.default.fileExists(atPath: "\(folder)/glance-tasks.log") })
        #expect(eventually { contents("\(folder)/glance-tasks.log").contains("the rules were read again") })
    }

    @Test func `that is full or gone holds up nobody`() throws {
        let full = try TestGlance(["DEFAULT": "log_file = /dev/full"], workers: 1)
        let image = try full.hasActiveImage("hello")
        #expect(try full.send("GET", "/v2/images/\(image)/file").text == "hello")

        let folder = try folder()
        let gone = try TestGlance(["DEFAULT": "log_dir = \(folder)"], workers: 1)
        #expect(try gone.send("GET", "/v2/images").status == 200)
        try FileManager.default.removeItem(atPath: folder)
        #expect(try gone.send("GET", "/v2/images").status == 200)
        // When the folder is back, the file is found again.
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let isFound = try eventually {
            try gone.send("GET", "/v2/images").status == 200 && contents("\(folder)/glance-api.log").contains("GET /v2/images 200")
        }
        #expect(isFound)
    }

    /// Two processes, many threads, one file.
    @Test func `gives way when it has its size, and no line is lost`() throws {
        let folder = try folder()
        let glance = try TestGlance([
            "DEFAULT": "log_dir = \(folder)\nlog_rotation_type = SIZE\nmax_logfile_size_mb = 1\nmax_logfile_count = 9"
        ])
        // The longest id that a client may send, so that few requests fill a file.
        let method = String(repeating: "A", count: 7000)
        let all = 600
        let threads = 4
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for number in 0..<(all / threads) {
                _ = try? glance.send(method, "/v2/images", ["X-Openstack-Request-Id": "req-\(thread)-\(number)-end"])
            }
        }
        func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
        func lines() throws -> [Substring] {
            try files().flatMap { contents("\(folder)/\($0)").split(separator: "\n") }.filter { $0.contains("-end ") }
        }
        #expect(try eventually { try lines().count >= all })
        #expect(try lines().count == all)
        #expect(Set(try lines().map { $0.prefix { $0 != "A" } }).count == all)
        #expect(try files() == ["glance-api.log", "glance-api.log.1", "glance-api.log.2", "glance-api.log.3", "glance-api.log.4"])
        for file in try files() {
            let size = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")[.size] as? Int ?? 0
            // Lines of another process come between the look at the size and the rotation, more of them on a loaded machine.
            #expect(size <= 1 << 20 + 150_000 && (file.hasSuffix(".log") || size > 900_000), "\(file): \(size)")
        }
    }

    @Test func `gives way when its time has come, and the oldest go`() throws {
        let folder = try folder()
        let glance = try TestGlance([
            "DEFAULT": """
            log_dir = \(folder)
            log_rotation_type = interval
            log_rotate_interval_type = seconds
            log_rotate_interval = 1
            max_logfile_count = 2
            """
        ])
        func old() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != "glance-api.log" }.sorted()
        }
        var seen: Set<String> = []
        let haveCome = try eventually {
            _ = try glance.send("GET", "/v2/images")
            seen.formUnion(try old())
            return seen.count >= 4
        }
        #expect(haveCome)
        // The oldest file is removed after the newest has its name.
        #expect(try eventually { try old().count == 2 })
        for name in seen { #expect(name.wholeMatch(of: #/glance-api\.log\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(\.\d+)?/#) != nil, "\(name)") }
    }

    @Test func `shows what would end its lines as what it is`() throws {
        let glance = try TestGlance(workers: 1)
        let tokens = try String(contentsOfFile: "\(glance.folder)/tokens.yaml", encoding: .utf8)
        // The user's name is in every line about them.
        let name = #"m\n2026-01-01 00:00:00.000 1 INFO forged\u0085\u2028\u001b[2J\r\t\u007f"#
        let entry = "  mallory: { user: \"\(name)\", project: acme, roles: [member] }"
        try "\(tokens)\(entry)\n".write(toFile: "\(glance.folder)/tokens.yaml", atomically: true, encoding: .utf8)
        #expect(try eventually { try glance.send("GET", "/v2/images", as: nil, ["X-Auth-Token": "mallory"]).status == 200 })
        // The file has the line in the form in which it is shown.
        #expect(try eventually { try glance.workerLog().contains("\(name) acme") })
        for line in try glance.workerLog().split(whereSeparator: \.isNewline) {
            #expect(line.prefixMatch(of: #/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ [A-Z]+ glance\.\w+ \[/#) != nil, "\(line)")
        }
    }
}
