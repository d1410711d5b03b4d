import Foundation
import TestSupport
import Testing

/// The same program as a CGI program, with one request in its environment: RFC 3875.
@Suite(.sharesServices) struct `A program started for one request` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// The answer of a CGI program.
    private struct Answer {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]
        let errors: String

        init(_ command: Command) throws {
            guard let end = command.output.firstRange(of: [13, 10, 13, 10]) else {
                throw Unexpected("no head: \(command.text)\(command.errors)")
            }
            var headers: [String: String] = [:]
            for line in String(decoding: command.output[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n") {
                let parts = line.components(separatedBy: ": ")
                headers[parts[0]] = parts.dropFirst().joined(separator: ": ")
            }
            status = Int(headers["Status"]?.prefix(3) ?? "") ?? 0
            self.headers = headers
            body = Array(command.output[end.upperBound...])
            errors = command.errors
        }

        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Starts the program.
    ///
    /// - Parameter variables: in addition to a request of alice's; an empty one is removed, unless it is an option.
    private func answer(
        _ method: String, _ uri: String, _ variables: [String: String] = [:], _ words: [String] = [], body: [UInt8]? = nil
    ) throws -> Answer {
        var all = [
            "PATH": "/usr/bin:/bin", "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "images.example",
            "SERVER_PORT": "80", "REMOTE_ADDR": "192.0.2.1", "REQUEST_METHOD": method, "REQUEST_URI": uri, "HTTP_X_AUTH_TOKEN": "alice",
            "OS_GLANCE_CONFIG_DIR": glance.folder,
        ]
        if let body { all["CONTENT_LENGTH"] = String(body.count) }
        all.merge(variables) { $1 }
        let program = "\(TestGlance.programs)/glance-api"
        return try Answer(
            Command(program, words, environment: all.filter { !$0.value.isEmpty || $0.key.hasPrefix("OS_") }, input: body).succeeded())
    }

    private func upload(_ data: [UInt8], to id: String, _ variables: [String: String] = [:]) throws -> Answer {
        try answer(
            "PUT", "/v2/images/\(id)/file", ["CONTENT_TYPE": "application/octet-stream"].merging(variables) { $1 }, body: data)
    }

    @Test func `answers it by the rules of CGI`() throws {
        let id = try glance.hasImage(#"{"name": "é"}"#)
        let shown = try answer("GET", "/v2/images/\(id)")
        #expect(shown.headers["Status"] == "200 OK")
        #expect(shown.headers["Content-Type"] == "application/json")
        #expect(shown.headers["Content-Length"] == String(shown.body.count))
        #expect(shown.json["name"]?.string == "é")
        let head = try answer("HEAD", "/v2/images/\(id)")
        #expect(head.status == 200)
        #expect(head.headers["Content-Length"] == shown.headers["Content-Length"])
        #expect(head.body.isEmpty)
        #expect(try answer("GET", "/v2/images/\(id)", ["HTTP_X_AUTH_TOKEN": ""]).status == 401)
        #expect(try answer("GET", "/v2/images/\(id)", ["HTTP_X_AUTH_TOKEN": "bob"]).status == 404)
        let versions = try answer("GET", "/", ["HTTPS": "on"])
        #expect(versions.text.contains(#""https://images.example:80/v2/""#))
    }

    @Test func `takes JSON and data from its input`() throws {
        let created = try answer("POST", "/v2/images", body: Array(#"{"disk_format": "raw", "container_format": "bare"}"#.utf8))
        #expect(created.status == 201)
        let id = try #require(created.json["id"]?.string)
        #expect(created.headers["Location"] == "http://images.example/v2/images/\(id)")
        let data = bytes(2_000_000)
        #expect(try upload(data, to: id).headers["Status"] == "204 No Content")
        #expect(try glance.status(of: id) == "active")
        #expect(FileManager.default.contents(atPath: "\(glance.storeFolder)/\(id)").map(Array.init) == data)
    }

    /// RFC 3875, 4.2: the input may continue behind the body, and must not be read further.
    @Test func `takes no more from its input than the request's length`() throws {
        let id = try glance.hasImage()
        #expect(try upload(Array("hello, and another request".utf8), to: id, ["CONTENT_LENGTH": "5"]).status == 204)
        #expect(try glance.image(id)["size"]?.int == 5)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
    }

    static let shorts: [(String, [String: String])] = [
        ("a length that the input does not keep", ["CONTENT_LENGTH": "200001"]),
        ("no length", ["CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"]),
        ("a length past 64 bits", ["CONTENT_LENGTH": "99999999999999999999", "HTTP_TRANSFER_ENCODING": "chunked"]),
    ]

    @Test(arguments: shorts)
    func `takes nothing of a body that may not be whole`(_ row: String, _ variables: [String: String]) throws {
        let id = try glance.hasImage()
        let refused = try upload(bytes(200_000), to: id, variables)
        #expect(400..<500 ~= refused.status, "\(row): \(refused.status)")
        #expect(try glance.status(of: id) == "queued")
        #expect(try !glance.storedFiles().contains(id))
        #expect(try glance.incomingFiles().allSatisfy { !$0.hasPrefix(id) })
        #expect(try glance.rows("SELECT COUNT(*) FROM vitrine_uploads WHERE image_id = '\(id)'") == [["0"]])
        #expect(try upload(bytes(200_000), to: id).status == 204)
    }

    @Test func `leaves the image's bytes to nginx, or sends them where nginx does not`() throws {
        let id = try glance.hasActiveImage("0123456789")
        let left = try answer("GET", "/v2/images/\(id)/file")
        #expect(left.headers["X-Accel-Redirect"] == "/_blobs/file/\(id)")
        #expect(left.body.isEmpty)
        let alone = ["OS_VITRINE__INTERNAL_PREFIX": ""]
        let sent = try answer("GET", "/v2/images/\(id)/file", alone)
        #expect(sent.headers["X-Accel-Redirect"] == nil)
        #expect(sent.text == "0123456789")
        let part = try answer("GET", "/v2/images/\(id)/file", alone.merging(["HTTP_RANGE": "bytes=2-4"]) { $1 })
        #expect(part.status == 206)
        #expect(part.headers["Content-Range"] == "bytes 2-4/10")
        #expect(part.text == "234")
    }

    @Test func `finds the path where the server gives it decoded`() throws {
        let id = try glance.hasImage(#"{"name": "a b&c"}"#)
        let shown = try answer("GET", "", ["SCRIPT_NAME": "/cgi-bin/image", "PATH_INFO": "/v2/images/\(id)"])
        #expect(shown.json["id"]?.string == id)
        let listed = try answer(
            "GET", "", ["SCRIPT_NAME": "/cgi-bin/image", "PATH_INFO": "/v2/images", "QUERY_STRING": "name=a%20b%26c&id=\(id)"])
        #expect(listed.json["images"]?.array?.map { $0["id"]?.string } == [id])
        let created = try answer("POST", "", ["SCRIPT_NAME": "/cgi-bin/image", "PATH_INFO": "/v2/images"], body: Array("{}".utf8))
        #expect(created.headers["Location"] == "http://images.example/cgi-bin/image/v2/images/\(created.json["id"]?.string ?? "")")
    }

    /// RFC 3875, 4.4: a server may put words of the query on the command line.
    @Test(arguments: [["--help"], ["--config-file", "/etc/passwd"], ["--metadata", "fd:2"], ["--version"]])
    func `does not look at its command line`(_ words: [String]) throws {
        let answer = try answer("GET", "/versions", [:], words)
        #expect(answer.status == 200)
        #expect(answer.json["versions"] != nil)
    }

    @Test func `reads its configuration as Glance's own does`() throws {
        let folder = "\(glance.folder)/etc"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["one", "glance-api"] {
            try FileManager.default.copyItem(atPath: glance.configurationFile, toPath: "\(folder)/\(name).conf")
        }
        for name in ["two", "glance-image-import"] {
            try "[DEFAULT]\npublic_endpoint = https://elsewhere.example\n".write(
                toFile: "\(folder)/\(name).conf", atomically: true, encoding: .utf8)
        }
        // The variable of another program.
        try "[DEFAULT]\npublic_endpoint = https://wrong.example\nlog_file = /nonexistent/image-cache.log\n".write(
            toFile: "\(folder)/glance-cache.conf", atomically: true, encoding: .utf8)
        let whole = try answer("GET", "/versions", ["OS_GLANCE_CONFIG_DIR": folder])
        #expect(whole.text.contains("https://elsewhere.example/v2/"))
        let named = try answer("GET", "/versions", ["OS_GLANCE_CONFIG_DIR": folder, "OS_GLANCE_CONFIG_FILES": "one.conf"])
        #expect(named.text.contains("http://images.example/v2/"))
        let both = try answer("GET", "/versions", ["OS_GLANCE_CONFIG_DIR": folder, "OS_GLANCE_CONFIG_FILES": "one.conf;two.conf"])
        #expect(both.text.contains("https://elsewhere.example/v2/"))
    }

    @Test func `answers 503 without its database, and tells nobody the password`() throws {
        let url = "mysql+pymysql://glance:pass-word@127.0.0.1:1/glance"
        let answer = try answer("GET", "/v2/images", ["OS_DATABASE__CONNECTION": url, "OS_DEFAULT__DEBUG": "true"])
        #expect(answer.status == 503)
        #expect(answer.json["code"] == nil || answer.json["code"]?.string == "503 Service Unavailable")
        #expect(answer.errors.contains("ERROR"))
        #expect(!(answer.text + answer.errors).contains("pass-word"))
    }

    @Test func `writes one access line`() throws {
        let answer = try answer("GET", "/v2/images/nothing?name=x", ["HTTP_X_OPENSTACK_REQUEST_ID": "req-cgi"])
        let lines = answer.errors.split(separator: "\n").filter { $0.contains("glance.access") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("[req-cgi req-cgi alice acme - - - -] GET /v2/images/{image} 404 ") == true)
        #expect(lines.first?.hasSuffix("from 192.0.2.1") == true)
    }

    /// A client's header `Proxy` becomes `HTTP_PROXY` in the environment: CVE-2016-5385. The variable in lower case is the operator's.
    @Test func `takes no proxy from a client, and one from its operator`() throws {
        let proxy = try RawServer { connection, _ in
            connection.readHead()
            connection.answer(body: "hello")
        }
        let url = "http://127.0.0.1:\(proxy.port)"
        let site = try TestGlance(
            ["DEFAULT": "show_multiple_locations = true", "vitrine": "fetch_through_proxy = true"], workers: 1)
        let id = try site.hasImage()
        let change = #"[{"op": "add", "path": "/locations/-", "value": {"url": "http://images.invalid/x", "metadata": {}}}]"#
        func add(_ variables: [String: String]) throws -> Int {
            let type = ["CONTENT_TYPE": "application/openstack-images-v2.1-json-patch", "OS_GLANCE_CONFIG_DIR": site.folder]
            return try answer("PATCH", "/v2/images/\(id)", type.merging(variables) { $1 }, body: Array(change.utf8)).status
        }
        #expect(try add(["HTTP_PROXY": url, "HTTP_HTTP_PROXY": url]) >= 400)
        #expect(proxy.heads.isEmpty)
        #expect(try add(["http_proxy": url]) == 200)
        #expect(proxy.heads.first?.contains(" http://images.invalid/x HTTP/1.1") == true)
    }

    @Test func `reads locations by the proxies of its store`() throws {
        let proxy = try RawServer { connection, _ in
            connection.readHead()
            connection.answer(body: "hello")
        }
        let site = try TestGlance(
            ["DEFAULT": "show_multiple_locations = true", "glance_store": "http_proxy_information = http:127.0.0.1:\(proxy.port)"],
            workers: 1)
        let id = try site.hasImage()
        let change = #"[{"op": "add", "path": "/locations/-", "value": {"url": "http://images.invalid/x", "metadata": {}}}]"#
        #expect(try site.patch(id, change).status == 200)
        #expect(try site.send("GET", "/v2/images/\(id)/file").text == "hello")
        #expect(proxy.heads.allSatisfy { $0.contains(" http://images.invalid/x HTTP/1.1") } && proxy.heads.count >= 2)
    }
}
