import Foundation
import Stack
import TestSupport
import Testing

/// A service whose metrics are served.
private final class Measured {
    let glance: TestGlance
    let port: Int
    var metricsFolder: String { "\(glance.folder)/metrics" }

    init(_ options: [String: String] = [:], listen: Int? = nil, workers: Int = 2, runsTasks: Bool = true, runsRegistry: Bool = true) throws
    {
        port = try listen ?? freePort()
        var options = options
        let folder = "\(TestFolder.root)/node-\(UInt32.random(in: 0 ... .max))"
        options["vitrine", default: ""] += "\nmetrics_listen = 127.0.0.1:\(port)\nmetrics_folder = \(folder)"
        glance = try TestGlance(options, workers: workers, runsTasks: runsTasks, runsRegistry: runsRegistry)
        self.folder = folder
        try glance.site.waitUntilReady()
    }

    let folder: String

    /// The samples of a scrape, by their names with labels as they stand there.
    func samples() throws -> [String: Double] {
        let connection = try HTTPConnection(port: port)
        try connection.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        var samples: [String: Double] = [:]
        for line in try connection.receive().text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                throw Unexpected(String(line))
            }
            samples[String(line[..<space])] = value
        }
        return samples
    }

    /// The sum of a metric's samples whose labels contain all of some texts.
    func sum(_ name: String, _ labels: String...) throws -> Double {
        try samples().filter { sample in
            sample.key.prefix { $0 != "{" } == name && labels.allSatisfy { sample.key.contains($0) }
        }.values.reduce(0, +)
    }

    func isEventually(_ value: Double, _ name: String, _ label: String) throws -> Bool {
        try eventually { try sum(name, label) == value }
    }
}

@Suite(.serialized) struct `Metrics of the service` {
    @Test func `tell exactly how many requests of each route there were`() throws {
        let measured = try Measured()
        let glance = measured.glance
        let id = try glance.hasActiveImage("hello")
        for _ in 0..<20 { #expect(try glance.send("GET", "/v2/images/\(id)").status == 200) }
        for _ in 0..<5 { #expect(try glance.send("HEAD", "/v2/images/\(id)").status == 200) }
        for _ in 0..<7 { #expect(try glance.send("GET", "/v2/images/nonsense").status == 404) }
        for _ in 0..<3 { #expect(try glance.send("GET", "/v2/images/\(id)", as: nil).status == 401) }
        for _ in 0..<4 { #expect(try glance.send("GET", "/v1/images/\(id)").status == 200) }
        for _ in 0..<2 { #expect(try glance.send("BREW", "/v2/pot").status == 501) }
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")

        let route = #"route="/v2/images/{image}""#
        #expect(try measured.isEventually(20, "vitrine_http_requests_total", #"{api="v2",method="GET",\#(route),status_class="2xx"}"#))
        #expect(try measured.isEventually(5, "vitrine_http_requests_total", #"{api="v2",method="HEAD",\#(route),status_class="2xx"}"#))
        #expect(try measured.isEventually(7, "vitrine_http_requests_total", #"{api="v2",method="GET",\#(route),status_class="4xx"}"#))
        // They matched no route: who nobody knows is not told whether there is one.
        #expect(
            try measured.isEventually(3, "vitrine_http_requests_total", #"{api="other",method="GET",route="other",status_class="4xx"}"#))
        #expect(
            try measured.isEventually(2, "vitrine_http_requests_total", #"{api="other",method="other",route="other",status_class="5xx"}"#))
        #expect(try measured.isEventually(4, "vitrine_http_requests_total", #"api="v1",method="GET",route="/v1/images/{image}""#))
        #expect(try eventually { try measured.sum("vitrine_http_requests_total", #"api="registry""#) >= 4 })
        #expect(try measured.isEventually(20, "vitrine_http_request_duration_seconds_count", #"method="GET",\#(route),status_class="2xx""#))
        #expect(try measured.isEventually(1, "vitrine_uploads_total", #"{by="v2",end="whole"}"#))
        #expect(try measured.isEventually(5, "vitrine_uploaded_bytes_total", #"{by="v2"}"#))
        #expect(try measured.isEventually(5, "vitrine_downloads_total", #"{sender="nginx",end="begun"}"#))
        #expect(try measured.isEventually(5, "vitrine_http_request_body_bytes_total", #"{pool="data"}"#))
        #expect(try measured.isEventually(0, "vitrine_http_requests_in_flight", ""))
        #expect(try measured.sum("vitrine_http_threads", "pool=\"metadata\"") == 12)
        #expect(try measured.sum("vitrine_processes", "glance-api") == 2)
        #expect(try measured.sum("vitrine_processes", "glance-tasks") == 1)
        // No name, id or address of a client is a label.
        #expect(try !measured.samples().keys.contains { $0.contains(id) || $0.contains("nonsense") || $0.contains("BREW") })
    }

    @Test func `count on when processes are killed, and what they had in flight is gone`() throws {
        let measured = try Measured()
        let glance = measured.glance
        let id = try glance.hasImage()
        var asked = 0
        for round in 0..<4 {
            for _ in 0..<10 where try glance.send("GET", "/v2/images/\(id)").status == 200 { asked += 1 }
            // An upload that stands still when its worker is killed.
            let upload = try HTTPConnection(port: glance.port)
            try upload.send(
                glance.head(
                    "PUT", "/v2/images/\(try glance.hasImage())/file", .alice, ["Content-Type": "application/octet-stream"], length: 100))
            try upload.send("half")
            #expect(try eventually { try measured.sum("vitrine_http_requests_in_flight", "pool=\"data\"") >= 1 })
            #expect(try measured.isEventually(Double(asked), "vitrine_http_requests_total", #"method="GET",route="/v2/images/{image}""#))
            let ids = glance.site.workerIDs
            for id in ids { kill(id, SIGKILL) }
            if round == 2 { kill(try #require(glance.site.tasksID), SIGKILL) }
            #expect(
                try eventually {
                    try glance.site.revive(); return glance.site.workerIDs.filter { !ids.contains($0) }.count == 2
                })
            try glance.site.waitUntilReady()
            withExtendedLifetime(upload) {}
        }
        #expect(try measured.isEventually(Double(asked), "vitrine_http_requests_total", #"method="GET",route="/v2/images/{image}""#))
        #expect(try measured.isEventually(8, "vitrine_process_ends_total", "glance-api"))
        #expect(try measured.isEventually(1, "vitrine_process_ends_total", "glance-tasks"))
        #expect(try measured.isEventually(0, "vitrine_http_requests_in_flight", "pool=\"data\""))
        let files = try FileManager.default.contentsOfDirectory(atPath: measured.folder).filter { $0.hasSuffix(".metrics") }
        #expect(files.count == 2 + 2 + 1, "\(files)")
    }

    @Test func `are not missed where the folder or the port cannot be used`() throws {
        let taken = try Measured(runsRegistry: false)
        let log = { (glance: TestGlance) in try String(contentsOfFile: "\(glance.folder)/log/glance-tasks.log", encoding: .utf8) }
        let second = try Measured(listen: taken.port, runsRegistry: false)
        #expect(try second.glance.send("GET", "/v2/images").status == 200)
        let lines = try log(second.glance).split(separator: "\n").filter { $0.contains("GET /metrics is not answered") }
        #expect(lines.count == 1 && lines[0].contains("Address already in use") && lines[0].contains("ERROR"), "\(lines)")

        let glance = try TestGlance(["vitrine": "metrics_listen = 127.0.0.1:\(try freePort())\nmetrics_folder = /proc/none"], workers: 1)
        try glance.site.waitUntilReady()
        #expect(try glance.send("GET", "/v2/images").status == 200)
        let warnings = try glance.workerLog().split(separator: "\n").filter { $0.contains("no metrics are counted") }
        #expect(warnings.count == 1 && warnings[0].contains("WARNING") && warnings[0].contains("/proc/none"), "\(warnings)")
    }

    @Test func `are counted nowhere where they are not wanted`() throws {
        let glance = try TestGlance(["vitrine": "metrics_folder = \(TestFolder.root)/unwanted"], workers: 1)
        try glance.site.waitUntilReady()
        #expect(try glance.send("GET", "/v2/images").status == 200)
        #expect(!FileManager.default.fileExists(atPath: "\(TestFolder.root)/unwanted"))
    }

    @Test func `do not wait for readers that never read, and no request does`() throws {
        let measured = try Measured(workers: 1, runsRegistry: false)
        let deaf = try (0..<100).map { number in
            let connection = try HTTPConnection(port: measured.port)
            if number % 2 == 0 { try connection.send("GET /metrics HTTP/1.1\r\n\r\n") }
            return connection
        }
        for _ in 0..<10 {
            #expect(try measured.glance.send("GET", "/v2/images").status == 200)
            #expect(try measured.samples()["vitrine_processes{program=\"glance-api\"}"] == 1)
        }
        withExtendedLifetime(deaf) {}
    }
}
