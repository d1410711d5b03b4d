import Foundation
import TestSupport
import Testing

/// The files and commands of deployment tools, rewritten: the service starts with them and works, and its warnings are justified.
@Suite(.serialized, .sharesServices) struct DeploymentTests {
    static let keystone = Shared { try Keystone(imageAddress: "http://127.0.0.1:9292") }

    @Test(arguments: ["charm", "devstack", "kolla", "openstack-ansible", "openstack-helm", "operator", "puppet"])
    func `a tool's files and commands work as they are`(tool: String) throws {
        let keystone = try Self.keystone.get()
        let deployment = try Deployment(tool, keystone: keystone)
        defer { deployment.stop() }
        for step in try deployment.steps() {
            let ran = try deployment.run(step)
            #expect(ran.status == step.status, "\(step): \(ran.errors)\(ran.text)")
        }
        try deployment.start()

        let token = try keystone.token(of: .alice)
        let data = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let json = #"{"name": "disk", "disk_format": "raw", "container_format": "bare"}"#
        let created = try deployment.ask("POST", "/v2/images", token: token, ["Content-Type": "application/json"], body: Array(json.utf8))
        #expect(created.status == 201, "\(created.text)")
        let image = try #require(created.json["id"]?.string)
        let octets = ["Content-Type": "application/octet-stream"]
        #expect(try deployment.ask("PUT", "/v2/images/\(image)/file", token: token, octets, body: data).status == 204)
        #expect(try deployment.ask("GET", "/v2/images/\(image)/file", token: token).body.isSame(as: data))

        // Staged by glance-api, imported by glance-tasks.
        let staged = try deployment.ask("POST", "/v2/images", token: token, ["Content-Type": "application/json"], body: Array(json.utf8))
        let second = try #require(staged.json["id"]?.string)
        #expect(try deployment.ask("PUT", "/v2/images/\(second)/stage", token: token, octets, body: data).status == 204)
        let order = Array(#"{"method": {"name": "glance-direct"}}"#.utf8)
        let ordered = try deployment.ask(
            "POST", "/v2/images/\(second)/import", token: token, ["Content-Type": "application/json"], body: order)
        #expect(ordered.status == 202, "\(ordered.text)")
        #expect(
            eventually {
                (try? deployment.ask("GET", "/v2/images/\(second)", token: token))?.json["status"]?.string == "active"
            })
        for id in [image, second] { #expect(try deployment.ask("DELETE", "/v2/images/\(id)", token: token).status == 204) }
        #expect(try deployment.ask("GET", "/v2/images/\(image)", token: token).status == 404)

        deployment.stop()
        let (said, warnings) = (try deployment.said(), try deployment.warnings())
        for line in said { #expect(warnings.contains { line.contains($0.drop(while: "? ".contains)) }, "not in \(tool)/warnings: \(line)") }
        for warning in warnings where !warning.hasPrefix("?") {
            #expect(said.contains { $0.contains(warning) }, "never said: \(warning)")
        }
    }
}
