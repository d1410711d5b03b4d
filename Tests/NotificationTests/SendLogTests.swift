import Foundation
import Glibc
import JSONDocument
import Stack
import TestSupport
import Testing

/// What becomes of the log of what was sent, and of who reads it.
@Suite struct `The log of what was sent` {
    /// Moves every rotated log to the next number, and the log itself to the first, as logrotate does.
    private func rotate(_ log: String, _ most: Int = 9) {
        for number in stride(from: most - 1, through: 1, by: -1) { rename("\(log).\(number)", "\(log).\(number + 1)") }
        rename(log, "\(log).1")
    }

    /// The same by copying and truncating.
    private func copyAndTruncate(_ log: String, _ most: Int = 9) throws {
        for number in stride(from: most - 1, through: 1, by: -1) { rename("\(log).\(number)", "\(log).\(number + 1)") }
        try FileManager.default.copyItem(atPath: log, toPath: "\(log).1")
        truncate(log, 0)
    }

    private func write(_ text: String, to log: String) throws {
        if !FileManager.default.fileExists(atPath: log) { _ = FileManager.default.createFile(atPath: log, contents: nil) }
        let file = try #require(FileHandle(forWritingAtPath: log))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    /// A line as nginx writes it.
    private func line(
        of image: String, bytes: Int = 1, length: Int = 1, status: Int = 200, time: Double = Date().timeIntervalSince1970,
        id: String? = UUID().uuidString, project: String = "acme", user: String = "alice"
    ) -> String {
        let note = #"{\"image\": \"\#(image)\", \"project\": \"\#(project)\", \"user\": \"\#(user)\", \"method\": \"v2\"}"#
        let own = id.map { #","id":"\#($0)""# } ?? ""
        return
            #"{"send":"\#(note)","status":\#(status),"bytes":\#(bytes),"length":"\#(length)","time":"\#(String(format: "%.3f", time))"\#(own)}"#
            + "\n"
    }

    /// A service whose log the test writes itself.
    private func written() throws -> (glance: TestGlance, log: String, image: String) {
        let log = "\(TestFolder.root)/written-\(UInt32.random(in: 0 ... .max)).log"
        let glance = try TestGlance(["vitrine": "send_log = \(log)"])
        return (glance, log, try glance.hasImage())
    }

    private func warnings(_ tasks: Tasks, _ words: String) throws -> Int { try tasks.log().components(separatedBy: words).count - 1 }

    @Test func `loses and doubles nothing, rotated in every way, while its reader is killed`() throws {
        let glance = try TestGlance()
        let log = Site.sendLog(in: glance.folder)
        let id = try glance.hasActiveImage(String(repeating: "x", count: 1000))
        var tasks = try Tasks(of: glance)
        var (bytes, count) = (0, 0)
        func ask(_ times: Int) throws {
            for _ in 0..<times {
                count += 1
                bytes += count
                #expect(try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=0-\(count - 1)"]).body.count == count)
            }
        }
        func isWritten() -> Bool {
            let files = [log] + (1...9).map { "\(log).\($0)" }
            return files.reduce(0) { $0 + (FileManager.default.contents(atPath: $1)?.count { $0 == UInt8(ascii: "\n") } ?? 0) } == count
        }
        try ask(1)
        #expect(try eventually { try glance.use(of: id) == "0 1 0 1" })
        for round in 0..<12 {
            try ask(Int.random(in: 1...12))
            // Copying loses what is written meanwhile, so it waits until nothing is on its way.
            if round % 3 == 2 { #expect(eventually(isWritten)) }
            if round % 4 == 1 { tasks.kill() }
            if round % 3 == 2 {
                try copyAndTruncate(log)
            } else if round % 3 == 1 {
                rotate(log)
                try ask(Int.random(in: 0...3))
                kill(try #require(glance.site.nginxID), SIGUSR1)
                #expect(eventually { FileManager.default.fileExists(atPath: log) })
            }
            if round % 4 == 3 { tasks.kill() }
            try ask(Int.random(in: 0...5))
            if !tasks.isRunning { tasks = try Tasks(of: glance) }
        }
        #expect(eventually(isWritten))
        let expected = "0 \(count) 0 \(bytes)"
        #expect(try eventually { try glance.use(of: id) == expected })
        let (found, said) = (try glance.use(of: id), try tasks.log())
        #expect(found == expected, "\(said)")
        #expect(try glance.useByCaller(of: id) == ["acme alice v2 \(expected)"])
        #expect(try warnings(tasks, "are skipped") == 0)
    }

    @Test func `is read by the reader of each node, to one database`() throws {
        let first = try TestGlance(runsTasks: true)
        let store = "\(first.folder)/images"
        let second = try TestGlance(
            ["database": "connection = \(try SharedMariaDB.running().url(of: first.databaseName))"], storeFolder: store, runsTasks: true)
        let id = try first.hasActiveImage("hello", visibility: "public")
        let others = try (0..<8).map { _ in try first.hasActiveImage("hello", visibility: "public") }
        DispatchQueue.concurrentPerform(iterations: 80) { number in
            let node = number % 2 == 0 ? first : second
            let image = number % 5 == 0 ? id : others[number % others.count]
            let reply = try? node.send("GET", "/v2/images/\(image)/file", as: number % 3 == 0 ? .bob : .alice)
            #expect(reply?.text == "hello")
        }
        func sums(_ table: String) throws -> [[String?]] {
            try first.rows("SELECT SUM(downloads), SUM(bytes) FROM \(table)", columns: 2)
        }
        #expect(try eventually { try sums("vitrine_downloads") == [["80", "400"]] })
        #expect(try sums("vitrine_downloads") == [["80", "400"]])
        #expect(try sums("vitrine_image_use") == [["80", "400"]])
        #expect(try first.use(of: id)?.hasPrefix("16 ") == true)
        let positions = try first.rows("SELECT COUNT(*) FROM vitrine_turns WHERE name LIKE 'sends %' AND position IS NOT NULL")
        #expect(positions == [["2"]])
    }

    @Test func `may have torn, foreign and repeated lines, which are skipped and named once`() throws {
        let (glance, log, image) = try written()
        let good = line(of: image)
        // A line that broke off on a full disk, and right behind it a good one.
        try write(String(line(of: image).prefix(100)) + line(of: image) + good, to: log)
        let tasks = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image) == "2 0 0 2" })
        let foreign = [
            "nonsense", #"{"send":"x"}"#, "127.0.0.1 - - [29/Nov/2026] GET / 200", "\u{0}\u{0}\u{7f}",
            String(repeating: "x", count: 70_000), String(repeating: "y", count: 3_000_000),
            line(of: image, bytes: -1), line(of: image, bytes: .max), line(of: image, time: 3.9e9), line(of: image, time: -5),
            line(of: ""), line(of: String(repeating: "i", count: 37)), line(of: "bild-ü"), #"{"send":"{\"image\": 5}","status":200}"#,
        ]
        for text in foreign { try write(text.hasSuffix("\n") ? text : text + "\n", to: log) }
        // The same requests once more, after a restart of the reader too.
        try write(good + line(of: image) + good, to: log)
        #expect(try eventually { try glance.use(of: image) == "3 0 0 3" })
        // Lines are skipped after those that count.
        #expect(try eventually { try warnings(tasks, "are skipped") >= 1 })
        #expect(try warnings(tasks, "are skipped") == 1)
        #expect(try warnings(tasks, "sends.conf") == 1)
        tasks.kill()
        try write(good + line(of: image), to: log)
        let next = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image) == "4 0 0 4" })
        #expect(try eventually { try warnings(next, "1 lines of") == 1 })
    }

    @Test func `never fails as a whole for a line that the database cannot take`() throws {
        let (glance, log, image) = try written()
        let long = String(repeating: "𝕃", count: 300)
        try write(
            line(of: image, project: long, user: long) + line(of: UUID().uuidString) + line(of: "no-uuid")
                + (0..<10).map { _ in line(of: image, bytes: 1 << 50, length: 1 << 50, user: "big") }.joined() + line(of: image, id: nil),
            to: log)
        let tasks = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image)?.hasPrefix("12 ") == true })
        // Images that are not there count by day, and leave nothing that would stay for ever.
        #expect(try glance.rows("SELECT COUNT(*) FROM vitrine_image_use") == [["1"]])
        #expect(try glance.rows("SELECT COUNT(*) FROM vitrine_downloads WHERE image_id <> '\(image)'") == [["2"]])
        let lengths = try glance.rows(
            "SELECT CHAR_LENGTH(project), CHAR_LENGTH(user) FROM vitrine_downloads WHERE user LIKE '𝕃%'", columns: 2)
        #expect(lengths == [["255", "255"]])
        // Sums beyond a column stay where they are, and hold nothing up.
        try write((0..<9000).map { _ in line(of: image, bytes: 1 << 50, length: 1 << 50, user: "big") }.joined(), to: log)
        try write(line(of: image, user: "last"), to: log)
        #expect(try eventually { try glance.useByCaller(of: image).contains("acme last v2 1 0 0 1") })
        #expect(try glance.use(of: image)?.hasPrefix("9013 ") == true)
        withExtendedLifetime(tasks) {}
    }

    @Test func `gives each line to its own day`() throws {
        let (glance, log, image) = try written()
        // The last moment of a day, and the first of the next, in UTC.
        let midnight = 1_795_910_400.0
        let times = [midnight - 0.001, midnight, midnight - 86_400 * 300]
        try write(times.map { line(of: image, time: $0) }.joined(), to: log)
        let tasks = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image) == "3 0 0 3" })
        let days = try glance.rows("SELECT CONCAT(day), CONCAT(last_at) FROM vitrine_downloads ORDER BY day", columns: 2)
        #expect(
            days == [
                ["2026-02-02", "2026-02-02 00:00:00.000000"], ["2026-11-28", "2026-11-28 23:59:59.999000"],
                ["2026-11-29", "2026-11-29 00:00:00.000000"],
            ])
        withExtendedLifetime(tasks) {}
    }

    @Test func `is read from several rotated files after an absence`() throws {
        let (glance, log, image) = try written()
        func add(_ count: Int) throws { for _ in 0..<count { try write(line(of: image), to: log) } }
        try add(1)
        let tasks = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image) == "1 0 0 1" })
        tasks.kill()
        for count in [2, 3, 4] {
            try add(count)
            rotate(log)
        }
        try add(5)
        let next = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image) == "15 0 0 15" })
        #expect(try warnings(next, "WARNING") == 0)
    }

    @Test func `is said to be lost where it was packed before it was read`() throws {
        let (glance, log, image) = try written()
        func add(_ count: Int) throws { for _ in 0..<count { try write(line(of: image), to: log) } }
        try add(1)
        let tasks = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image) == "1 0 0 1" })
        tasks.kill()
        // These two are lost; a file of the days before was read long ago.
        try add(2)
        rename(log, "\(log).2.gz")
        try write(line(of: image, time: 1_700_000_000), to: "\(log).9")
        var old = [timespec(tv_sec: 1_700_000_000, tv_nsec: 0), timespec(tv_sec: 1_700_000_000, tv_nsec: 0)]
        utimensat(AT_FDCWD, "\(log).9", &old, 0)
        try add(3)
        rotate(log)
        try add(4)
        let next = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image) == "8 0 0 8" })
        #expect(try warnings(next, "is lost to use and notifications") == 1)
    }

    @Test func `goes on where the release before stood`() throws {
        let (glance, log, image) = try written()
        let (first, second) = (line(of: image, id: nil), line(of: image, id: nil))
        try write(first + second, to: log)
        var status = stat()
        #expect(stat(log, &status) == 0)
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try glance.execute(
            "INSERT INTO vitrine_turns VALUES ('sends \(host):\(log)', 'x', '2020-01-01', '\(status.st_ino) \(first.utf8.count)')")
        let tasks = try Tasks(of: glance)
        #expect(try eventually { try glance.use(of: image) != nil })
        #expect(try glance.use(of: image) == "1 0 0 1")
        let positions = try glance.rows("SELECT position FROM vitrine_turns WHERE name LIKE 'sends %'")
        #expect(positions.first?.first??.hasPrefix("\(status.st_ino) \(first.utf8.count + second.utf8.count) ") == true)
        withExtendedLifetime(tasks) {}
    }

    @Test func `need not be there, and is asked for once`() throws {
        let (glance, log, image) = try written()
        let tasks = try Tasks(of: glance)
        #expect(try eventually { try warnings(tasks, "is not there: nginx writes it") == 1 })
        try write(line(of: image), to: log)
        #expect(try eventually { try glance.use(of: image) == "1 0 0 1" })
        #expect(try warnings(tasks, "is not there: nginx writes it") == 1)
    }
}
