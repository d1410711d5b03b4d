import Foundation
import Glibc
import TestSupport
import Testing

/// Rules that ask a server. oslo.policy sends the same questions.
@Suite struct `A server of the policy` {
    private func glance(_ rules: String, _ options: String = "") throws -> TestGlance {
        let file = "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max)).yaml"
        try rules.write(toFile: file, atomically: true, encoding: .utf8)
        return try TestGlance(["oslo_policy": "policy_file = \(file)\n\(options)"], workers: 1)
    }

    /// Answers `True` unless the path contains `no`, and stores the questions.
    private static func server() throws -> RawServer {
        try RawServer { connection, _ in
            while let head = connection.readHead() {
                let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) }
                connection.note(connection.readBody(length ?? 0))
                connection.answer(body: head.hasPrefix("POST /no") ? "False" : "\"True\"")
            }
        }
    }

    @Test func `decides, told of rule, target and caller`() throws {
        let server = try Self.server()
        let glance = try glance(
            "add_image: http://127.0.0.1:\(server.port)/rules/%(owner)s\ndelete_image: rule:far\nfar: http://127.0.0.1:\(server.port)/no")
        let created = try glance.send("POST", "/v2/images", json: #"{"name": "é"}"#)
        #expect(created.status == 201, "\(created.text)")
        let id = try #require(created.json["id"]?.string)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 403)
        #expect(server.heads.map { $0.split(separator: "\r\n")[0] } == ["POST /rules/acme HTTP/1.1", "POST /no HTTP/1.1"])
        let form = try #require(URLComponents(string: "?" + server.notes[1].replacing("+", with: "%20"))?.queryItems)
        func json(_ name: String) -> JSONValue {
            (try? JSONValue(parsing: Array((form.first { $0.name == name }?.value ?? "").utf8))) ?? .null
        }
        // The name of the rule that the service checks, not of the one that contains the check: `current_rule` of oslo.policy.
        #expect(json("rule").string == "delete_image")
        #expect(
            json("target")["owner"]?.string == "acme" && json("target")["name"]?.string == "é" && json("target")["image_id"]?.string == id)
        #expect(json("credentials")["user_id"]?.string == "alice" && json("credentials")["project_id"]?.string == "acme")
        #expect(json("credentials")["roles"]?.array?.contains("member") == true)
    }

    @Test func `is told in JSON where the site wants it so`() throws {
        let server = try Self.server()
        let glance = try glance("add_image: http://127.0.0.1:\(server.port)/", "remote_content_type = application/json")
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 201)
        #expect(server.heads[0].lowercased().contains("content-type: application/json\r\n"))
        let told = try JSONValue(parsing: Array(server.notes[0].utf8))
        #expect(told["rule"]?.string == "add_image" && told["target"]?["owner"]?.string == "acme")
    }

    /// Form and fields are those of oslo.policy.
    @Test func `is asked as oslo.policy asks`() throws {
        let server = try Self.server()
        let script = """
            import json, sys
            from oslo_config import cfg
            from oslo_policy import policy
            conf = cfg.ConfigOpts()
            conf([])
            enforcer = policy.Enforcer(conf, use_conf=False, rules=policy.Rules.from_dict({'add_image': sys.argv[1]}))
            target = {'project_id': 'acme', 'owner': 'acme'}
            creds = {'user_id': 'alice', 'project_id': 'acme', 'roles': ['member']}
            print(json.dumps(bool(enforcer.enforce('add_image', target, creds))))
            """
        let text = "http://127.0.0.1:\(server.port)/rules/%(owner)s"
        #expect(try PyPIGlance.answer(to: script, [text]).bool == true)
        let glance = try glance("add_image: \(text)")
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 201)
        func shape(_ place: Int) -> [String] {
            let head = server.heads[place].split(separator: "\r\n").map { $0.lowercased() }
            let names = (URLComponents(string: "?\(server.notes[place].replacing("+", with: "%20"))")?.queryItems ?? []).map(\.name)
            return [head[0]] + head.filter { $0.hasPrefix("content-type:") } + names.sorted()
        }
        try #require(server.notes.count == 2)
        #expect(shape(0) == shape(1))
        let fields = server.notes.map { Set(($0.replacing("+", with: "%20").removingPercentEncoding ?? "").split(separator: "&")) }
        #expect(fields[0].contains(#"rule="add_image""#) && fields[1].contains(#"rule="add_image""#))
    }

    /// A failure is neither yes nor no: a client would act on a 403 or 404.
    @Test(arguments: ["silent", "closed", "broken"]) func `that does not say is no answer, and holds up nobody else`(_ manner: String)
        async throws
    {
        let silent = try RawServer { connection, _ in
            connection.readHead()
            if manner == "broken" { return connection.answer("500 Internal Server Error", body: "True") }
            var byte = connection.readHead()
            while byte != nil { byte = connection.readHead() }
        }
        let port = manner == "closed" ? try freePort() : silent.port
        let glance = try glance("add_image: not http://127.0.0.1:\(port)/secret", "remote_timeout = 1.5")
        let before = monotonicTime()
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 503)
        #expect(monotonicTime() - before < 30)
        // More than there are threads.
        let statuses = try await atOnce(16) { _ in
            (try glance.send("POST", "/v2/images", json: "{}").status, try glance.send("GET", "/v2/images").status)
        }
        #expect(statuses.allSatisfy { $0 == 503 && $1 == 200 }, "\(statuses)")
        let log = try glance.workerLog()
        #expect(log.contains("the rule 'add_image' is not decided: http://127.0.0.1:\(port)") && !log.contains("/secret"))
    }

    @Test func `is believed by its certificate where that is wanted`() throws {
        let own = try SelfSigned(for: "localhost")
        let port = try freePort()
        let nginx = try Nginx(
            """
            \(own.listening(on: port))
            location / { return 200 True; }
            """)
        let rules = "add_image: https://localhost:\(port)/"
        for (options, status) in [
            ("", 201), ("remote_ssl_verify_server_crt = true", 503),
            ("remote_ssl_verify_server_crt = true\nremote_ssl_ca_crt_file = \(own.certificate)", 201),
        ] {
            #expect(try glance(rules, options).send("POST", "/v2/images", json: "{}").status == status, "\(options)")
        }
        _ = nginx
    }
}

private func monotonicTime() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
