import Foundation
import TestSupport
import Testing

/// Addresses that no server can have: programs refuse them before they begin, and name the option.
@Suite struct `An option that holds an address` {
    /// A wrong line of a configuration, and what a program says of it.
    struct Wrong: Sendable, CustomTestStringConvertible {
        var program = "glance-api"
        let group: String
        let lines: String
        let option: String
        var reason = "the port is no number from 1 to 65535"

        var testDescription: String { "\(program) [\(group)] \(lines)" }
    }

    private static let host = "the host is neither a name nor an address"
    private static let keystone =
        "username = glance\npassword = topsecret\nproject_name = service\nuser_domain_id = default\nproject_domain_id = default"

    static let wrong: [Wrong] = [
        Wrong(group: "DEFAULT", lines: "public_endpoint = https://h:99999", option: "public_endpoint: 'https://h:99999'"),
        Wrong(group: "DEFAULT", lines: "public_endpoint = https://h..x", option: "public_endpoint: 'https://h..x'", reason: host),
        Wrong(group: "DEFAULT", lines: "registry_host = h:9191", option: "registry_host: 'h:9191'", reason: "without a port"),
        Wrong(group: "DEFAULT", lines: "registry_host = a b", option: "registry_host: 'a b'", reason: host),
        Wrong(group: "DEFAULT", lines: "registry_port = 99999", option: "registry_port", reason: "from 1 to 65535"),
        Wrong(group: "keystone_authtoken", lines: "auth_url = http://h:99999/v3\n\(keystone)", option: "auth_url: 'http://h:99999/v3'"),
        Wrong(
            group: "keystone_authtoken", lines: "auth_url = http://[::g]/v3\n\(keystone)", option: "auth_url: 'http://[::g]/v3'",
            reason: host),
        Wrong(
            group: "keystone_authtoken", lines: "auth_url = http://u:topsecret@h:x/v3\n\(keystone)", option: "auth_url: is no address"),
        Wrong(group: "barbican", lines: "barbican_endpoint = https://h:123456", option: "barbican_endpoint: 'https://h:123456'"),
        Wrong(group: "vitrine", lines: "metrics_listen = 127.0.0.1:99999", option: "metrics_listen: '127.0.0.1:99999'", reason: "65535"),
        Wrong(
            program: "glance-tasks", group: "vitrine", lines: "metrics_listen = 127.0.0.1", option: "metrics_listen: '127.0.0.1'",
            reason: "host:port"),
        Wrong(group: "database", lines: "connection = mysql://u:topsecret@h:99999/d", option: "connection", reason: "the port"),
        Wrong(group: "database", lines: "connection = mysql://u:topsecret@h..x/d", option: "connection", reason: "host"),
        Wrong(group: "database", lines: "connection = mysql://u:topsecret@[::g]/d", option: "connection", reason: "host"),
        Wrong(
            program: "glance-tasks", group: "oslo_messaging_notifications",
            lines: "driver = messagingv2\ntransport_url = rabbit://u:topsecret@h:99999/", option: "transport_url",
            reason: "from 1 to 65535"),
        Wrong(
            program: "glance-tasks", group: "oslo_messaging_notifications",
            lines: "driver = messagingv2\ntransport_url = rabbit://u:topsecret@h..x:5672/", option: "transport_url",
            reason: "addresses of hosts"),
        Wrong(
            group: "import_filtering_opts", lines: "allowed_ports = [80,99999]", option: "allowed_ports: '99999'", reason: "from 1 to 65535"
        ),
        Wrong(group: "import_filtering_opts", lines: "allowed_ports = [+80]", option: "allowed_ports: '+80'", reason: "from 1 to 65535"),
        Wrong(
            group: "healthcheck", lines: "backends = disable_by_files_ports\ndisable_by_file_paths = 99999:/x",
            option: "disable_by_file_paths: '99999:/x'", reason: "from 1 to 65535"),
        Wrong(
            group: "glance_store", lines: "stores = file,http\nhttp_proxy_information = http:h:99999", option: "http_proxy_information"),
        Wrong(
            group: "glance_store", lines: "stores = file,vmware\nvmware_server_host = h:99999", option: "vmware_server_host: 'h:99999'"),
    ]

    @Test(arguments: wrong) func `is refused at the start if no server can have it`(_ wrong: Wrong) throws {
        let folder = "\(TestFolder.root)/address-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: "\(folder)/images", withIntermediateDirectories: true)
        let configuration = """
            [database]
            connection = mysql+pymysql://nobody@127.0.0.1:1/nothing
            [paste_deploy]
            flavor = \(wrong.group == "keystone_authtoken" ? "keystone" : "")
            [DEFAULT]
            enable_v1_api = true
            [vitrine]
            registry_secret = 0123456789abcdef0123456789abcdef
            [glance_store]
            filesystem_store_datadir = \(folder)/images
            [\(wrong.group)]
            \(wrong.lines)
            """
        try configuration.write(toFile: "\(folder)/glance.conf", atomically: true, encoding: .utf8)
        let command = try Command("\(TestGlance.programs)/\(wrong.program)", ["--config-file", "\(folder)/glance.conf"], limit: 30)
        let said = command.text + command.errors
        #expect(command.status == 1, "\(command.status): \(said)")
        #expect(said.contains(wrong.option) && said.contains(wrong.reason) && !said.contains("topsecret"), "\(said)")
    }

    /// Glance starts with any text there.
    @Test func `is named in the log where other programs alone need it`() throws {
        let glance = try TestGlance(["DEFAULT": "worker_self_reference_url = node-1"], workers: 1)
        #expect(try eventually { try glance.workerLog().contains("takes requests") })
        #expect(try eventually { try glance.workerLog().contains("worker_self_reference_url: 'node-1' is no address of the form") })
        #expect(try glance.names().isEmpty)
    }
}
