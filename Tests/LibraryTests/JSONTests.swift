import JSONDocument
import Testing

@Suite struct `A JSON text` {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "12", "-9223372036854775808", "9223372036854775807", "1.5", "1e3", "\"\"", "\"é\"", "[]", "{}",
        "[1, [2, {}]]", " { \"a\" : [ ] } ", #""\u00e9\ud83d\ude00\n\"\\\/""#, #"{"a": {"b": [null]}}"#,
    ])
    func `is read`(_ text: String) throws {
        let value = try JSON(parsing: Array(text.utf8))
        #expect(try JSON(parsing: value.text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "01", "-", "1.", ".5", "1e", "+1", "NaN", "Infinity", "'a'", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"",
        "\"\\udc00\"",
        "\"\t\"", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a: 1}", "{\"a\":1,}", "1 2", "[", "{", "9223372036854775808",
        "-9223372036854775809",
        "1e999", "\u{FEFF}1", "[1]]", "\"\\u+123\"",
    ])
    func `is refused`(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: Array(text.utf8)) }
    }

    @Test(arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC3, 0x22], [0x7B, 0x00]])
    func `is refused where it is not UTF-8`(_ bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: bytes) }
    }

    @Test func `is refused when it is nested too deep, however deep`() throws {
        let deepest = String(repeating: "[", count: JSON.deepest + 1) + String(repeating: "]", count: JSON.deepest + 1)
        _ = try JSON(parsing: Array(deepest.utf8))
        for depth in [JSON.deepest + 2, 10_000, 1_000_000] {
            #expect(throws: JSONSyntaxError.self) { try JSON(parsing: Array(repeating: UInt8(ascii: "["), count: depth)) }
            #expect(throws: JSONSyntaxError.self) { try JSON(parsing: Array(String(repeating: #"{"a":"#, count: depth).utf8)) }
        }
    }

    @Test func `keeps the order of keys and the last of two values`() throws {
        let object = try JSON(parsing: Array(#"{"b": 1, "a": 2, "b": 3}"#.utf8)).object
        #expect(object?.keys == ["b", "a"])
        #expect(object?["b"] == 3)
    }

    @Test func `is written as Python writes it`() {
        var writer = JSONWriter()
        writer.object { json in
            json.member("a\"\\\u{1}\n", "é😀/")
            json.member("b", Int64.min)
            json.member("c", String?.none)
            json.key("d")
            json.array { json in
                json.bool(true)
                json.object { _ in }
                json.array { _ in }
            }
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"a\"\\\u0001\n": "é😀/", "b": -9223372036854775808, "c": null, "d": [true, {}, []]}"#)
    }

    /// Texts are looked at in words of eight bytes, so a character's place must not matter.
    @Test func `has control characters, quotation marks and backslashes escaped, wherever they stand`() throws {
        let letters = Array("abcdefghijklmnopqrst\u{7F}é\u{80}\u{FFFF}".unicodeScalars)
        let values: [ClosedRange<UInt32>] = [0x1E...0x23, 0x5B...0x5D, 0x7F...0x81, 0xA1...0xA3]
        for value in [0, 0x0A] + values.joined() {
            for place in letters.indices {
                var scalars = String.UnicodeScalarView(letters)
                let start = scalars.index(scalars.startIndex, offsetBy: place)
                scalars.replaceSubrange(start..<scalars.index(after: start), with: [Unicode.Scalar(value)!])
                let text = JSON.string(String(scalars)).text
                #expect(text.dropFirst().dropLast().allSatisfy { $0 >= 0x20 })
                #expect(try JSON(parsing: text).string?.isSame(as: String(scalars)) == true, "\(value) at \(place)")
            }
        }
    }

    /// The last word of eight bytes shares some with the one before it, and short texts have none.
    @Test func `has them escaped in texts of every length`() {
        for length in 1...17 {
            for place in 0..<length {
                var letters = Array(repeating: UInt8(ascii: "a"), count: length)
                letters[place] = UInt8(ascii: "\"")
                let text = JSON.string(String(decoding: letters, as: UTF8.self)).text
                #expect(text.count == length + 3, "\(place) of \(length)")
            }
        }
    }
}

@Suite struct `A list of changes` {
    static let pointers: [(String, [String]?)] = [
        ("/name", ["name"]), ("//name", ["name"]), ("/", [""]), ("/a/b", ["a", "b"]), ("/a~1b~0c", ["a/b~c"]), ("/ a ", ["a"]),
        ("name", nil), ("/a/", nil),
        ("/a//b", nil), ("/a/ /b", nil), ("/a~2", nil), ("/a~", nil), ("", nil), ("/~01", ["~1"]),
    ]

    @Test(arguments: pointers) func `names its places by pointers`(_ pointer: String, _ path: [String]?) throws {
        let change: JSON = [["op": "remove", "path": .string(pointer)]]
        #expect((try? JSONPatch(change, dialect: .v2_1))?.operations.first?.path == path)
    }

    @Test func `is read in both dialects`() throws {
        let new = try JSONPatch([["op": "replace", "path": "/name", "value": "x"]], dialect: .v2_1)
        let old = try JSONPatch([["replace": "/name", "value": "x"]], dialect: .v2_0)
        for patch in [new, old] {
            #expect(patch.operations.map(\.verb) == [.replace])
            #expect(patch.operations[0].value == "x")
        }
    }

    @Test(
        arguments: [
            ["a": 1], [1], [["op": "move", "path": "/a", "from": "/b"]], [["op": "test", "path": "/a", "value": 1]], [["path": "/a"]],
            [["op": "add", "path": "/a"]],
            [["op": "add", "value": 1]], [["op": 1, "path": "/a"]], [["op": "remove", "path": 5]],
        ] as [JSON])
    func `is refused`(_ document: JSON) {
        #expect(throws: JSONPatchError.self) { try JSONPatch(document, dialect: .v2_1) }
    }

    @Test(arguments: [[["add": "/a", "remove": "/b", "value": 1]], [["value": 1]], [["op": "add", "path": "/a", "value": 1]]] as [JSON])
    func `of the older dialect is refused`(_ document: JSON) {
        #expect(throws: JSONPatchError.self) { try JSONPatch(document, dialect: .v2_0) }
    }
}

@Suite struct `A JSON schema` {
    static let broken: [(JSONObject, JSON)] = [
        (["type": "string"], 5), (["type": ["null", "string"]], true), (["type": "integer"], .double(1.5)), (["enum": [.null, "a"]], "b"),
        (["maxLength": 3], "abcd"), (["minLength": 3], "ab"), (["pattern": "^a+$"], "b"), (["minimum": 0], -1), (["maximum": 5], 6),
        (["items": ["type": "string"]], ["a", 1]), (["uniqueItems": true], ["a", "a"]), (["required": ["a"]], ["b": 1]),
        (["properties": ["a": ["type": "string"]]], ["a": 1]), (["additionalProperties": false], ["a": 1]),
        (["additionalProperties": ["type": "string"]], ["a": 1]),
    ]

    @Test(arguments: broken) func `finds what breaks it`(_ schema: JSONObject, _ value: JSON) {
        #expect(throws: JSONSchema.Violation.self) { try JSONSchema(name: "test", schema).check(value) }
    }

    @Test func `says which value, which rule and where`() {
        let schema = JSONSchema(name: "image", ["properties": ["tags": ["items": ["type": "string"]]]])
        do {
            try schema.check(["tags": ["a", 5]])
            Issue.record("it passed")
        } catch {
            #expect(error.explanation == "Provided object does not match schema 'image': 5 is not of type 'string' at 'tags/1'.")
        }
    }

    @Test func `lets pass what fits`() throws {
        let schema = JSONSchema(
            name: "test",
            [
                "properties": [
                    "a": ["type": ["null", "string"], "maxLength": 3, "pattern": "^[a-z]*$"], "n": ["type": "integer", "minimum": 0],
                ],
                "required": ["a"], "additionalProperties": ["type": "string"],
            ])
        try schema.check(["a": "abc", "n": 0, "other": "x"])
        try schema.check(["a": .null])
    }

    @Test func `follows references to definitions, and wants all of what is put together`() throws {
        let schema = JSONSchema(
            name: "test",
            [
                "properties": ["a": ["$ref": "#/definitions/list"], "n": ["allOf": [["$ref": "#/definitions/small"], ["minimum": 2]]]],
                "definitions": [
                    "list": ["type": "array", "items": ["$ref": "#/definitions/small"]], "small": ["type": "integer", "maximum": 9],
                ],
            ])
        try schema.check(["a": [1, 9], "n": 2])
        for value in [["a": 1], ["a": [10]], ["n": 10], ["n": 1]] as [JSON] {
            #expect(throws: JSONSchema.Violation.self) { try schema.check(value) }
        }
    }
}
