// libFuzzer's target for Sources/ImportTransforms/Unpacking; SwiftPM does not build it. From the repository's root, with files of the five kinds as
// the first of the corpus:
//
//   mkdir -p .build/fuzz/packed
//   for p in gzip bzip2 xz 'zstd -q'; do echo hello | $p -c > ".build/fuzz/packed/${p%% *}"; done
//   echo hello | zip -q - - > .build/fuzz/packed/zip
//   swiftc -O -swift-version 6 -package-name vitrine -parse-as-library -sanitize=fuzzer,address -I Sources/CPacking \
//     Sources/ImportTransforms/Unpacking/*.swift Tests/Fuzzing/UnpackFuzz.swift -o .build/fuzz/unpack
//   SWIFT_BACKTRACE=enable=no .build/fuzz/unpack -max_len=4096 -timeout=20 -rss_limit_mb=1024 -max_total_time=600 .build/fuzz/packed

private struct Broken: Error {}

/// The number of output bytes that are compared.
private let most = 1 << 20

/// The output, and how it ends: 0 complete, 1 with an error, 2 at `most`.
private func unpacked(_ input: UnsafeRawBufferPointer, pieces: Int, into room: Int) -> (packing: Packing?, bytes: [UInt8], end: Int) {
    var rest = input[...]
    let unpacker = Unpacker<Broken> { (buffer) throws(Broken) in
        let piece = rest.prefix(min(pieces, buffer.count))
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: room)
    do {
        while bytes.count < most {
            let count = try buffer.withUnsafeMutableBytes { try unpacker.read(into: $0) }
            if count == 0 { return (unpacker.packing, bytes, 0) }
            bytes += buffer[..<count]
        }
        return (unpacker.packing, Array(bytes.prefix(most)), 2)
    } catch {
        return (unpacker.packing, bytes, 1)
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func unpackInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let whole = unpacked(input, pieces: 1 << 16, into: 1 << 16)
    let slow = unpacked(input, pieces: 1, into: 977)
    // libzstd is stricter with a frame that it has as a whole.
    precondition(whole.end == slow.end || whole.packing == .zstd, "the end depends on the pieces")
    // Before an error is found, more or fewer bytes come out.
    precondition(whole.end == 1 || slow.end == 1 || whole.bytes == slow.bytes, "what comes out depends on the pieces")
    return 0
}
