import Foundation
import TestSupport
import Testing

/// The options of a file store.
@Suite(.sharesServices) struct `A file store by its options` {
    /// Two folders, of which the second comes first, and all other options of a file store.
    private static let shared = Shared {
        let folder = try Files.fresh()
        let (low, high) = ("\(folder)/low", "\(folder)/a:high")
        let mounts = #"[{"id": "other", "mountpoint": "/other"}, {"id": "nfs", "mountpoint": "\#(folder)"}]"#
        try mounts.write(toFile: "\(folder)/mounts.json", atomically: true, encoding: .utf8)
        // Glance has a default for the single folder, which only an empty text removes.
        let options = """
            filesystem_store_datadir =
            filesystem_store_datadirs = \(low)
            filesystem_store_datadirs = \(high)/ : 100
            filesystem_store_file_perm = 640
            filesystem_thin_provisioning = true
            filesystem_store_chunk_size = 4096
            filesystem_store_metadata_file = \(folder)/mounts.json
            filesystem_store_timeout = 5
            filesystem_store_datadri = /slip
            """
        let glance = try TestGlance(
            ["fast": options], stores: ["fast", "cheap"],
            blobs: [("/_blobs/fast/0", low), ("/_blobs/fast/1", high), ("/_blobs/cheap", "\(folder)/none")])
        return (glance, low, high)
    }

    let glance: TestGlance
    let low: String
    let high: String
    init() throws { (glance, low, high) = try Self.shared.get() }

    @Test func `keeps an image as they say`() throws {
        let id = try glance.hasImage()
        let data = [UInt8](repeating: 0, count: 1 << 20) + Files.bytes(70_001) + [UInt8](repeating: 0, count: 1 << 20 + 5)
        #expect(try glance.upload(data, to: id).status == 204)
        let file = "\(high)/\(id)"
        #expect(FileManager.default.contents(atPath: file).map { Array($0) == data } == true)
        #expect(try Files.mode(of: file) == 0o640)
        #expect(try Files.taken(by: file) <= 160 << 10)
        let image = try glance.image(id)
        #expect(image["size"]?.int == Int64(data.count) && image["virtual_size"]?.int == Int64(data.count))
        #expect(image["os_hash_value"]?.string == String(try Command("sha512sum", [file]).succeeded().text.prefix { $0 != " " }))
        let metadata = #"{"id": "nfs", "mountpoint": "\#(high.dropLast("/a:high".count))", "store": "fast"}"#
        #expect(try glance.recordedLocations(of: id) == [["file://\(file)", metadata]])
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(try glance.download(id, "", ["Range": "bytes=1048576-1048577"]).body.isSame(as: Array(data[1 << 20...1 << 20 + 1])))
    }

    @Test func `reads from and empties each of its folders`() throws {
        let id = try glance.hasImage(in: "fast")
        try FileManager.default.moveItem(atPath: "\(high)/\(id)", toPath: "\(low)/\(id)")
        try glance.execute("UPDATE image_locations SET value = 'file://\(low)/\(id)' WHERE image_id = '\(id)'")
        #expect(try glance.download(id).text == "hello")
        #expect(try glance.image(id)["stores"]?.string == "fast")
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(!FileManager.default.fileExists(atPath: "\(low)/\(id)"))
    }

    @Test func `tells administrators what it does`() throws {
        let stores = try glance.send("GET", "/v2/info/stores/detail", as: .admin).json["stores"]?.array
        let properties = try #require(stores?.first?["properties"])
        #expect(properties == ["data_dir": .null, "chunk_size": 4096, "thin_provisioning": true])
    }

    @Test func `complains of what is no option of a store's, and of what has no effect`() throws {
        // The options of a store are compared before requests are taken.
        #expect(try eventually { try glance.workerLog().contains("takes requests") })
        let lines = try glance.workerLog().split(separator: "\n").filter { $0.contains(" WARNING ") && $0.contains("[fast]") }
        #expect(
            lines.contains { $0.contains("unknown option [fast] filesystem_store_datadri, did you mean [fast] filesystem_store_datadir") })
        #expect(lines.contains { $0.contains("[fast] filesystem_store_timeout is an option of Glance's that has no effect here") })
        #expect(Set(lines.map { $0.contains("datadri") || $0.contains("timeout") }) == [true], "\(lines)")
    }

    @Test func `is told to nginx by glance-manage`() throws {
        let command = try Command("\(TestGlance.programs)/glance-manage", ["nginx", "--config-file", glance.configurationFile]).succeeded()
        let lines = command.text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(
            lines.filter { $0.hasPrefix("location") }
                == ["location /_blobs/fast/0/ {", "location /_blobs/fast/1/ {", "location /_blobs/cheap/ {"])
        let folders = [low, high, "\(glance.folder)/cheap"].map { "\"\($0)/\";" }
        #expect(lines.filter { $0.hasPrefix("alias") }.map { String($0.split(separator: " ").last ?? "") } == folders)
    }
}

@Suite struct `A store's folder` {
    @Test func `may have any name, for nginx too`() throws {
        let folder = "\(TestFolder.root)/my {old} \"images\"; all-\(UInt32.random(in: 0 ... .max))"
        let glance = try TestGlance(storeFolder: folder)
        let id = try glance.hasActiveImage()
        #expect(FileManager.default.fileExists(atPath: "\(folder)/\(id)"))
        let reply = try glance.send("GET", "/v2/images/\(id)/file")
        #expect(reply.status == 200 && reply.text == "hello")
    }
}

/// Errors that keep the programs from starting.
@Suite struct `A configuration of stores` {
    private static let several = "[DEFAULT]\nenabled_backends = fast:file, cheap:file\n[glance_store]\ndefault_backend = fast\n"
    private static let two = several + "[cheap]\nfilesystem_store_datadir = FOLDER/cheap\n[fast]\n"
    private static let whole = two + "filesystem_store_datadir = FOLDER/fast\n"

    private static let server = "s3_store_host = http://127.0.0.1:9\ns3_store_access_key = a\ns3_store_secret_key = s\n"
    private static let buckets =
        "[DEFAULT]\nenabled_backends = there:s3, here:s3\n[glance_store]\ndefault_backend = there\n[there]\n" + server

    private static let refused: [(text: String, said: [String])] = [
        ("[DEFAULT]\nenabled_backends = fast\n", ["[DEFAULT] enabled_backends: 'fast' is not of the form name:type"]),
        ("[DEFAULT]\nenabled_backends = os_glance_x:file\n", ["enabled_backends", "os_glance_x", "the service's own"]),
        ("[DEFAULT]\nenabled_backends = OS_Glance_staging_store:file\n", ["enabled_backends", "the service's own"]),
        ("[DEFAULT]\nenabled_backends = fast:file, Fast:file\n", ["enabled_backends: 'Fast' is there twice"]),
        ("[DEFAULT]\nenabled_backends = a/b:file\n", ["enabled_backends: 'a/b' is no name"]),
        ("[DEFAULT]\nenabled_backends = .a:file\n", ["enabled_backends: '.a' is no name"]),
        ("[DEFAULT]\nenabled_backends = :file\n", ["enabled_backends"]),
        ("[DEFAULT]\nenabled_backends = é:file\n", ["enabled_backends: 'é' is no name"]),
        (
            "[DEFAULT]\nenabled_backends = slow:cinder\n[glance_store]\ndefault_backend = slow\n",
            ["[glance_store] default_backend: 'slow' is of the type 'cinder', which is not supported yet"]
        ),
        ("[DEFAULT]\nenabled_backends = fast:file\n", ["[glance_store] default_backend: is not set"]),
        ("[DEFAULT]\nenabled_backends = fast:file\n[glance_store]\ndefault_backend = slow\n", ["default_backend: 'slow' is none of"]),
        (two, ["[fast] filesystem_store_datadir: is not set"]),
        (two + "filesystem_store_datadir = images\n", ["[fast] filesystem_store_datadir: 'images' does not begin with /"]),
        (two + "filesystem_store_datadir = FOLDER/cheap/\n", ["[cheap]: has the folder of store 'fast'"]),
        (two + "filesystem_store_datadirs = FOLDER/a\nfilesystem_store_datadirs = FOLDER/cheap:7\n", ["has the folder of store"]),
        (
            buckets + "s3_store_bucket = images\n[here]\n" + server + "s3_store_bucket = images\n",
            ["[here]: has its images where store 'there' has them: bucket images, server"]
        ),
        (
            two + "filesystem_store_datadir = FOLDER/a\nfilesystem_store_datadirs = FOLDER/b\n",
            ["[fast]: filesystem_store_datadir and filesystem_store_datadirs exclude each other"]
        ),
        (two + "filesystem_store_datadirs = FOLDER/a:high\n", ["[fast] filesystem_store_datadirs", "'FOLDER/a:high' is not of the form"]),
        (two + "filesystem_store_datadirs = a:7\n", ["[fast] filesystem_store_datadirs", "'a:7' is not of the form"]),
        (two + "filesystem_store_datadirs = :7\n", ["[fast] filesystem_store_datadirs", "':7' is not of the form"]),
        (
            two + "filesystem_store_datadirs = FOLDER/a:1\nfilesystem_store_datadirs = FOLDER/a/:2\n",
            ["[fast] filesystem_store_datadirs: FOLDER/a is there twice"]
        ),
        (two + "filesystem_store_datadir = /proc/images\n", ["[fast] filesystem_store_datadir", "/proc/images", "No such file"]),
        (two + "filesystem_store_datadir = FOLDER/conf/x\n", ["[fast] filesystem_store_datadir", "FOLDER/conf", "Not a directory"]),
        (whole + "filesystem_store_file_perm = 680\n", ["[fast] filesystem_store_file_perm: is no octal number"]),
        (whole + "filesystem_store_file_perm = 44\n", ["[fast] filesystem_store_file_perm: does not let the service itself read"]),
        (whole + "filesystem_store_file_perm = 1777\n", ["filesystem_store_file_perm"]),
        (whole + "filesystem_store_chunk_size = 0\n", ["filesystem_store_chunk_size"]),
        (whole + "filesystem_thin_provisioning = perhaps\n", ["filesystem_thin_provisioning"]),
        (whole + "weight = heavy\n", ["weight"]),
        (
            whole + "filesystem_store_metadata_file = FOLDER/nothing\n",
            ["[fast] filesystem_store_metadata_file: FOLDER/nothing cannot be read"]
        ),
        (
            whole + "filesystem_store_metadata_file = FOLDER/conf\n",
            ["[fast] filesystem_store_metadata_file: FOLDER/conf cannot be read as JSON"]
        ),
        (
            whole + "filesystem_store_metadata_file = FOLDER/list\n",
            ["[fast] filesystem_store_metadata_file: FOLDER/list must hold an object"]
        ),
        ("[glance_store]\nstores = http\ndefault_store = file\n", ["[glance_store] stores: does not name 'file'"]),
        ("[glance_store]\nstores = cinder,http\n", ["[glance_store] stores: names no type of store that is here"]),
        ("[vitrine]\nreadable_folders = /a,b\n", ["[vitrine] readable_folders: 'b' does not begin with /"]),
        (
            "[DEFAULT]\nmetadata_encryption_key = secret\n",
            ["[DEFAULT] metadata_encryption_key: has 6 bytes; a key of AES has 16, 24 or 32"]
        ),
        ("[glance_store]\ndefault_store = cinder\n", ["[glance_store] default_store: the store 'cinder' is not supported yet"]),
        (
            "[glance_store]\nfilesystem_store_datadir = FOLDER/a\nfilesystem_store_datadirs = FOLDER/b\n",
            ["[glance_store]: filesystem_store_datadir and filesystem_store_datadirs exclude each other"]
        ),
        (
            "[import_filtering_opts]\nallowed_ports = 80,http\n[glance_store]\nfilesystem_store_datadir = FOLDER/a\n",
            ["[import_filtering_opts] allowed_ports: 'http' is no port"]
        ),
        (
            "[import_filtering_opts]\nallowed_hosts = a b\n[glance_store]\nfilesystem_store_datadir = FOLDER/a\n",
            ["[import_filtering_opts] allowed_hosts"]
        ),
    ]

    @Test(arguments: refused.indices) func `that makes no sense says where, and starts nothing`(_ number: Int) throws {
        let (text, said) = Self.refused[number]
        let folder = try Files.fresh()
        try #"[{"id": "a", "mountpoint": "/a"}, {"id": "b"}]"#.write(toFile: "\(folder)/list", atomically: true, encoding: .utf8)
        let configuration = "[database]\nconnection = mysql+pymysql://nobody@127.0.0.1:1/nothing\n\(text)"
            .replacing("FOLDER", with: folder)
        try (configuration + "[vitrine]\nidentity = none\n").write(toFile: "\(folder)/conf", atomically: true, encoding: .utf8)
        for (program, words) in [("glance-api", ["--metadata", "\(folder)/sock"]), ("glance-tasks", [])] {
            let command = try Command("\(TestGlance.programs)/\(program)", ["--config-file", "\(folder)/conf"] + words, limit: 10)
            #expect(command.status != 0)
            for words in said { #expect(command.errors.contains(words.replacing("FOLDER", with: folder)), "\(program): \(command.errors)") }
        }
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/sock"))
    }
}
