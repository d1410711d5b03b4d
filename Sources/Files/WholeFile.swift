internal import Glibc

/// All bytes of a file; nil when it cannot be read, for the reason in `errno`, which is `EFBIG` for a file that is longer than `longest`.
///
/// - Parameter longest: bytes. No file that people write has 64 MiB, and without a bound `/dev/zero` would fill the memory.
package func fileBytes(of path: String, atMost longest: Int = 64 << 20) -> [UInt8]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
        guard bytes.count + count <= longest else {
            errno = EFBIG
            return nil
        }
        bytes += chunk[..<count]
    }
    return ferror(file) == 0 ? bytes : nil
}

/// All of a file as text; nil when it cannot be read, for the reason in `errno`, which is `EILSEQ` for bytes that are no UTF-8.
///
/// - Parameter isRepaired: bytes that are no UTF-8 become `U+FFFD` instead.
package func fileText(of path: String, isRepaired: Bool = false) -> String? {
    guard let bytes = fileBytes(of: path) else { return nil }
    if isRepaired { return String(decoding: bytes, as: UTF8.self) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        errno = EILSEQ
        return nil
    }
    return text
}
