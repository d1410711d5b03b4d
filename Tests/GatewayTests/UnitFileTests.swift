import Foundation
import TestSupport
import Testing

/// The units in `deploy/systemd`, unchanged.
@Suite struct `The units that are shipped` {
    private static let services = ["glance-api@", "glance-registry@", "glance-tasks"]

    private func settings(of service: String) throws -> [String: String] {
        let text = try String(contentsOfFile: "\(TestGlance.repository)deploy/systemd/\(service).service", encoding: .utf8)
        let lines = text.components(separatedBy: "[Service]")[1].components(separatedBy: "[Install]")[0].split(separator: "\n")
        return lines.filter { !$0.hasPrefix("#") }.reduce(into: [:]) { settings, line in
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            settings[parts[0]] = parts.count == 2 ? parts[1] : ""
        }
    }

    @Test func `confine and limit all services alike`() throws {
        let own: Set = ["ExecStart", "Sockets", "SupplementaryGroups"]
        let common = try Self.services.map { try settings(of: $0).filter { !own.contains($0.key) } }
        #expect(common[0] == common[1] && common[0] == common[2])
        #expect(common[0]["LimitNOFILE"] != nil && common[0]["NoNewPrivileges"] == "true")
        #expect(common[0]["ExecReload"] == "/bin/kill -HUP $MAINPID")
        // Only glance-tasks reads nginx's logs.
        #expect(try Self.services.map { try settings(of: $0)["SupplementaryGroups"] }.compactMap(\.self) == ["adm"])
        #expect(try settings(of: "glance-tasks")["SupplementaryGroups"] == "adm")
        // They name a folder that they share and keep, which is not /tmp.
        #expect(common[0]["PrivateTmp"] == "true" && common[0]["StateDirectory"] == "glance")
        // They share what they count, and none takes it away when it stops; nor the sockets, which are in the folder above.
        #expect(common[0]["RuntimeDirectory"] == "vitrine/metrics" && common[0]["RuntimeDirectoryPreserve"] == "yes")
        // More than graceful_shutdown_timeout, whose default is 60 s.
        #expect((common[0]["TimeoutStopSec"].flatMap { Int($0) } ?? 0) > 60)
    }

    @Test func `wait for the word that a program is ready, and do not start it without end`() throws {
        for service in Self.services {
            #expect(try settings(of: service)["Type"] == "notify")
            let text = try String(contentsOfFile: "\(TestGlance.repository)deploy/systemd/\(service).service", encoding: .utf8)
            let unit = text.components(separatedBy: "[Service]")[0]
            #expect(unit.contains("StartLimitIntervalSec=120") && unit.contains("StartLimitBurst=8"))
        }
    }

    /// The command lines of the units: a program that accepts one looks for its configuration, and finds none.
    @Test func `start programs with words that they know`() throws {
        for service in Self.services {
            let line = try #require(try settings(of: service)["ExecStart"]).split(separator: " ").map(String.init)
            let program = "\(TestGlance.programs)\((line[0] as NSString).lastPathComponent)"
            let home = "\(TestFolder.root)/no-home-\(service)"
            let script = "mount -t tmpfs none /etc && mount -t tmpfs none /var/lib && exec \"$@\""
            let said = try Command(
                "unshare", ["--mount", "sh", "-c", script, "sh", program] + line.dropFirst(),
                environment: ["PATH": "/usr/bin:/bin", "HOME": home])
            #expect(said.status == 1, "\(service): \(said.errors)")
            #expect(said.errors.contains("is not set"), "\(service): \(said.errors)")
        }
    }
}
