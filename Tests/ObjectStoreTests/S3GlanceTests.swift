import Domain
import ObjectStores
import TestSupport
import Testing

/// The S3 driver of glance_store, from PyPI, on the same bucket: what it writes is read and removed here, and the reverse.
@Suite struct `The S3 driver of Glance` {
    /// Makes a store of the driver, and does one thing with it.
    private static let script = """
        import io, json, sys, glance_store
        from glance_store import location
        from oslo_config import cfg
        verb, endpoint, access, secret, bucket, what, size = sys.argv[1:]
        conf = cfg.ConfigOpts()
        glance_store.register_opts(conf)
        conf([], project="test")
        for name, value in dict(stores=["s3"], default_store="s3", s3_store_host=endpoint, s3_store_access_key=access,
                                s3_store_secret_key=secret, s3_store_bucket=bucket, s3_store_bucket_url_format="path",
                                s3_store_large_object_size=6, s3_store_large_object_chunk_size=5,
                                s3_store_region_name="us-east-1").items():
            conf.set_override(name, value, group="glance_store")
        glance_store.create_stores(conf)
        data = b"".join(bytes((place * 31 + part % 256 * 31) & 255 for place in range(4096)) for part in range(256))
        data = (data * (int(size) // len(data) + 1))[:int(size)]
        if verb == "add":
            print(json.dumps(glance_store.add_to_backend_with_multihash(
        conf, what, io.BytesIO(data), len(data), "sha512", scheme="s3")[0]))
        if verb == "get":
            pieces, length = glance_store.get_from_backend(what)
            print(json.dumps(length == int(size) and b"".join(pieces) == data))
        if verb == "delete":
            glance_store.delete_from_backend(what)
            print("true")
        """

    private func ask(_ place: S3Place, _ verb: String, _ what: String, _ size: Int = 0) throws -> JSONValue {
        try PyPIGlance.run(
            "python3", ["-c", Self.script, verb, place.endpoint, place.accessKey, place.secretKey, place.bucket, what, String(size)]
        ).succeeded().json
    }

    @Test(arguments: S3Place.all, [5, 11 << 20])
    func `writes what is read, ranged and removed here`(_ place: S3Place, _ size: Int) throws {
        let (store, id) = (try place.store(), ImageID.fresh())
        let url = try #require(try ask(place, "add", id.text, size).string)
        #expect(store.holds(url))
        // Releases before 2026 write the keys into it.
        if !url.contains("@") { #expect(url == store.location(of: id)) }
        #expect(try store.everything(at: url) == pattern(size))
        #expect(try store.everything(at: url, from: Int64(size) - 2) == Array(pattern(size).suffix(2)))
        try store.remove(url)
        #expect(try place.contents(with: id.text) == [])
    }

    @Test(arguments: S3Place.all, [5, 11 << 20])
    func `reads and removes what is written here`(_ place: S3Place, _ size: Int) throws {
        let (store, id) = (try place.store(), ImageID.fresh())
        let url = try store.add(pattern(size), as: id)
        let withKeys = url.replacingOccurrences(of: "://", with: "://\(place.accessKey):\(place.secretKey)@")
        #expect(try ask(place, "get", withKeys, size).bool == true)
        #expect(try ask(place, "delete", withKeys).bool == true)
        #expect(throws: Fault.of(.notFound)) { try store.bytes(at: url) }
    }
}
