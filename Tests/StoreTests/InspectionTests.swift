import Foundation
import TestSupport
import Testing

/// The names of formats in the default configuration.
private let formats = ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"]

/// Disks that other programs wrote, and their formats.
private struct Disks {
    let corpus: Corpus
    let folder: String

    init() throws {
        corpus = try Corpus()
        folder = corpus.folder
        try Files.write([(0, Files.bytes(100_000))], size: 100_000, to: "\(folder).file")
        try Command("genisoimage", ["-quiet", "-R", "-o", "\(folder)/disk.iso", "\(folder).file"]).succeeded()
        for (name, label) in [("disk.gpt", "gpt"), ("disk.mbr", "dos")] {
            try Files.write([], size: 4 << 20, to: "\(folder)/\(name)")
            let input = Array("label: \(label)\nstart=2048, size=2048\n".utf8)
            try Command("sfdisk", ["--quiet", "--no-reread", "--no-tell-kernel", "\(folder)/\(name)"], input: input).succeeded()
        }
    }

    var all: [(name: String, format: String)] {
        corpus.written + [("disk.iso", "iso"), ("disk.gpt", "gpt"), ("disk.mbr", "gpt")]
    }

    func bytes(_ name: String) throws -> [UInt8] { try corpus.bytes(name) }

    /// Bytes of the disk that a guest sees, according to qemu-img.
    func virtualSize(of name: String) throws -> Int64? {
        let info = try Command("qemu-img", ["info", "--output=json", "\(folder)/\(name)"]).succeeded()
        return try info.json["virtual-size"]?.int
    }
}

@Suite(.sharesServices) struct `An upload` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["image_format": "disk_formats = \(formats.joined(separator: ",")),gpt,luks,qed"]) }

    private static let disks = Result { try Disks() }

    @Test func `of what other programs write is taken as what it is, with the size that it has`() throws {
        let disks = try Self.disks.get()
        for (name, format) in disks.all where format != "refused" {
            let id = try glance.hasImage(called: format)
            let bytes = try disks.bytes(name)
            let reply = try glance.upload(bytes, to: id)
            #expect(reply.status == 204, "\(name): \(reply.says)")
            let image = try glance.image(id)
            #expect(image["status"]?.string == "active" && image["size"]?.int == Int64(bytes.count), "\(name)")
            let size = image["virtual_size"]?.int
            switch name {
            // QEMU reads a fixed VHD as raw; for a dynamic one it reports the size rounded to its geometry.
            case "vhd fixed": #expect(size == Corpus.diskSize, "\(name): \(size ?? -1)")
            case "vhd": #expect((size ?? 0) >= Corpus.diskSize, "\(name): \(size ?? -1)")
            case "parallels": #expect(size == Int64(bytes.count), "\(name)")
            default: #expect(try size == disks.virtualSize(of: name), "\(name): \(size ?? -1)")
            }
            try expectSame(id, as: "\(disks.folder)/\(name)")
        }
    }

    private func expectSame(_ id: String, as path: String) throws {
        #expect(try Files.isSame("\(glance.storeFolder)/\(id)", path))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
    }

    @Test func `of what other programs write is refused as anything else, and leaves nothing`() throws {
        let disks = try Self.disks.get()
        for (name, format) in disks.all where !["refused", "raw"].contains(format) {
            let claimed = format == "qcow2" ? "vmdk" : "qcow2"
            // A fixed VHD begins as any disk does.
            let found = name == "vhd fixed" ? "raw" : format
            try glance.expectRefused(try disks.bytes(name), as: claimed, saying: ["Format: \(found)", "check: format", "at byte 0"], name)
        }
        for name in ["raw", "parallels"] {
            try glance.expectRefused(try disks.bytes(name), as: "vdi", saying: ["Format: raw", "check: format"], name)
        }
        for (name, _) in disks.all.filter({ $0.format == "refused" }) {
            for claimed in ["raw", name.prefix { $0 != " " } == "vmdk" ? "vmdk" : "qcow2"] {
                guard name != "qcow" || claimed != "raw" else { continue }
                try glance.expectRefused(try disks.bytes(name), as: claimed, saying: ["Format: ", "check: ", "at byte "], name)
            }
        }
    }

    /// Every format under every name. The rules say which go together: raw is anything, a kernel may begin like a disk.
    @Test(arguments: formats) func `is what it was said to be, or refused`(_ claimed: String) throws {
        for image in Made.sound {
            let isInspected = ["vhd", "vhdx", "vmdk", "qcow2", "vdi", "iso"].contains(claimed)
            let isTaken =
                claimed == "raw" || claimed == image.format || !isInspected && image.format == "raw"
                || ["aki", "ari"].contains(claimed) && image.format == "gpt"
            guard isTaken else {
                let said = ["said to be \(claimed)", "Format: \(image.format)", "check: format", "at byte 0"]
                try glance.expectRefused(image.bytes.all, as: claimed, saying: said, image.name)
                continue
            }
            let id = try glance.hasImage(called: claimed)
            #expect(try glance.upload(image.bytes.all, to: id).status == 204, "\(image.name) as \(claimed)")
            let size = try glance.image(id)["virtual_size"]
            let expected: Int64? = claimed == "raw" ? Int64(image.bytes.all.count) : claimed == image.format ? image.virtualSize : nil
            // As in Glance, an image of 0 bytes is as good as none.
            #expect(size?.int == (expected == 0 ? nil : expected), "\(image.name) as \(claimed): \(String(describing: size))")
        }
    }

    /// Also under the name raw; the image accepts harmless data afterwards.
    @Test(arguments: Made.wrong.indices) func `that is not safe is refused whatever it was said to be`(_ number: Int) throws {
        let image = Made.wrong[number]
        for claimed in [image.format, "raw", "ploop"] {
            let said = ["Format: \(image.format)", "check: \(image.check)", "at byte "]
            try glance.expectRefused(image.bytes.all, as: claimed, saying: said, image.name)
        }
        let id = try glance.hasImage(called: "raw")
        #expect(try glance.uploadChunked(image.bytes.all, to: id).status == 415)
        try glance.expectNothingLeft(of: id, in: ["images"])
        #expect(try glance.upload(Array("harmless".utf8), to: id).status == 204)
        #expect(try glance.download(id).text == "harmless")
        #expect(try glance.image(id)["virtual_size"]?.int == 8)
    }

    /// A disk without a byte has no size, as in Glance.
    @Test(arguments: [false, true]) func `that is empty tells no virtual size`(_ isChunked: Bool) throws {
        let id = try glance.hasImage(called: "raw")
        #expect(try (isChunked ? glance.uploadChunked([], to: id) : glance.upload([], to: id)).status == 204)
        let image = try glance.image(id)
        #expect(image["status"]?.string == "active" && image["size"]?.int == 0 && image["virtual_size"] == .null)
        #expect(try glance.rows("SELECT virtual_size FROM images WHERE id = '\(id)'") == [[nil]])
    }

    /// The error reveals neither the other files that a header names nor the service's own folders.
    @Test func `that is refused says where it is wrong and nothing of files`() throws {
        for image in Made.wrong where ["backing_file", "data_file", "descriptor", "parent"].contains(image.check) {
            let id = try glance.hasImage(called: "raw")
            let reply = try glance.upload(image.bytes.all, to: id)
            for secret in ["passwd", glance.folder, "a.vmdk", id] { #expect(!reply.text.contains(secret), "\(image.name): \(reply.text)") }
        }
        let id = try glance.hasImage(called: "qcow2")
        let backed = Made.qcow2.setting(big: UInt64(512), at: 8)
        let reply = try glance.send(
            "PUT", "/v2/images/\(id)/file", ["Content-Type": "application/octet-stream", "Accept": "application/json"], body: backed.all)
        #expect(reply.status == 415)
        #expect(reply.says.hasSuffix("Format: qcow2, check: backing_file, at byte 8."), "\(reply.says)")
    }

    @Test(arguments: ["ami", "ari", "aki", "ovf", "ova", "docker", "compressed"])
    func `in a container is not looked into`(_ container: String) throws {
        for image in [Made.qcow2.setting(big: UInt64(512), at: 8), Made.vmdk(), Bytes(1024).setting("QED\0", at: 0)] {
            let id = try glance.hasImage(called: ["ami", "ari", "aki"].contains(container) ? container : "qcow2", in: container)
            let reply = try glance.upload(image.all, to: id)
            #expect(reply.status == 204, "\(reply.says)")
            #expect(try glance.image(id)["virtual_size"] == .null)
        }
    }

    /// A header may be split anywhere, whatever the pieces of the body.
    @Test func `in pieces is seen as a whole`() throws {
        let evil = Made.qcow2.setting(big: UInt64(512), at: 8).all + [UInt8](repeating: 0, count: 100_000)
        for (bytes, status) in [(evil, 415), (Made.qcow2.all, 204)] {
            let id = try glance.hasImage(called: "qcow2")
            let connection = try HTTPConnection(port: glance.port)
            let headers = ["Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"]
            try connection.send(glance.head("PUT", "/v2/images/\(id)/file", .alice, headers))
            for piece in [0..<3, 3..<9, 9..<75, 75..<bytes.count] {
                try connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + bytes[piece] + [13, 10])
                usleep(3000)
            }
            try connection.send("0\r\n\r\n")
            #expect(try connection.receive().status == status)
        }
    }

    /// A first-level table of gigabytes is not read.
    @Test func `with absurd numbers is answered at once`() throws {
        let absurd = Made.qcow2.setting(big: UInt32(1) << 31, at: 36).setting(big: UInt64.max / 2, at: 40).setting(big: UInt32.max, at: 60)
        let id = try glance.hasImage(called: "qcow2")
        #expect(try glance.upload(absurd.all, to: id).status == 204)
        #expect(try glance.image(id)["virtual_size"]?.int == 8 << 20)
    }

    /// A terabyte of disk in 200 KB: the size of the disk is in the record, for the services that create one from it.
    @Test func `of little that unfolds to much says so`() throws {
        let path = "\(try Files.fresh())/big"
        try Command("qemu-img", ["create", "-q", "-f", "qcow2", path, "5T"]).succeeded()
        let id = try glance.hasImage(called: "qcow2")
        #expect(try glance.upload(Array(try #require(FileManager.default.contents(atPath: path))), to: id).status == 204)
        #expect(try glance.image(id)["virtual_size"]?.int == 5 << 40)
    }

    /// Inspection keeps two megabytes at most; the buffers of the stream exist anyway.
    @Test func `of hundreds of megabytes takes no more memory than one of a few`() throws {
        let glance = try TestGlance(
            ["glance_store": "filesystem_thin_provisioning = true", "vitrine": "data_threads = 1"], workers: 1)
        func peak() throws -> Int {
            try kilobytes("VmHWM", of: try #require(glance.site.workerIDs.first))
        }
        let piece = [UInt8](repeating: 0, count: 4 << 20)
        func send(_ pieces: Int, beginning head: [UInt8]) throws -> Int {
            let id = try glance.hasImage(called: "vmdk")
            let connection = try HTTPConnection(port: glance.port)
            let length = head.count + pieces * piece.count
            try connection.send(
                glance.head("PUT", "/v2/images/\(id)/file", .alice, ["Content-Type": "application/octet-stream"], length: length))
            try connection.send(head)
            for _ in 0..<pieces { try connection.send(piece) }
            return try connection.receive().status
        }
        // A descriptor of the greatest length, which is kept.
        let head = Made.vmdk(sectors: 2048).all
        #expect(try send(5, beginning: head) == 204)
        let before = try peak()
        #expect(try send(48, beginning: head) == 204)
        #expect(try peak() - before < 4096, "KiB")
    }
}

/// A site that accepts data of another format than the image's, and what it refuses all the same.
@Suite(.sharesServices) struct `A lenient site` {
    let glance: TestGlance
    init() throws {
        let options = """
            require_image_format_match = false
            vmdk_allowed_types = monolithicSparse
            gpt_safety_checks_nonfatal = mbr
            """
        glance = try .of(Self.self, ["image_format": options])
    }

    @Test func `takes an image of another format, and says so in the log`() throws {
        let id = try glance.hasImage(called: "vmdk")
        #expect(try glance.upload(Made.qcow2.all, to: id).status == 204)
        #expect(try glance.image(id)["virtual_size"] == .null)
        let said = "WARNING glance.service"
        #expect(
            try eventually {
                try glance.workerLog().split(separator: "\n").contains { line in
                    line.contains(said)
                        && line.contains("image \(id) is accepted despite a finding: The image is said to be vmdk, and is qcow2.")
                }
            })
    }

    @Test func `refuses what is not safe`() throws {
        for image in Made.wrong where image.format != "gpt" {
            try glance.expectRefused(image.bytes.all, as: "raw", saying: ["check: \(image.check)"], image.name)
        }
    }

    @Test func `takes one kind of VMDK and not the other`() throws {
        let id = try glance.hasImage(called: "vmdk")
        #expect(try glance.upload(Made.vmdk().all, to: id).status == 204)
        for claimed in ["vmdk", "raw"] {
            try glance.expectRefused(Made.footed().all, as: claimed, saying: ["Format: vmdk", "check: descriptor"], "stream")
        }
    }

    @Test func `takes odd partition tables, and says so in the log`() throws {
        for image in Made.wrong where image.check == "mbr" {
            let id = try glance.hasImage(called: "raw")
            #expect(try glance.upload(image.bytes.all, to: id).status == 204, "\(image.name)")
            #expect(try eventually { try glance.workerLog().contains("image \(id) is accepted despite a finding: ") })
        }
    }
}
