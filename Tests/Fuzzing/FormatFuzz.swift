// libFuzzer's target for Sources/ImageFormats; SwiftPM does not build it. From the repository's root:
//
//   mkdir -p .build/fuzz/corpus
//   swiftc -O -swift-version 6 -package-name vitrine -parse-as-library -sanitize=fuzzer,address \
//     Sources/ImageFormats/*.swift Tests/Fuzzing/FormatFuzz.swift -o .build/fuzz/formats
//   SWIFT_BACKTRACE=enable=no .build/fuzz/formats -dict=Tests/Fuzzing/formats.dict -max_len=2048 -timeout=5 -rss_limit_mb=512 \
//     -max_total_time=3600 .build/fuzz/corpus

/// Offsets in the image at which the formats look for their parts.
private let places = [0, 64, 446, 512, 1024, 1536, 32768, 196_608, 196_624, 1 << 20, (1 << 20) + 32, (1 << 20) + 65536, 3 << 19, 2 << 20]

/// An image of zeros with the parts of an input; before each part, one byte chooses its offset and one its length.
private func image(_ input: UnsafeRawBufferPointer) -> [UInt8] {
    var image: [UInt8] = []
    var next = 0
    while next + 2 <= input.count {
        let place = places[Int(input[next]) % places.count]
        let part = input[(next + 2)...].prefix(Int(input[next + 1]))
        if image.count < place + part.count { image += [UInt8](repeating: 0, count: place + part.count - image.count) }
        image.replaceSubrange(place..<place + part.count, with: part)
        next = part.endIndex
    }
    return image
}

private func inspection(_ image: [UInt8], pieces: Int) -> Inspection {
    var inspector = FormatInspector()
    image.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            inspector.inspect(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + pieces, bytes.count)]))
        }
    }
    return inspector.inspection()
}

@_cdecl("LLVMFuzzerTestOneInput")
public func inspectInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let image = image(UnsafeRawBufferPointer(start: start, count: count))
    let whole = inspection(image, pieces: max(image.count, 1))
    precondition(whole == inspection(image, pieces: image.count < 8192 ? 3 : 40_961), "the verdict depends on the pieces")
    for claimed in ImageFormat.allCases.map(\.rawValue) + ["ami"] {
        guard case .accepted(let size?, _) = whole.verdict(claimed: claimed, by: FormatRules()) else { continue }
        precondition(size >= 0)
    }
    return 0
}
