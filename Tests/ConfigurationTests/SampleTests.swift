import Foundation
import JSONDocument
import TestSupport
import Testing

/// The service starts with the configurations that operators have.
@Suite struct `A configuration of an operator's` {
    /// The namespaces of Glance's own `oslo-config-generator/glance-api.conf`, without os_brick, which Glance from PyPI lacks.
    static let namespaces = [
        "castellan.config", "glance.api", "glance.store", "glance.multi_store", "oslo.concurrency", "oslo.messaging", "oslo.db",
        "oslo.policy",
        "keystonemiddleware.auth_token", "oslo.limit", "oslo.log", "oslo.middleware.cors", "oslo.middleware.healthcheck",
        "oslo.middleware.http_proxy_to_wsgi", "oslo.reports",
    ]

    /// The sample with every option uncommented; `<None>`, which stands for no value, is removed.
    private static func sample() throws -> String {
        let text = try PyPIGlance.run("oslo-config-generator", namespaces.flatMap { ["--namespace", $0] }).succeeded().text
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.firstMatch(of: /^#([a-z][a-z0-9_]*) = ?(.*)$/).map { "\($0.1) = \($0.2 == "<None>" ? "" : $0.2)" } ?? String(line)
        }.joined(separator: "\n")
    }

    @Test func `with everything in it starts, and each line is used or said to be unused`() throws {
        let sample = try Self.sample()
        let lines = sample.split(separator: "\n").filter { $0.first.map { $0 != "#" && $0 != "[" } == true }
        #expect(lines.count > 450)
        // Values of the sample that no machine has are overridden, as an operator does.
        let glance = try TestGlance(
            ["paste_deploy": "flavor =", "oslo_policy": "policy_file =", "healthcheck": "disable_by_file_path ="], before: sample,
            runsTasks: true)
        let id = try glance.hasActiveImage("a sample")
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "a sample")
        let log = try glance.workerLog()
        #expect(!log.contains("unknown option"), "\(log.split(separator: "\n").filter { $0.contains("unknown option") })")
        #expect(log.contains("[glance_store] swift_store_use_trusts is an option of Glance's that has no effect here"))
        #expect(log.contains("[DEFAULT] pydev_worker_debug_port is an option of Glance's that has no effect here"))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
    }

    /// Lists in brackets and quotes, names of older releases, empty numbers, a broker that does not exist.
    static let older = [
        "DEFAULT": """
        enabled_import_methods = ["glance-direct", 'web-download']
        disk_formats = raw,qcow2
        known_stores = glance.store.filesystem.Store, glance.store.http.Store,
        default_store = filesystem
        workers =
        image_size_cap =
        hashing_algorithm = sha3_512
        notification_driver = messagingv2
        transport_url = kafka://user:s3cret@broker-1:9092,user:s3cret@broker-2:9092
        publisher =
        """,
        "image_import_opts": "image_import_plugins = ['no_op', \"inject_image_metadata\"]",
        "inject_metadata_properties": "inject = flavour : sweet, hint:a:b\nignore_user_roles = [admin]",
        "image_format": "require_image_format_match =",
        "keystone_authtoken": "auth_uri = http://keystone.example:5000",
    ]

    @Test func `of an older release starts, and means what it meant`() throws {
        let glance = try TestGlance(Self.older, runsTasks: true)
        let schema = try glance.send("GET", "/v2/schemas/image").json["properties"]?["disk_format"]?["enum"]?.array
        #expect(schema?.compactMap(\.string) == ["raw", "qcow2"])
        let methods = try glance.send("GET", "/v2/info/import").json["import-methods"]?["value"]?.array
        #expect(methods?.compactMap(\.string) == ["glance-direct", "web-download"])
        let id = try glance.hasActiveImage("hello")
        let image = try glance.image(id)
        #expect(image["os_hash_algo"] == "sha3_512")
        #expect(image["os_hash_value"]?.string == (try Oslo.answer("digests", [])["sha3_512"]?.string))
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
        let imported = try glance.hasImage()
        #expect(
            try glance.send(
                "PUT", "/v2/images/\(imported)/stage", as: .alice, ["Content-Type": "application/octet-stream"], body: Array("hi".utf8)
            ).status == 204)
        let order = #"{"method": {"name": "glance-direct"}}"#
        #expect(try glance.send("POST", "/v2/images/\(imported)/import", json: order).status == 202)
        #expect(try eventually { try glance.status(of: imported) == "active" })
        #expect(try glance.image(imported)["flavour"] == "sweet")
        #expect(try glance.image(imported)["hint"] == "a:b")
        let log = try glance.workerLog()
        for (former, current) in [
            ("disk_formats", "Use option \"disk_formats\" from group \"image_format\"."),
            ("known_stores", "Use option \"stores\" from group \"glance_store\"."),
            ("auth_uri", "Use option \"www_authenticate_uri\" from group \"keystone_authtoken\"."),
        ] {
            #expect(log.contains("Deprecated: Option \"\(former)\" from group"))
            #expect(log.contains(current))
        }
        #expect(log.contains("unknown option [DEFAULT] publisher\n"))
        #expect(!log.contains("is not supported"))
        // Notifications for a broker that does not exist are lines of the log, without its password.
        let tasks = "\(glance.folder)/log/glance-tasks.log"
        #expect(
            try eventually { try String(contentsOfFile: tasks, encoding: .utf8).contains("oslo.messaging.notification.image.activate") })
        let said = try String(contentsOfFile: tasks, encoding: .utf8)
        #expect(said.contains("the transport 'kafka' is not here, only rabbit is; notifications go to this log"))
        #expect(!said.contains("s3cret") && !log.contains("s3cret"))
    }

    /// Source: the entry points of glance_store, which `enabled_backends` uses too.
    @Test func `that names the kinds of several stores by their classes starts`() throws {
        let glance = try TestGlance(
            ["DEFAULT": "enabled_backends = fast:glance.store.filesystem.Store, web : glance.store.http.Store"], workers: 1,
            stores: ["fast"])
        let id = try glance.hasActiveImage("hello")
        #expect(try glance.image(id)["stores"] == "fast")
        let stores = try glance.send("GET", "/v2/info/stores").json["stores"]?.array
        #expect(stores?.map { $0["id"]?.string } == ["fast", "web"])
    }

    @Test(arguments: ["shake_128", "nosuch", "null"]) func `that no image could be hashed by does not start`(_ algorithm: String) throws {
        let glance = try TestGlance(["DEFAULT": "hashing_algorithm = \(algorithm)"], workers: 1)
        #expect(try eventually { try glance.workerLog().contains("[DEFAULT] hashing_algorithm: '\(algorithm)' is not known") })
    }
}
