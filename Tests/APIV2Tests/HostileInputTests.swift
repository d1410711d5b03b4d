import TestSupport
import Testing

/// Input made to break a parser is refused, and the workers survive.
@Suite(.sharesServices) struct `Input made to break the service` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// Expects that both workers still run and answer.
    private func expectAlive() throws {
        #expect(glance.site.workerIDs.count == 2)
        #expect(try glance.send("GET", "/v2/images?limit=1").status == 200)
    }

    /// A body that a failed test shows by its name only, because ten megabytes in a log do not help.
    struct Hostile: CustomTestStringConvertible {
        let row, json: String
        var testDescription: String { row }
        init(_ row: String, _ json: String) { (self.row, self.json) = (row, json) }
    }

    static let nested = [
        ("lists", text(of: 10_000, "[")), ("lists that end", text(of: 10_000, "[") + text(of: 10_000, "]")),
        ("objects", text(of: 10_000, #"{"a":"#)), ("objects that end", text(of: 10_000, #"{"a":"#) + "1" + text(of: 10_000, "}")),
        ("both", text(of: 10_000, #"[{"a":"#)), ("a million lists", text(of: 1_000_000, "[")),
        ("inside a field", #"{"name": "# + text(of: 10_000, "[") + text(of: 10_000, "]") + "}"),
        ("inside a property", #"{"deep": "# + text(of: 10_000, #"{"a":"#) + "1" + text(of: 10_000, "}") + "}"),
        ("inside a change", #"[{"op": "add", "path": "/x", "value": "# + text(of: 10_000, "[") + text(of: 10_000, "]") + "}]"),
    ].map(Hostile.init)

    @Test(arguments: nested)
    func `by nesting is refused`(_ body: Hostile) throws {
        let (row, json) = (body.row, body.json)
        let image = try glance.hasImage()
        #expect(try glance.create(json).status == 400, "\(row)")
        #expect(try glance.patch(image, json).status == 400, "\(row)")
        #expect(try glance.patch(image, json, dialect: "v2.0").status == 400, "\(row)")
        #expect(try glance.send("POST", "/v2/images/\(image)/members", json: json).status == 400, "\(row)")
        try expectAlive()
    }

    static let large = [
        ("one text", #"{"name": ""# + text(of: 10_000_000) + #""}"#),
        ("many keys", "{" + text(of: 1_000_000, #""a": "b", "#) + #""a": "b"}"#),
        ("many numbers", "[" + text(of: 5_000_000, "1,") + "1]"), ("blanks", text(of: 10_000_000, " ") + "{}"),
        ("no JSON", text(of: 10_000_000, "x")),
    ].map(Hostile.init)

    @Test(arguments: large)
    func `by its size of 10 MB is refused`(_ body: Hostile) throws {
        let (row, json) = (body.row, body.json)
        let image = try glance.hasImage()
        #expect(try glance.create(json).status == 413, "\(row)")
        #expect(try glance.patch(image, json).status == 413, "\(row)")
        try expectAlive()
    }

    static let full = [
        ("a text", #"{"name": ""# + text(of: 7_000_000) + #""}"#),
        ("keys", "{" + (0..<400_000).map { #""k\#($0)": "v""# }.joined(separator: ",") + "}"),
        ("tags", #"{"tags": ["# + text(of: 1_500_000, #""t","#) + "5]}"),
        ("digits", #"{"min_disk": "# + text(of: 7_000_000, "9") + "}"),
        ("escapes", #"{"name": ""# + text(of: 1_100_000, #"\u0041"#) + #""}"#),
    ].map(Hostile.init)

    @Test(arguments: full)
    func `by 7 MB, which is let in, is refused`(_ body: Hostile) throws {
        let (row, json) = (body.row, body.json)
        #expect([400, 413].contains(try glance.create(json).status), "\(row)")
        try expectAlive()
    }

    static let numbers: [String] = [
        "9223372036854775808", "-9223372036854775809", "99999999999999999999999999", "1e400", "-1e400", "1e999999999", "1E+9999999999999",
        "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0.1e1000", "1.5", "2147483648", "-1", text(of: 400, "9"),
        "-" + text(of: 100_000, "9"),
    ]

    @Test(arguments: ["min_disk", "min_ram"], numbers)
    func `by numbers is refused`(_ field: String, _ number: String) throws {
        let image = try glance.hasImage()
        #expect(try glance.create(#"{"\#(field)": \#(number)}"#).status == 400)
        #expect(try glance.patch(image, #"[{"op": "replace", "path": "/\#(field)", "value": \#(number)}]"#).status == 400)
        #expect(try glance.patch(image, #"[{"replace": "/\#(field)", "value": \#(number)}]"#, dialect: "v2.0").status == 400)
        #expect(try glance.image(image)[field]?.int == 0)
    }

    @Test(arguments: numbers + ["1e-400", "0." + text(of: 100_000, "0") + "1"])
    func `by numbers where a text belongs is refused`(_ number: String) throws {
        #expect(try glance.create(#"{"property": \#(number)}"#).status == 400)
        #expect(try glance.create(#"{"name": \#(number)}"#).status == 400)
        #expect(try glance.create(#"{"tags": [\#(number)]}"#).status == 400)
    }

    static let heads: [(String, [String: String], ClosedRange<Int>)] = [
        ("one of 9 KB", ["X-Long": text(of: 9_000)], 400...431), ("one of 200 KB", ["X-Long": text(of: 200_000)], 400...431),
        ("a name of 9 KB", [text(of: 9_000): "x"], 400...431), ("a token of 7 KB", ["X-Auth-Token": text(of: 7_000)], 401...401),
        ("a request id of 7 KB", ["X-Openstack-Request-Id": text(of: 7_000)], 431...431),
        ("an Accept of 2,000 types", ["Accept": text(of: 2_000, "a/b,") + "a/b"], 404...404),
        ("40 of 1 KB", Dictionary(uniqueKeysWithValues: (0..<40).map { ("X-\($0)", text(of: 1_000)) }), 400...431),
        ("1,000 of them", Dictionary(uniqueKeysWithValues: (0..<1_000).map { ("X-\($0)", "x") }), 400...431),
    ]

    @Test(arguments: heads)
    func `by its headers is refused`(_ row: String, _ headers: [String: String], _ statuses: ClosedRange<Int>) throws {
        let reply = try glance.send("GET", "/v2/images/\(newID())", headers)
        #expect(statuses.contains(reply.status), "\(row): \(reply.status)")
        try expectAlive()
    }

    @Test(arguments: [
        "X-Auth-Token", "Accept", "X-Openstack-Request-Id", "Content-Type", "Host", "X-Any",
    ])
    func `by header bytes that are no text breaks nothing`(_ name: String) throws {
        for bytes: [UInt8] in [[0xFF, 0xFE], [0xC3], [0xED, 0xA0, 0x80], [0x01, 0x02], [0x7F]] {
            var head = Array("GET /v2/images/\(newID()) HTTP/1.1\r\nConnection: close\r\n".utf8)
            if name != "Host" { head += Array("Host: x\r\n".utf8) }
            if name != "X-Auth-Token" { head += Array("X-Auth-Token: alice\r\n".utf8) }
            head += Array("\(name): a".utf8) + bytes + Array("b\r\n\r\n".utf8)
            let reply = try glance.raw(head)
            #expect(400..<500 ~= reply.status, "\(name) \(bytes): \(reply.status)")
        }
        try expectAlive()
    }

    @Test(arguments: [
        "GET /v2/images\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n", "GET /v2/images HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /v2/images HTTP/1.1\r\n\r\n", "GET /v2/images HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET  /v2/images HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /v2/images HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET /v2/im ages HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET v2/images HTTP/1.1\r\nHost: x\r\n\r\n", "GET /v2/images HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n",
    ])
    func `by a head that is none gets no list`(_ head: String) throws {
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(head)
        // A request line without a version is HTTP/0.9, whose answers have no head.
        let reply = try? connection.receive()
        #expect(reply.map { 400..<600 ~= $0.status && $0.status != 500 && $0.status != 502 } ?? true, "\(reply?.status ?? 0)")
        try expectAlive()
    }
}
