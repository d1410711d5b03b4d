import Foundation
import TestSupport
import Testing

/// Wrong values of the options of S3 and Swift stores.
@Suite struct `Options of an object store` {
    static let s3 = """
        [DEFAULT]
        enabled_backends = far:s3
        [far]
        s3_store_host = https://127.0.0.1:1
        s3_store_access_key = key
        s3_store_secret_key = topsecret
        s3_store_bucket = images
        """
    static let swift = """
        [DEFAULT]
        enabled_backends = far:swift
        [far]
        swift_store_auth_address = http://127.0.0.1:1/v3
        swift_store_user = service:glance
        swift_store_key = topsecret
        """

    @Test func `need not be set where another store takes the images`() throws {
        let glance = try TestGlance(["glance_store": "stores = file, http, rbd, s3, swift\ndefault_store = file"])
        let id = try glance.hasActiveImage()
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
        for url in ["s3://key:secret@host/bucket/\(id)", "swift+config://ref1/glance/\(id)", "rbd://cluster/images/\(id)/snap"] {
            try glance.execute("UPDATE image_locations SET value = '\(url)' WHERE image_id = '\(id)'")
            let reply = try glance.send("GET", "/v2/images/\(id)/file")
            #expect(reply.status == 503 && !reply.text.contains("secret"), "\(reply.status) \(reply.text)")
            #expect(try glance.send("GET", "/v2/images/\(id)").status == 200)
        }
    }

    @Test(arguments: [
        (s3, "s3_store_secret_key = top$topsecret", "s3_store_secret_key: what follows a $ is not the name of an option"),
        (s3, "s3_store_host = https://user:topsecret@host", "s3_store_host: is not a host"),
        (s3, "s3_store_host = h:99999", "s3_store_host: 'h:99999' is not a host, a host with a port, or a URL"),
        (s3, "s3_store_host = https://h..x", "s3_store_host: 'https://h..x' is not a host"),
        (s3, "s3_store_enable_proxy = true\ns3_store_proxy_host = h:80", "s3_store_proxy_host: 'h:80'"),
        (s3, "s3_store_enable_proxy = true\ns3_store_proxy_host = a/b", "s3_store_proxy_host: 'a/b'"),
        (s3, "s3_store_bucket = ../etc", "'../etc' is not the name of a bucket"),
        (s3, "s3_store_region_name = eu west/1", "'eu west/1' is not the name of a region"),
        (s3, "s3_store_cacert = /nowhere/ca.pem", "s3_store_cacert: /nowhere/ca.pem cannot be read"),
        (s3, "s3_store_secret_key =", "s3_store_secret_key: is not set"),
        (s3, "s3_store_bucket_url_format = dns", "must be one of auto, virtual, path"),
        (s3, "s3_store_large_object_chunk_size = 4", "s3_store_large_object_chunk_size must be an integer from 5"),
        (s3, "s3_store_large_object_size = -1", "s3_store_large_object_size must be an integer from 0"),
        (swift, "swift_store_endpoint = nonsense", "swift_store_endpoint: 'nonsense' is none of the form"),
        (swift, "swift_store_endpoint = https://u:topsecret@h/v1/a", "swift_store_endpoint: is none of the form"),
        (swift, "swift_store_auth_address = http://u:topsecret@h/v3", "swift_store_user: the address is none of the form"),
        (
            swift, "swift_store_auth_address = http://h:99999/v3",
            "swift_store_auth_address, swift_store_user: the address 'http://h:99999/v3'"
        ),
        (swift, "swift_store_auth_address = http://h..x/v3", "the host is neither a name nor an address"),
        (swift, "swift_store_endpoint = http://h:0/v1", "swift_store_endpoint: 'http://h:0/v1'"),
        (swift, "swift_store_cacert = /nowhere/ca.pem", "swift_store_cacert: /nowhere/ca.pem cannot be read"),
        (swift, "swift_store_container = a/b", "swift_store_container: is no name"),
        (swift, "swift_store_multiple_containers_seed = 33", "swift_store_multiple_containers_seed must be an integer from 0 to 32"),
    ])
    func `are named at the start, and no secret`(_ good: String, _ wrong: String, _ reason: String) throws {
        let path = "\(TestFolder.root)/object-\(UInt32.random(in: 0 ... .max)).conf"
        try
            "[database]\nconnection = mysql+pymysql://nobody@127.0.0.1:1/nothing\n[glance_store]\ndefault_backend = far\n\(good)\n\(wrong)\n"
            .write(toFile: path, atomically: true, encoding: .utf8)
        let command = try Command("\(TestGlance.programs)/glance-tasks", ["--config-file", path], limit: 30)
        let said = command.text + command.errors
        #expect(command.status == 1 && said.contains(reason) && !said.contains("topsecret"), "\(command.status): \(said)")
    }
}
