import Foundation
import TestSupport
import Testing

/// A temporary file for the system's programs.
private final class WorkFolder {
    let path = "\(TestFolder.root)/work-\(UInt64.random(in: 0 ... .max))"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(path)/\(name)"))) }

    /// The output of a program that packs these bytes.
    func pack(_ bytes: [UInt8], by words: String...) throws -> [UInt8] {
        let file = try write(bytes, "plain")
        return try Command(words[0], words.dropFirst() + [file]).succeeded().output
    }

    /// An image of another format with these bytes on its disk.
    func image(_ format: String, of bytes: [UInt8], _ options: [String] = []) throws -> [UInt8] {
        let file = try write(bytes, "disk")
        try Command("qemu-img", ["convert", "-f", "raw", "-O", format] + options + [file, "\(path)/image"]).succeeded()
        return try self.bytes("image")
    }
}

/// `image_decompression`.
@Suite(.serialized, .sharesServices) struct `An import that unpacks` {
    let glance: TestGlance
    init() throws {
        let options = ["image_import_opts": "image_import_plugins = [image_decompression]", "DEFAULT": "image_size_cap = 9000000"]
        glance = try .of(Self.self, Source.allowed.merging(options) { $1 }, stores: ["near", "far"], runsTasks: true)
    }

    @Test(arguments: [["gzip", "-c"], ["bzip2", "-c"], ["xz", "-c"], ["zstd", "-qc"], ["zip", "-q", "-"]])
    func `keeps what was packed, however it comes`(_ words: [String]) throws {
        let sample = try Sample(700_000)
        let work = try WorkFolder()
        let file = try work.write(sample.bytes, "plain")
        let packed = try Command(words[0], words.dropFirst() + [file]).succeeded().output
        #expect(packed.count < sample.bytes.count)
        let staged = try glance.hasStagedImage(packed)
        try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: staged)
        #expect(try glance.ended(on: staged)["status"]?.string == "success")
        try glance.expect(sample, in: staged, stores: ["near", "far"])

        let source = try Source(packed)
        let id = try glance.hasImage()
        try glance.downloads(source.url, to: id, #", "stores": ["far"]"#)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try glance.expect(sample, in: id, stores: ["far"])
    }

    @Test func `knows the digest of what is packed`() throws {
        let sample = try Sample(50_000)
        let packed = try WorkFolder().pack(sample.bytes, by: "gzip", "-c")
        let work = try WorkFolder()
        let digest = String(try Command("sha256sum", [try work.write(packed, "packed")]).succeeded().text.prefix { $0 != " " })
        let source = try Source(packed)
        for (value, end) in [(digest, "success"), (sample.sha256, "failure")] {
            let id = try glance.hasImage()
            try glance.downloads(source.url, to: id, #", "validation_data": {"os_hash_algo": "sha256", "os_hash_value": "\#(value)"}"#)
            #expect(try glance.ended(on: id)["status"]?.string == end)
            if end == "failure" { try glance.expectNothing(of: id, in: ["near", "far"]) }
        }
    }

    @Test func `leaves alone what is in no packing, and what is said to be packed`() throws {
        let sample = try Sample(50_000)
        let plain = try glance.hasStagedImage(sample.bytes)
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: plain)
        #expect(try glance.ended(on: plain)["status"]?.string == "success")
        try glance.expect(sample, in: plain, stores: ["near"])

        let packed = try WorkFolder().pack(sample.bytes, by: "gzip", "-c")
        let id = try glance.hasImage(#"{"disk_format": "raw", "container_format": "compressed"}"#)
        #expect(try glance.stage(packed, for: id).status == 204)
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        #expect(FileManager.default.contents(atPath: "\(glance.folder)/near/\(id)") == Data(packed))
    }

    @Test func `of what is damaged says so, and keeps nothing`() throws {
        let packed = try WorkFolder().pack(try Sample(700_000).bytes, by: "xz", "-c")
        var altered = packed
        altered[packed.count / 2] ^= 1
        for (bytes, words) in [(packed.dropLast(20) + [], "end too early"), (altered, "damaged"), (packed + [7], "xz data")] {
            let id = try glance.hasStagedImage(bytes)
            try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: id)
            let task = try glance.ended(on: id)
            #expect(task["status"]?.string == "failure" && task["message"]?.string?.contains(words) == true, "\(task)")
            try glance.expectNothing(of: id, in: ["near", "far"])
        }
    }

    @Test func `ends at the size that an image may have`() throws {
        // Two gigabytes of zeros in two megabytes, packed once more.
        let work = try WorkFolder()
        let zeros = try work.write([], "zeros")
        truncate(zeros, 2 << 30)
        let packed = try Command("gzip", ["-1c", zeros]).succeeded().output
        let id = try glance.hasStagedImage(packed.count < 9_000_000 ? packed : Array(packed.prefix(8_900_000)))
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure" && task["message"]?.string?.contains("exceeds the maximum") == true, "\(task)")
        try glance.expectNothing(of: id, in: ["near", "far"])
    }
}

/// `image_conversion`.
@Suite(.serialized, .sharesServices) struct `An import that converts` {
    let glance: TestGlance
    init() throws {
        let options = [
            "image_import_opts": "image_import_plugins = [image_decompression, image_conversion]",
            "image_conversion": "output_format = raw",
            "DEFAULT": "image_size_cap = 20000000",
            "taskflow_executor": "conversion_format = qcow2",
        ]
        glance = try .of(Self.self, Source.allowed.merging(options) { $1 }, stores: ["near", "far"], runsTasks: true)
    }

    private func hasImage(_ format: String, container: String = "bare") throws -> String {
        try glance.hasImage(#"{"disk_format": "\#(format)", "container_format": "\#(container)"}"#)
    }

    @Test(arguments: [("qcow2", "qcow2"), ("vmdk", "vmdk"), ("vpc", "vhd"), ("vhdx", "vhdx"), ("vdi", "vdi")])
    func `makes a raw image of another`(_ kind: String, _ format: String) throws {
        let sample = try Sample(4 << 20)
        let bytes = try WorkFolder().image(kind, of: sample.bytes, kind == "vpc" ? ["-o", "force_size=on"] : [])
        let source = try Source(bytes)
        let id = try hasImage(format)
        try glance.downloads(source.url, to: id, #", "all_stores": true"#)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "success", "\(task)")
        try glance.expect(sample, in: id, stores: ["near", "far"])
        let image = try glance.image(id)
        #expect(image["disk_format"]?.string == "raw" && image["container_format"]?.string == "bare")
        #expect(image["virtual_size"]?.int == Int64(sample.bytes.count))
        #expect(try glance.stagedFiles().isEmpty)
    }

    @Test func `takes staged and packed images too`() throws {
        let sample = try Sample(2 << 20)
        let work = try WorkFolder()
        let image = try work.image("qcow2", of: sample.bytes, ["-c"])
        for bytes in [image, try work.pack(image, by: "xz", "-c")] {
            let id = try hasImage("qcow2")
            #expect(try glance.stage(bytes, for: id).status == 204)
            try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
            let task = try glance.ended(on: id)
            #expect(task["status"]?.string == "success", "\(task)")
            try glance.expect(sample, in: id, stores: ["near"])
            #expect(try glance.stagedFiles().isEmpty)
        }
    }

    @Test func `leaves alone what is raw, an installation medium or in a container`() throws {
        let sample = try Sample(1 << 20)
        let qcow2 = try WorkFolder().image("qcow2", of: sample.bytes)
        let iso = Made.iso.all
        for (format, container, bytes) in [("raw", "bare", sample.bytes), ("iso", "bare", iso), ("qcow2", "ovf", qcow2)] {
            let id = try hasImage(format, container: container)
            #expect(try glance.stage(bytes, for: id).status == 204)
            try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
            let task = try glance.ended(on: id)
            #expect(task["status"]?.string == "success", "\(format) \(task)")
            #expect(try glance.image(id)["disk_format"]?.string == format)
            #expect(FileManager.default.contents(atPath: "\(glance.folder)/near/\(id)") == Data(bytes), "\(format)")
        }
    }

    @Test func `looks into no image that leads elsewhere, unfolds too far or is another`() throws {
        let work = try WorkFolder()
        let secret = try work.write(Array("secret".utf8) + [UInt8](repeating: 0, count: 4090), "secret")
        try Command("qemu-img", ["create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", "\(work.path)/backed"]).succeeded()
        try Command("qemu-img", ["create", "-q", "-f", "qcow2", "-o", "data_file=\(work.path)/data", "\(work.path)/split", "1M"])
            .succeeded()
        try Command("qemu-img", ["create", "-q", "-f", "qcow2", "\(work.path)/huge", "1T"]).succeeded()
        try Command("qemu-img", ["create", "-q", "-f", "vdi", "\(work.path)/other", "1M"]).succeeded()
        for (name, words) in [
            ("backed", "refused"), ("split", "refused"), ("huge", "unfolds to 1099511627776 bytes"), ("other", "refused"),
        ] {
            let id = try hasImage("qcow2")
            #expect(try glance.stage(try work.bytes(name), for: id).status == 204)
            try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: id)
            let task = try glance.ended(on: id)
            #expect(task["status"]?.string == "failure" && task["message"]?.string?.contains(words) == true, "\(name): \(task)")
            try glance.expectNothing(of: id, in: ["near", "far"])
            #expect(try glance.image(id)["disk_format"]?.string == "qcow2")
            #expect(try glance.stagedFiles().isEmpty)
        }
    }

    @Test func `is what V2's older tasks have a format of their own for`() throws {
        let sample = try Sample(1 << 20)
        let source = try Source(sample.bytes)
        let reply = try glance.send(
            "POST", "/v2/tasks", as: .admin,
            json: """
                {"type": "import", "input": {"import_from": "\(source.url)", "import_from_format": "raw",
                 "image_properties": {"name": "old", "disk_format": "raw", "container_format": "bare"}}}
                """)
        #expect(reply.status == 201)
        let id = try #require(reply.json["image_id"]?.string)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "success", "\(task)")
        #expect(try glance.image(id)["disk_format"]?.string == "qcow2")
        let work = try WorkFolder()
        let disk = try work.write(sample.bytes, "disk")
        try Command("qemu-img", ["compare", "-f", "raw", "-F", "qcow2", disk, "\(glance.folder)/near/\(id)"]).succeeded()
    }
}
