import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

/// What clients see of a service with a swift store beside a file store.
@Suite(.serialized, .sharesServices) struct `A service with a swift store` {
    private static let shared = Shared<(glance: TestGlance, login: SwiftLogin, container: String)?> {
        guard let login = try SwiftEngine.login(), case .user(let user, let key) = login.identity else { return nil }
        let container = SwiftEngine.freshContainer()
        let references = "\(TestFolder.root)/\(container).refs"
        try "[ceph]\nauth_address = \(login.address)\nuser = \(user)\nkey = \(key)\nauth_version = 1\n"
            .write(toFile: references, atomically: true, encoding: .utf8)
        let swift = """
            swift_store_config_file = \(references)
            default_swift_reference = ceph
            swift_store_container = \(container)
            swift_store_create_container_on_put = true
            """
        let glance = try TestGlance(
            ["DEFAULT": "enabled_backends = fast:file, far:swift", "far": swift, "glance_store": "default_backend = fast"],
            before: "[fast]\nfilesystem_store_datadir = \(TestFolder.root)/\(container)", runsTasks: true,
            remotes: [("/_blobs/.remote/far", nil)])
        return (glance, login, container)
    }

    @Test func `takes, sends and deletes an image in it, and shows no key`() throws {
        guard let (glance, login, container) = try Self.shared.get() else { return }
        let image = bytes(20_000_000)
        let id = try glance.hasImage()
        #expect(try glance.upload(image, to: id, ["X-Image-Meta-Store": "far"]).status == 204)
        #expect(try glance.image(id)["stores"]?.string == "far")
        let whole = try glance.send("GET", "/v2/images/\(id)/file")
        #expect(whole.status == 200 && whole.body == image)
        let part = try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=16777210-16777220"])
        #expect(part.status == 206 && part.body.isSame(as: Array(image[16_777_210...16_777_220])))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try eventually { try SwiftObjects(login, container: container).names().isEmpty })
        #expect(try !glance.workerLog().contains("glance-swift-key"))
    }

    @Test func `copies an image to it and describes it`() throws {
        guard let (glance, _, container) = try Self.shared.get() else { return }
        let id = try glance.hasActiveImage()
        let reply = try glance.send(
            "POST", "/v2/images/\(id)/import", as: .admin, json: #"{"method": {"name": "copy-image"}, "stores": ["far"]}"#)
        #expect(reply.status == 202)
        #expect(try eventually { try glance.image(id)["stores"]?.string == "fast,far" })
        let stores = try glance.send("GET", "/v2/info/stores/detail", as: .admin).json["stores"]?.array
        let far = stores?.first { $0["id"]?.string == "far" }
        #expect(far?["type"]?.string == "swift")
        #expect(
            far?["properties"] == [
                "container": .string(container), "large_object_size": 5_242_880_000, "large_object_chunk_size": 204_800_000,
            ])
    }

    @Test(
        arguments: [
            ("swift_store_multi_tenant = true", "swift_store_multi_tenant: is not supported"),
            ("", "swift_store_config_file: is not set, nor is swift_store_auth_address"),
            ("swift_store_auth_address = http://x\nswift_store_user = a:b", "user and key are not both set"),
            ("swift_store_auth_address = http://x\nswift_store_user = ab\nswift_store_key = k", "not of the form project:user"),
            ("swift_store_config_file = /nowhere", "/nowhere cannot be read"),
        ])
    func `does not start with`(_ options: String, _ reason: String) throws {
        let path = "\(TestFolder.root)/swift-\(UInt32.random(in: 0 ... .max)).conf"
        try
            "[database]\nconnection = mysql+pymysql://nobody@127.0.0.1:1/nothing\n[glance_store]\nstores = swift\ndefault_store = swift\n\(options)\n"
            .write(toFile: path, atomically: true, encoding: .utf8)
        let command = try Command("\(TestGlance.programs)/glance-tasks", ["--config-file", path], limit: 30)
        #expect(command.status != 0)
        #expect((command.text + command.errors).contains(reason), "\(command.text)\(command.errors)")
    }
}
