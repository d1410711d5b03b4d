import Files
import Foundation
import JSONDocument
import Testing

@Suite struct `A folder's entries` {
    @Test func `are named whole, however long their names are`() throws {
        let folder = "/tmp/vitrine-folder-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let names = Set([1, 2, 7, 8, 9, 100, 254, 255].map { String(repeating: "n", count: $0) } + ["ü", ".hidden", "a b"])
        for name in names { #expect(FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil)) }
        #expect(Set(try #require(entryNames(in: folder))) == names)
    }

    @Test func `are nil where there is no folder`() {
        #expect(entryNames(in: "/nowhere/at/all") == nil)
        #expect(errno == ENOENT)
    }
}

@Suite struct `A whole file` {
    private func withFile(_ bytes: [UInt8], _ body: (String) -> Void) {
        let path = "/tmp/vitrine-file-\(UInt64.random(in: 0 ... .max))"
        #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
        defer { try? FileManager.default.removeItem(atPath: path) }
        body(path)
    }

    @Test func `is read up to its bound and not beyond`() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        withFile(bytes) { path in
            #expect(fileBytes(of: path) == bytes)
            #expect(fileBytes(of: path, atMost: bytes.count) == bytes)
            #expect(fileBytes(of: path, atMost: bytes.count - 1) == nil)
            #expect(errno == EFBIG)
        }
        withFile([]) { #expect(fileBytes(of: $0, atMost: 0) == []) }
        #expect(fileBytes(of: "/dev/zero", atMost: 1 << 20) == nil)
    }

    @Test func `is nil where it is none, or a folder`() {
        #expect(fileBytes(of: "/nowhere/at/all") == nil)
        #expect(errno == ENOENT)
        #expect(fileBytes(of: "/tmp") == nil)
        #expect(errno == EISDIR)
    }

    @Test func `is a text if it is UTF-8`() {
        withFile(Array("ключ\n".utf8)) { path in
            #expect(fileText(of: path) == "ключ\n")
            #expect(fileText(of: path, isRepaired: true) == "ключ\n")
        }
        withFile([0x61, 0xFF]) { path in
            #expect(fileText(of: path) == nil)
            #expect(errno == EILSEQ)
            #expect(fileText(of: path, isRepaired: true) == "a\u{FFFD}")
        }
    }
}

@Suite struct `JSON in pieces` {
    private static let text = #"""
        {"a": [1, -20, 3.5e2, true, false, null], "ключ": "a\"b\\c\u00e9\ud83d\ude00\n",
         "l": "\#(String(repeating: "x", count: 300))", "o": {}}
        """#

    private func parse(_ bytes: [UInt8], by size: Int) throws -> JSON {
        var place = 0
        return try JSON(parsingPieces: {
            guard place < bytes.count else { return nil }
            defer { place += size }
            return Array(bytes[place..<min(place + size, bytes.count)])
        })
    }

    @Test func `reads as it does in one`() throws {
        let bytes = Array(Self.text.utf8)
        let whole = try JSON(parsing: bytes)
        for size in 1...40 { #expect(try parse(bytes, by: size) == whole, "pieces of \(size)") }
        #expect(try parse(bytes, by: 1000) == whole)
    }

    @Test(arguments: [
        "", "{", "[1,", #"{"a": "x"#, #"["\u12"]"#, #"["\ud83d\u0041"]"#, "[01]", "[1] 2", "tru", "\u{FEFF}[]", "[1e999]", #"["a\#u{1}"]"#,
    ])
    func `refuses what it does in one, at the same place`(_ text: String) {
        let bytes = Array(text.utf8)
        func refusal(_ body: () throws -> JSON) -> String {
            do {
                return "\(try body())"
            } catch let error as JSONSyntaxError {
                return "\(error.offset): \(error.reason)"
            } catch {
                return "\(error)"
            }
        }
        let expected = refusal { try JSON(parsing: bytes) }
        for size in 1...3 { #expect(refusal { try parse(bytes, by: size) } == expected, "pieces of \(size)") }
    }

    @Test func `is written as it is in one`() {
        func write(_ json: inout JSONWriter) {
            json.object { json in
                for number in 0..<3000 { json.member("name\(number)", "a value of some length, \"\(number)\"") }
            }
        }
        var whole = JSONWriter()
        write(&whole)
        var pieces: [[UInt8]] = []
        var json = JSONWriter {
            pieces.append(Array($0))
            return true
        }
        write(&json)
        json.flush()
        #expect(Array(pieces.joined()) == whole.bytes)
        #expect(pieces.count > 1 && pieces.allSatisfy { $0.count < 80_000 })
    }

    @Test func `is written no further when nobody takes it`() {
        var taken = 0
        var json = JSONWriter { _ in
            taken += 1
            return false
        }
        json.array { json in for _ in 0..<100_000 { json.string("nothing") } }
        json.flush()
        #expect(taken == 1 && json.isAbandoned)
    }
}
