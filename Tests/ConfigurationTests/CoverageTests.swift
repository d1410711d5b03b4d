import Assembly
import Foundation
import JSONDocument
import Options
import OsloConfig
import TestSupport
import Testing

/// Every option that Glance and its libraries declare has an effect here, or is known to have none.
@Suite struct `Every option of Glance` {
    /// Groups that exist once for each store, login or set of origins.
    static let groups = """
        [DEFAULT]
        enabled_backends = fast:file, web:http, far:swift
        [keystone_authtoken]
        auth_section = login
        [cors.other]
        allowed_origin = https://a.example

        """

    /// The complaint about each option, without a value: [group: [name: the sentence]].
    private static func complaints(of names: [OptionName]) throws -> [OptionName: String] {
        let lines = names.map { "[\($0.group == "default" ? "DEFAULT" : $0.group)]\n\($0.name) =\n" }.joined()
        let ours = try configuration(lines + groups, known: Options.all)
        let said = try CompositionRoot(ours, program: "test").complaints
        // Each name has its own line, whose number the complaint contains.
        return Dictionary(
            said.compactMap { text in
                let parts = text.components(separatedBy: ".conf:")
                guard parts.count == 2, let line = Int(parts[1].prefix { $0.isNumber }), line <= 2 * names.count else { return nil }
                return (names[(line - 1) / 2], parts[1])
            }, uniquingKeysWith: { first, _ in first })
    }

    @Test func `is used, or unused by name`() throws {
        let declared = try Oslo.declared()
        #expect(declared.count > 600)
        var names = declared.map(\.id)
        // The options of a store are in its group, and so are those of logins.
        for store in ["fast", "web", "far", "os_glance_staging_store", "os_glance_tasks_store"] {
            names += declared.filter { $0.group.hasPrefix("glance.store.") || $0.group == "file" }.map { OptionName(store, $0.name) }
        }
        names += declared.filter { $0.group == "barbican_service_user" }.map { OptionName("login", $0.name) }
        names += declared.filter { $0.group == "cors" }.map { OptionName("cors.other", $0.name) }
        let said = try Self.complaints(of: names)
        for name in names { #expect(said[name]?.contains("unknown option") != true, "[\(name.group)] \(name.name)") }
        let used = names.filter { said[$0] == nil }
        #expect(used.count > 150 && said.values.contains { $0.contains("has no effect here") })
    }

    @Test func `is read by its former names, with oslo's word that they are old`() throws {
        let used = Set(Options.all.map { OptionName($0.group, $0.name) })
        let declared = try Oslo.declared()
        let current = Set(declared.map(\.id))
        let pairs = declared.flatMap { option in option.former.map { ($0, option) } }.filter { !current.contains($0.0) }
        let said = try Self.complaints(of: pairs.map(\.0))
        var read = 0
        for (former, option) in pairs {
            let text = try #require(said[former], "[\(former.group)] \(former.name)")
            guard used.contains(option.id) else {
                #expect(text.contains("has no effect here"), "\(text)")
                continue
            }
            read += 1
            let group = former.group == "default" ? "DEFAULT" : former.group
            let expected = """
                Deprecated: Option "\(former.name)" from group "\(group)" is deprecated. \
                Use option "\(option.name)" from group "\(option.group)".
                """
            #expect(text.hasSuffix(expected), "\(text)")
        }
        #expect(read >= 7)
    }

    /// Names that other releases have and 33 has not: all of Debian 12's sample files, and some of Queens, the last release with the
    /// registry, and before.
    static let others: [String: String] = [
        "DEFAULT": """
        admin_password admin_tenant_name admin_user allow_additional_image_properties auth_region auth_strategy auth_url backlog
        bind_host bind_port cache_prefetcher_interval conn_pool_min_size conn_pool_ttl data_api enable_v2_registry
        enforce_secure_rbac filesystem_store_datadir http_keepalive location_strategy notifier_strategy owner_is_tenant
        pipe_handle rbd_store_pool registry_client_cert_file registry_client_insecure registry_client_key_file rpc_backend
        rpc_conn_pool_size rpc_zmq_host s3_store_host scrubber_datadir secure_proxy_ssl_header send_identity_headers
        sql_idle_timeout swift_store_user use_eventlog use_pub_sub use_user_token verbose
        """,
        "cinder": """
        cinder_api_insecure cinder_ca_certificates_file cinder_catalog_info cinder_endpoint_template cinder_enforce_multipath
        cinder_http_retries cinder_mount_point_base cinder_os_region_name cinder_state_transition_timeout
        cinder_store_auth_address cinder_store_password cinder_store_project_domain_name cinder_store_project_name
        cinder_store_user_domain_name cinder_store_user_name cinder_use_multipath cinder_volume_type rootwrap_config
        """,
        "database": "idle_timeout min_pool_size mysql_enable_ndb sqlite_db use_tpool",
        "glance_download_opts": "extra_properties",
        "glance_store": """
        cinder_api_insecure cinder_ca_certificates_file cinder_catalog_info cinder_do_extend_attached cinder_endpoint_template
        cinder_enforce_multipath cinder_http_retries cinder_mount_point_base cinder_os_region_name
        cinder_state_transition_timeout cinder_store_auth_address cinder_store_password cinder_store_project_domain_name
        cinder_store_project_name cinder_store_user_domain_name cinder_store_user_name rootwrap_config s3_store_object_buffer_dir sheepdog_store_address store_capabilities_update_min_interval
        swift_enable_snet vmware_datacenter_path
        """,
        "healthcheck": "path",
        "keystone_authtoken": """
        admin_token admin_user auth_host hash_algorithms identity_uri revocation_cache_time signing_dir
        """,
        "matchmaker_redis": "sentinel_hosts",
        "os_brick": "lock_path",
        "oslo_messaging_amqp": """
        addressing_mode anycast_address broadcast_prefix connection_retry_backoff connection_retry_interval
        connection_retry_interval_max container_name default_notification_exchange default_notify_timeout default_reply_retry
        default_reply_timeout default_rpc_exchange default_send_timeout default_sender_link_timeout group_request_prefix
        idle_timeout link_retry_delay multicast_address notify_address_prefix notify_server_credit pre_settled pseudo_vhost
        reply_link_credit rpc_address_prefix rpc_server_credit sasl_config_dir sasl_config_name sasl_default_realm
        sasl_mechanisms server_request_prefix ssl ssl_ca_file ssl_cert_file ssl_key_file ssl_key_password ssl_verify_vhost trace
        unicast_address
        """,
        "oslo_messaging_kafka": "conn_pool_min_size conn_pool_ttl kafka_default_host pool_size",
        "oslo_messaging_qpid": "qpid_hosts",
        "oslo_messaging_rabbit": """
        heartbeat_in_pthread kombu_ssl_keyfile rabbit_hosts rabbit_quroum_max_memory_bytes rabbit_quroum_max_memory_length
        """,
        "oslo_messaging_zmq": "rpc_zmq_host zmq_linger",
        "oslo_policy": "enforce_scope",
        "paste_deploy": "config_file",
        "profiler": "sentinel_service_name",
        "store_type_location_strategy": "store_type_preference",
        "task": "eventlet_executor_pool_size",
    ]

    @Test(arguments: others.keys.sorted()) func `of other releases is unused by name`(_ group: String) throws {
        let names = Self.others[group]!.split(whereSeparator: \.isWhitespace).map { OptionName(group, String($0)) }
        let said = try Self.complaints(of: names)
        for name in names { #expect(said[name]?.contains("is an option of Glance's that has no effect here") == true, "\(name)") }
    }

    static let olds: [(OptionName, OptionName)] = [
        (OptionName("DEFAULT", "sql_connection"), OptionName("database", "connection")),
        (OptionName("DEFAULT", "known_stores"), OptionName("glance_store", "stores")),
        (OptionName("DEFAULT", "default_store"), OptionName("glance_store", "default_store")),
        (OptionName("DEFAULT", "policy_file"), OptionName("oslo_policy", "policy_file")),
        (OptionName("DEFAULT", "notification_driver"), OptionName("oslo_messaging_notifications", "driver")),
        (OptionName("keystone_authtoken", "auth_uri"), OptionName("keystone_authtoken", "www_authenticate_uri")),
        (OptionName("oslo_messaging_rabbit", "rabbit_use_ssl"), OptionName("oslo_messaging_rabbit", "ssl")),
        (OptionName("oslo_limit", "tenant_name"), OptionName("oslo_limit", "project_name")),
    ]

    @Test func `of Queens is read by the names that it had then`() throws {
        let said = try Self.complaints(of: Self.olds.map(\.0))
        for (former, current) in Self.olds {
            #expect(said[former]?.hasSuffix("Use option \"\(current.name)\" from group \"\(current.group)\".") == true, "\(former)")
        }
    }

    @Test func `that a file of ours declares is among all options`() throws {
        let all = Set(Options.all.map { OptionName($0.group, $0.name) })
        let folder = "\(TestGlance.repository)Sources/Options"
        var found = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasPrefix("Options") {
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            for match in text.matches(of: /Option<[^(]*>?\.\w+\(\s*"([A-Za-z_]+)",\s*"(\w+)"/) {
                found += 1
                #expect(all.contains(OptionName(String(match.1), String(match.2))), "[\(match.1)] \(match.2) of \(file)")
            }
        }
        #expect(found > 100)
    }

    /// Options whose default differs from Glance's, and why.
    static let ownDefaults: [String: String] = [
        "DEFAULT.control_exchange": "Glance sets it to its own name as it starts",
        "DEFAULT.node_staging_uri": "systemd may give each program a /tmp of its own",
        "database.max_pool_size": "0 is one for each thread", "database.pool_timeout": "SQLAlchemy's own is 30, too",
        "healthcheck.backends": "Glance's paste file has it", "healthcheck.disable_by_file_path": "Glance's paste file has it",
        "keystone_authtoken.http_connect_timeout": "Glance waits without an end",
        "keystone_authtoken.auth_type": "keystonemiddleware has none, and logs nobody in",
        "oslo_policy.policy_dirs": "none named stands for policy.d",
        "oslo_limit.valid_interfaces": "services reach each other by their internal endpoints",
    ]

    @Test func `has Glance's default, or another for a reason`() throws {
        let declared = Dictionary(try Oslo.declared().map { ($0.id, $0) }) { first, _ in first }
        let nothing = try configuration("")
        var different: Set<String> = []
        for key in Options.all {
            guard let option = declared[OptionName(key.group, key.name)] else { continue }
            let ours = try key.value(nothing)
            let isSame =
                switch (ours, option.fallback) {
                case (.none, .null), (.none, ""): true
                case (.text(let a), .string(let b)): a == b || key.kind.hasPrefix("one of") && a.lowercased() == b.lowercased()
                case (.number(let a), .int(let b)): a == b
                case (.number(let a), .string(let b)): String(a) == b
                case (.text(let a), .int(let b)): a == String(b)
                case (.text(let a), .double(let b)): Double(a) == b
                case (.truth(let a), .bool(let b)): a == b
                case (.list(let a), .array(let b)): a == b.map { $0.string ?? $0.int.map(String.init) ?? "" }
                case (.list(let a), .string(let b)): a == [b]
                case (.list(let a), .null): a.isEmpty
                case (.list(let a), .object(let b)): a.isEmpty && b.isEmpty
                case (.table(let a), .object(let b)): a.isEmpty && b.isEmpty
                case (.table(let a), .null): a.isEmpty
                default: false
                }
            let name = "\(option.group).\(option.name)"
            if !isSame { different.insert(name) }
            #expect(isSame || Self.ownDefaults[name] != nil, "\(name): \(ours), Glance \(option.fallback)")
        }
        #expect(different == Set(Self.ownDefaults.keys))
    }
}
