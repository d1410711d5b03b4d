import Foundation
import TestSupport
import Testing

/// The headers that pass `glance-params.conf`, as seen by a program that prints its parameters.
@Suite(.sharesServices) struct `What a worker is told of a request` {
    let front: Front
    init() throws { front = try Self.shared.get() }

    private static let shared = Shared {
        let glance = try TestGlance.of(Self.self)
        let program = "\(glance.folder)/told"
        try "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nenv\n".write(toFile: program, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        return try Front(before: glance) { port in
            // As in glance-headers.conf.
            """
            underscores_in_headers on;
            server {
                listen 127.0.0.1:\(port);
                location / {
                    include vitrine/glance-params.conf;
                    fastcgi_param SCRIPT_FILENAME \(program);
                    fastcgi_pass unix:FOLDER/fcgiwrap.socket;
                }
            }
            """
        }
    }

    /// The names and values.
    private func told(_ headers: [String: String], _ target: String = "/v2/images") throws -> [String: String] {
        let reply = try front.send("GET", target, headers)
        guard reply.status == 200 else { throw Unexpected("\(reply.status): \(try front.log())") }
        let pairs = reply.text.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
        return Dictionary(pairs.map { (String($0[0]), $0.count == 2 ? String($0[1]) : "") }) { $1 }
    }

    /// The headers that keystonemiddleware writes into requests, for the user and the calling service. Source: `_request.py`.
    static let identity: [String] =
        ["", "Service-"].flatMap { whose in
            [
                "Identity-Status", "User-Id", "User-Name", "User-Domain-Id", "User-Domain-Name", "Project-Id", "Project-Name",
                "Project-Domain-Id", "Project-Domain-Name", "Domain-Id", "Domain-Name", "Roles",
            ].map { "X-\(whose)\($0)" }
        } + [
            "X-Is-Admin-Project", "X-Service-Catalog", "X-User", "X-Tenant-Id", "X-Tenant-Name", "X-Tenant", "X-Role",
            "OpenStack-System-Scope",
        ]

    @Test(arguments: identity)
    func `is never the identity that a client claims`(_ name: String) throws {
        let spellings = [
            name, name.lowercased(), name.uppercased(), name.replacing("-", with: "_"), name.lowercased().replacing("-", with: "_"),
            String(name.reversed().enumerated().map { $0 % 2 == 0 && $1 == "-" ? "_" : $1 }.reversed()),
        ]
        for spelling in spellings {
            let told = try told([spelling: "forged-value"])
            #expect(!told.values.contains { $0.contains("forged-value") }, "\(spelling)")
        }
        // Two spellings at once.
        let both = try told([name: "forged-value", name.replacing("-", with: "_"): "forged-value"])
        #expect(!both.values.contains { $0.contains("forged-value") })
    }

    @Test func `holds the token, and all else that is the client's to say`() throws {
        let told = try told(["Accept": "text/html", "X-Openstack-Request-Id": "req-1", "Range": "bytes=0-1"], "/v2/images/%41?a=%42&b")
        #expect(told["HTTP_X_AUTH_TOKEN"] == "alice")
        #expect(told["HTTP_ACCEPT"] == "text/html")
        #expect(told["HTTP_X_OPENSTACK_REQUEST_ID"] == "req-1")
        #expect(told["HTTP_RANGE"] == "bytes=0-1")
        #expect(told["REQUEST_METHOD"] == "GET")
        #expect(told["REQUEST_URI"] == "/v2/images/%41?a=%42&b")
        #expect(told["REMOTE_ADDR"] == "127.0.0.1")
        #expect(told["REQUEST_SCHEME"] == "http")
        #expect(told["SERVER_PORT"] == String(front.port))
    }

    /// A client cannot set a parameter of the server by a header.
    @Test func `is not what headers say that look like the server's own words`() throws {
        let told = try told([
            "Proxy": "http://forged", "Request-Method": "DELETE", "Request_Uri": "/forged", "Script-Name": "/forged",
            "Remote-Addr": "forged", "Content_Length": "77",
        ])
        #expect(told["HTTP_PROXY"] ?? "" == "")
        #expect(told["REQUEST_METHOD"] == "GET")
        #expect(told["REQUEST_URI"] == "/v2/images")
        #expect(told["SCRIPT_NAME"] ?? "" == "")
        #expect(told["REMOTE_ADDR"] == "127.0.0.1")
        #expect(told["CONTENT_LENGTH"] ?? "" == "")
    }
}
