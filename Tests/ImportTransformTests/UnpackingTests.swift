import Foundation
import TestSupport
import Testing
import ImportTransforms

/// The error of a source that fails.
private struct Broken: Error {}

/// Reads the whole output, in pieces of a size.
private func unpack(_ packed: [UInt8], pieces: Int = 4096, into room: Int = 65_536) throws -> (packing: Packing?, bytes: [UInt8]) {
    var rest = packed[...]
    let unpacker = Unpacker<Broken> { (buffer) throws(Broken) in
        let piece = rest.prefix(min(pieces, buffer.count))
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: room)
    while case let count = try buffer.withUnsafeMutableBytes({ try unpacker.read(into: $0) }), count > 0 { bytes += buffer[..<count] }
    return (unpacker.packing, bytes)
}

/// Files from the formats' own programs.
private enum Packed {
    static func bytes(_ count: Int, compressible: Bool = true) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return filled(count) { place in
            if compressible { return UInt8(truncatingIfNeeded: place / 300 ^ place % 7) }
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    static func file(_ bytes: [UInt8], _ body: (_ folder: String, _ file: String) throws -> [UInt8]) throws -> [UInt8] {
        let folder = "\(TestFolder.root)/packed-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(bytes).write(to: URL(filePath: "\(folder)/disk.raw"))
        return try body(folder, "\(folder)/disk.raw")
    }

    static func zip(_ bytes: [UInt8], _ options: String...) throws -> [UInt8] {
        try file(bytes) { folder, file in
            try Command("zip", ["-q"] + options + ["\(folder)/x.zip", file]).succeeded()
            return Array(try Data(contentsOf: URL(filePath: "\(folder)/x.zip")))
        }
    }

    static func by(_ packing: Packing, _ bytes: [UInt8], _ options: String...) throws -> [UInt8] {
        if packing == .zip { return try zip(bytes) }
        let program = packing == .zstd ? "zstd" : packing.rawValue
        return try file(bytes) { _, file in try Command(program, ["-c"] + options + [file]).succeeded().output }
    }
}

@Suite struct `Packed bytes` {
    @Test(arguments: Packing.allCases, [0, 1, 5000, 3_000_000])
    func `come out as they went in`(_ packing: Packing, _ count: Int) throws {
        for compressible in [true, false] {
            let bytes = Packed.bytes(count, compressible: compressible)
            let packed = try Packed.by(packing, bytes)
            let out = try unpack(packed)
            #expect(out.packing == packing && out.bytes.isSame(as: bytes))
            guard count <= 5000 else { continue }
            let slow = try unpack(packed, pieces: 1, into: 1)
            #expect(slow.packing == packing && slow.bytes.isSame(as: bytes))
        }
    }

    @Test(arguments: [Packing.gzip, .bzip2, .xz, .zstd]) func `of several members are one stream`(_ packing: Packing) throws {
        let (first, second) = (Packed.bytes(70_000), Packed.bytes(9, compressible: false))
        let packed = try Packed.by(packing, first) + Packed.by(packing, second) + Packed.by(packing, [])
        #expect(try unpack(packed).bytes.isSame(as: first + second))
        #expect(try unpack(packed, pieces: 1).bytes.isSame(as: first + second))
    }

    @Test(arguments: Packing.allCases) func `that are cut off say so`(_ packing: Packing) throws {
        let packed = try Packed.by(packing, Packed.bytes(3000))
        for count in 10..<packed.count {
            let piece = Array(packed[..<count])
            #expect(throws: UnpackingError<Broken>.self, "\(count)") { try unpack(piece) }
        }
    }

    @Test(arguments: Packing.allCases) func `that were altered say so, or are the same`(_ packing: Packing) throws {
        let bytes = Packed.bytes(2000)
        let packed = try Packed.by(packing, bytes)
        for place in packed.indices {
            var altered = packed
            altered[place] ^= 0x41
            // Name, time and operating system in a header are not checked; without the magic number it is not packed.
            if let out = try? unpack(altered) { #expect(out.bytes == bytes || out.packing == nil && out.bytes == altered, "\(place)") }
        }
    }

    @Test(arguments: Packing.allCases) func `may have nothing behind them`(_ packing: Packing) throws {
        let packed = try Packed.by(packing, Packed.bytes(2000))
        #expect(throws: UnpackingError<Broken>.self) { try unpack(packed + Array("and more".utf8)) }
    }

    /// A frame of zstd that announces 50,251 bytes and has an empty block. The fuzzer found it.
    @Test(arguments: [1, 4096]) func `are as many as they say`(_ pieces: Int) throws {
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x50, 0, 0x4B, 0xC3, 1, 0, 0]
        #expect(throws: UnpackingError<Broken>.self) { try unpack(frame, pieces: pieces) }
    }

    @Test func `that need more memory than is allowed say so`() throws {
        let bytes = Packed.bytes(100_000)
        #expect(try unpack(Packed.by(.xz, bytes, "-9e")).bytes.isSame(as: bytes))
        let xz = try Packed.by(.xz, bytes, "--lzma2=dict=512MiB")
        #expect(throws: UnpackingError<Broken>.self) { try unpack(xz) }
        #expect(try unpack(Packed.by(.zstd, bytes, "-q", "--ultra", "-22")).bytes.isSame(as: bytes))
        // The window has the level's size only if the length is not known.
        let zstd = try Command("zstd", ["-q", "-c", "--ultra", "--long=31", "-22"], input: bytes).succeeded().output
        #expect(throws: UnpackingError<Broken>.self) { try unpack(zstd) }
    }

    @Test func `that are none pass as they are`() throws {
        for bytes in [[], [0x1F], Array("PK".utf8), Packed.bytes(100_000, compressible: false), [0x1F, 0x8B, 8, 0xE0] + Packed.bytes(50)] {
            for pieces in [1, 3, 70_000] {
                let out = try unpack(bytes, pieces: pieces)
                #expect(out.packing == nil && out.bytes.isSame(as: bytes))
            }
        }
    }

    @Test func `tell when their source fails`() throws {
        let packed = try Packed.by(.gzip, Packed.bytes(100_000, compressible: false))
        var isFirst = true
        let unpacker = Unpacker<Broken> { (buffer) throws(Broken) in
            guard isFirst else { throw Broken() }
            isFirst = false
            buffer.copyBytes(from: packed[..<1000])
            return 1000
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        #expect(throws: UnpackingError<Broken>.self) {
            while try buffer.withUnsafeMutableBytes({ try unpacker.read(into: $0) }) > 0 {}
        }
    }
}

@Suite struct `A zip archive` {
    private func flaw(_ packed: [UInt8]) -> String? {
        do {
            _ = try unpack(packed)
            return nil
        } catch UnpackingError<Broken>.flaw(let words) {
            return words
        } catch {
            return "\(error)"
        }
    }

    @Test func `may be stored, streamed or long`() throws {
        let bytes = Packed.bytes(300_000)
        #expect(try unpack(Packed.zip(bytes, "-0")).bytes.isSame(as: bytes))
        #expect(try unpack(Packed.zip(bytes, "-fd")).bytes.isSame(as: bytes))
        #expect(try unpack(Packed.zip(bytes, "-fz")).bytes.isSame(as: bytes))
        let streamed = try Command("zip", ["-q", "-", "-"], input: bytes).succeeded().output
        #expect(try unpack(streamed).bytes.isSame(as: bytes))
        #expect(try unpack(streamed, pieces: 1).bytes.isSame(as: bytes))
        let long = try Command("zip", ["-q", "-fz", "-", "-"], input: bytes).succeeded().output
        #expect(try unpack(long).bytes.isSame(as: bytes))
    }

    @Test func `has one file in it`() throws {
        let two = try Packed.file([1, 2, 3]) { folder, file in
            try Data("other".utf8).write(to: URL(filePath: "\(folder)/other"))
            try Command("zip", ["-q", "\(folder)/x.zip", file, "\(folder)/other"]).succeeded()
            return Array(try Data(contentsOf: URL(filePath: "\(folder)/x.zip")))
        }
        #expect(flaw(two)?.contains("more than one file") == true)
        let folder = try Packed.file([1]) { folder, file in
            try FileManager.default.createDirectory(atPath: "\(folder)/inner", withIntermediateDirectories: true)
            try Command("zip", ["-q", "-r", "\(folder)/x.zip", "\(folder)/inner"]).succeeded()
            return Array(try Data(contentsOf: URL(filePath: "\(folder)/x.zip")))
        }
        #expect(flaw(folder)?.contains("folder") == true)
    }

    @Test func `is not encrypted, and of a method that is known`() throws {
        #expect(flaw(try Packed.zip(Packed.bytes(1000), "-P", "secret"))?.contains("encrypted") == true)
        #expect(flaw(try Packed.zip(Packed.bytes(1000), "-Z", "bzip2"))?.contains("method 12") == true)
    }
}
