import Foundation
import TestSupport
import Testing

/// `deploy/systemd` as it lies there.
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
        let common = try Self.services.map { try settings(of: $0).filter { !["ExecStart", "Sockets"].contains($0.key) } }
        #expect(common[0] == common[1] && common[0] == common[2])
        #expect(common[0]["LimitNOFILE"] != nil && common[0]["NoNewPrivileges"] == "true")
        #expect(common[0]["ExecReload"] == "/bin/kill -HUP $MAINPID")
        // More than graceful_shutdown_timeout, whose default is 60 s.
        #expect((common[0]["TimeoutStopSec"].flatMap { Int($0) } ?? 0) > 60)
    }
}
