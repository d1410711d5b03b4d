import Foundation
import Stack
import TestSupport
import Testing

/// Each thing moves its number, in whichever process it happens.
@Suite(.serialized, .sharesServices) struct `What is counted` {
    private static let shared = Shared {
        try MeteredGlance(
            [
                "DEFAULT": "enabled_import_methods = [glance-direct,web-download,copy-image]",
                "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =",
                "oslo_messaging_notifications": "driver = log",
                "vitrine": "openstack_metrics = true",
                "paste_deploy": "flavor = cachemanagement",
            ], cacheFolder: "\(TestFolder.root)/metered-cache-\(UInt32.random(in: 0 ... .max))", runsRegistry: true)
    }

    let metered: MeteredGlance
    var glance: TestGlance { metered.glance }

    init() throws { metered = try Self.shared.get() }

    private func hasStaged(_ data: String) throws -> String {
        let id = try glance.hasImage()
        let reply = try glance.send("PUT", "/v2/images/\(id)/stage", ["Content-Type": "application/octet-stream"], body: Array(data.utf8))
        guard reply.status == 204 else { throw Unexpected(reply) }
        return id
    }

    private func order(_ method: String, on id: String) throws {
        let reply = try glance.send("POST", "/v2/images/\(id)/import", json: #"{"method": \#(method)}"#)
        guard reply.status == 202 else { throw Unexpected(reply) }
    }

    @Test func `are operations of the store, with their bytes`() throws {
        try metered.expectRise("vitrine_store_written_bytes_total", #"store="file""#, by: 5) { _ = try glance.hasActiveImage() }
        let scrape = try metered.scrape()
        for operation in ["begin", "commit"] {
            let labels = (#"operation="\#(operation)""#, #"outcome="ok""#)
            #expect(scrape.sum("vitrine_store_operations_total", #"store="file""#, labels.0, labels.1) > 0)
            #expect(scrape.sum("vitrine_store_operation_duration_seconds_count", labels.0) > 0)
        }
        let id = try glance.hasActiveImage()
        try metered.expectRise("vitrine_store_operations_total", #"operation="open",outcome="ok""#) {
            _ = try glance.send("GET", "/v2/images/\(id)/file")
        }
        try metered.expectRise("vitrine_removals_total", #"outcome="done""#) { () throws in
            #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        }
        let gone = try glance.hasActiveImage()
        try FileManager.default.removeItem(atPath: "\(glance.storeFolder)/\(gone)")
        try metered.expectRise("vitrine_store_operations_total", #"operation="open",outcome="missing""#) {
            _ = try glance.send("GET", "/v2/images/\(gone)/file")
        }
    }

    @Test func `is the space of the store`() throws {
        // The last of them that is set.
        #expect(try eventually { try metered.scrape().sum("vitrine_store_measured_timestamp_seconds") > 0 })
        #expect(try metered.scrape().sum("vitrine_store_up", #"store="file""#) == 1)
        let scrape = try metered.scrape()
        let (free, size) = (scrape.sum("vitrine_store_free_bytes"), scrape.sum("vitrine_store_size_bytes"))
        #expect(0 < free && free < size)
        #expect(abs(scrape.sum("vitrine_store_measured_timestamp_seconds") - Date().timeIntervalSince1970) < 3600)
    }

    @Test func `are imports, by their method and end`() throws {
        let id = try hasStaged("seven b")
        try metered.expectRise("vitrine_imports_total", #"method="glance-direct",outcome="success""#) {
            try order(#"{"name": "glance-direct"}"#, on: id)
        }
        #expect(try eventually { try metered.scrape().sum("vitrine_imported_bytes_total", #"method="glance-direct""#) >= 7 })
        #expect(try eventually { try metered.scrape().sum("vitrine_import_duration_seconds_count", #"method="glance-direct""#) >= 1 })
        let server = try RawServer { connection, _ in
            _ = connection.readHead()
            connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        let other = try glance.hasImage()
        try metered.expectRise("vitrine_imports_total", #"method="web-download",outcome="failure""#) {
            try order(#"{"name": "web-download", "uri": "\#(server.url())"}"#, on: other)
        }
    }

    @Test func `are V1's requests to the registry, and its copies`() throws {
        try metered.expectRise("vitrine_registry_requests_total", #"outcome="ok""#) { () throws in
            #expect(try glance.send("GET", "/v1/images").status == 200)
        }
        #expect(try metered.scrape().sum("vitrine_registry_request_duration_seconds_count") >= 1)
        try metered.expectRise("vitrine_registry_requests_total", #"outcome="refused""#) { () throws in
            #expect(try glance.send("HEAD", "/v1/images/\(UUID().uuidString.lowercased())").status == 404)
        }
    }

    @Test func `are connections to the database`() throws {
        _ = try glance.names()
        let scrape = try metered.scrape()
        #expect(scrape.sum("vitrine_database_connections", #"state="idle""#) > 0)
        #expect(scrape.sum("vitrine_database_connections", #"state="used""#) >= 0)
        #expect(try eventually { try metered.scrape().sum("vitrine_database_up") == 1 })
        #expect(scrape.sum("vitrine_database_errors_total", #"kind="other""#) == 0, "a duplicate and a lost race are no failures")
    }

    @Test func `are the queues of the installation`() throws {
        try glance.execute(
            """
            INSERT INTO vitrine_removals (image_id, url, owed_since, next_try)
            VALUES ('\(UUID().uuidString.lowercased())', 'file:///nowhere', UTC_TIMESTAMP(6) - INTERVAL 1 HOUR,
                    UTC_TIMESTAMP(6) + INTERVAL 1 DAY)
            """)
        #expect(try eventually { try metered.scrape().sum("vitrine_backlog", #"queue="removals""#) >= 1 })
        // Ages are set after counts, and the time after all.
        #expect(
            try eventually { 3600..<9000 ~= (try metered.scrape().sum("vitrine_backlog_oldest_seconds", #"queue="removals""#)) })
        #expect(try eventually { try metered.scrape().sum("vitrine_backlog_read_timestamp_seconds") > 1e9 })
    }

    @Test func `are faults and lines of the log`() throws {
        try metered.expectRise("vitrine_faults_total", #"kind="not_found""#) { () throws in
            #expect(try glance.send("GET", "/v2/images/\(UUID().uuidString.lowercased())").status == 404)
        }
        try metered.expectRise("vitrine_log_records_total", #"level="info""#) { _ = try glance.names() }
    }

    @Test func `are notifications that were sent`() throws {
        try metered.expectRise("vitrine_notifications_sent_total") { _ = try glance.hasImage() }
    }

    @Test func `are downloads by nginx's log, with their bytes`() throws {
        let id = try glance.hasActiveImage("sent by nginx")
        try metered.expectRise("vitrine_logged_downloads_total", #"method="v2",outcome="complete""#) {
            _ = try glance.send("GET", "/v2/images/\(id)/file")
        }
        #expect(try eventually { try metered.scrape().sum("vitrine_logged_download_bytes_total", #"method="v2""#) >= 13 })
        try metered.expectRise("vitrine_send_log_skipped_lines_total") {
            let log = try #require(FileHandle(forWritingAtPath: Site.sendLog(in: glance.folder)))
            try log.seekToEnd()
            try log.write(contentsOf: Data("a line of another program\n".utf8))
        }
    }

    @Test func `are images that come into the cache and go out from it`() throws {
        let id = try glance.hasActiveImage("cached bytes")
        try metered.expectRise("vitrine_cache_fills_total", #"outcome="filled""#) { () throws in
            #expect(try glance.send("PUT", "/v2/cache/\(id)", as: .admin).status == 202)
        }
        try metered.expectRise("vitrine_cache_reads_total", #"result="hit""#) { () throws in
            #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "cached bytes")
        }
        // The sweep of the cache measures it.
        #expect(try eventually { try metered.scrape().sum("vitrine_cache_images") >= 1 })
        #expect(try eventually { try metered.scrape().sum("vitrine_cache_bytes") >= 12 })
    }

    @Test func `are leases of processes that died, and uploads that they left`() throws {
        let id = try glance.hasImage()
        try glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(id)'")
        try metered.expectRise("vitrine_uploads_abandoned_total") {
            try glance.execute(
                """
                INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
                VALUES ('\(id)', '\(UUID().uuidString.lowercased())', 'file://\(glance.storeFolder)/.incoming/\(id).0', 'nobody',
                        UTC_TIMESTAMP(6) - INTERVAL 1 SECOND)
                """)
        }
    }

    @Test func `are the images, by the names of OpenStack's exporter`() throws {
        let id = try glance.hasActiveImage("12345678", name: #"a \"name\" with \\ and é"#)
        let series = #"openstack_glance_image_bytes{id="\#(id)",name="a \"name\" with \\ and é",tenant_id="acme"}"#
        #expect(try eventually { try metered.scrape().values[series] == 8 })
        let scrape = try metered.scrape()
        #expect(scrape.values["openstack_glance_up"] == 1)
        #expect(try #require(scrape.values["openstack_glance_images"]) >= 1)
        let created = scrape.values.first { $0.key.hasPrefix("openstack_glance_image_created_at{hidden=\"false\",id=\"\(id)\",name=") }
        #expect(created?.key.hasSuffix(#"status="active",tenant_id="acme",visibility="shared"}"#) == true)
        #expect(abs((created?.value ?? 0) - Date().timeIntervalSince1970) < 3600)
    }

    /// The values of every label that has a bound are among those that are declared.
    @Test func `has labels with known values alone`() throws {
        let scrape = try metered.scrape()
        var count = 0
        for key in scrape.values.keys {
            guard let brace = key.firstIndex(of: "{") else { continue }
            let name = String(key[..<brace])
            let family = PromQL.families.first { family in
                family.name == name || ["_bucket", "_sum", "_count"].contains { family.name + $0 == name }
            }
            for match in key[brace...].matches(of: /([a-z_]+)="([^"]*)"/) where match.1 != "le" {
                guard let values = family?.labels.first(where: { $0.name == match.1 })?.values else { continue }
                count += 1
                #expect(values.contains(String(match.2)), "\(key)")
            }
        }
        #expect(count > 100)
        let undeclared = Set(scrape.values.keys.map { String($0.prefix { $0 != "{" }) }).filter { name in
            !PromQL.families.contains { family in ["", "_bucket", "_sum", "_count"].contains { family.name + $0 == name } }
        }
        #expect(undeclared.isEmpty)
    }
}

@Suite struct `Metrics while the database is away` {
    @Test func `show the last figures, and that they are old`() throws {
        let proxy = try SilentProxy(to: SharedMariaDB.running())
        let metered = try MeteredGlance(["vitrine": "openstack_metrics = true"], proxy: proxy)
        _ = try metered.glance.hasActiveImage()
        #expect(try eventually { try metered.scrape().sum("openstack_glance_images") == 1 })
        #expect(try eventually { try metered.scrape().sum("vitrine_database_up") == 1 })
        let failed = try metered.scrape().sum("vitrine_database_errors_total")
        proxy.end()
        #expect(try eventually { try metered.scrape().sum("vitrine_database_up") == 0 })
        #expect(try metered.glance.send("GET", "/v2/images").status == 503)
        let scrape = try metered.scrape()
        #expect(scrape.sum("vitrine_database_errors_total") > failed)
        #expect(scrape.sum("vitrine_faults_total", #"kind="unavailable""#) > 0)
        #expect(scrape.text.contains(#"vitrine_backlog{queue="removals"} "#), "the last figures are gone")
        #expect(try eventually { try metered.scrape().sum("openstack_glance_up") == 0 })
        #expect(try metered.scrape().sum("openstack_glance_images") == 1, "the last figures are gone")
    }
}

@Suite struct `Metrics of a store that fails` {
    @Test func `show it as down`() throws {
        let metered = try MeteredGlance(stores: ["fast", "cheap"])
        _ = try metered.glance.hasActiveImage()
        for store in ["fast", "cheap"] {
            #expect(try eventually { try metered.scrape().sum("vitrine_store_up", #"store="\#(store)""#) == 1 })
        }
        try FileManager.default.moveItem(atPath: "\(metered.glance.folder)/cheap", toPath: "\(metered.glance.folder)/elsewhere")
        #expect(try eventually { try metered.scrape().values[#"vitrine_store_up{store="cheap"}"#] == 0 })
        #expect(try metered.scrape().values[#"vitrine_store_up{store="fast"}"#] == 1)
    }
}

@Suite(.enabled(if: Keystone.isInstalled, "make .build/keystone/.made installs it"))
struct `Metrics of Keystone` {
    @Test func `tell its answers, and what the cache of tokens knew`() throws {
        let port = try freePort()
        let keystone = try Keystone(imageAddress: "http://127.0.0.1:\(port)")
        let metered = try MeteredGlance(["paste_deploy": "flavor = keystone", "keystone_authtoken": keystone.access], identity: nil)
        let token = try keystone.token(of: .alice)
        func list(_ token: String) throws -> Int {
            try metered.glance.send("GET", "/v2/images", as: nil, ["X-Auth-Token": token]).status
        }
        try metered.expectRise("vitrine_keystone_requests_total", #"request="validate",outcome="ok""#) { () throws in
            #expect(try list(token) == 200)
        }
        #expect(try metered.scrape().sum("vitrine_keystone_requests_total", #"request="login",outcome="ok""#) >= 1)
        try metered.expectRise("vitrine_token_cache_lookups_total", #"result="hit""#) { () throws in
            for _ in 0..<6 { #expect(try list(token) == 200) }
        }
        try metered.expectRise("vitrine_keystone_requests_total", #"request="validate",outcome="refused""#) { () throws in
            #expect(try list("nonsense") == 401)
        }
        try metered.expectRise("vitrine_token_cache_lookups_total", #"result="rejected""#) { () throws in
            for _ in 0..<6 { #expect(try list("nonsense") == 401) }
        }
    }
}
