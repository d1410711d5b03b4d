package import OsloConfig

/// Options of Glance that have no effect here. The log names them as such, not as misspelt ones.
/// Source: the option lists of Glance's releases up to 33, and of the libraries that they use.
extension Options {
    package static let unused: [OptionName] = {
        var names: [OptionName] = []
        func add(_ group: String, _ words: [String]) { names += words.map { OptionName(group, $0) } }
        for (group, text) in ofGlance + ofLibraries { add(group, words(text)) }
        for group in ["DEFAULT", "oslo_messaging_zmq"] { add(group, words(ofZeroMQ)) }
        for group in ["barbican_service_user", "keystone_authtoken", "oslo_limit"] { add(group, ofLogins) }
        for group in sampleStoreGroups { add(group, ofStores + StoreGroup(group).keys.map(\.name)) }
        return names
    }()

    /// Groups, and the names in each.
    private static let ofGlance: [(String, String)] = [
        (
            "DEFAULT",
            """
            admin_password admin_role admin_tenant_name admin_token admin_user allow_additional_image_properties
            allow_anonymous_access allowed_rpc_exception_modules auth_host auth_port auth_protocol auth_region auth_strategy
            auth_uri auth_url backlog bind_host bind_port ca_file cache_prefetcher_interval cert_file cleanup_scrubber
            cleanup_scrubber_time daemon data_api delayed_delete_time digest_algorithm direct_over_proxy enable_image_import
            enable_v2_registry enable_v3_api enforce_secure_rbac eventlet_executor_pool_size http_keepalive
            image_cache_datadir image_cache_enabled image_cache_invalid_entry_grace_period image_cache_max_size_bytes
            image_cache_percent_extra_to_free image_cache_sqlite_db image_cache_stall_timeout key_file location_strategy
            notifier_strategy owner_is_tenant pipe_handle pydev_worker_debug_host pydev_worker_debug_port
            registry_client_cert_file registry_client_insecure registry_client_key_file restore scrub_pool_size scrubber_datadir
            secure_proxy_ssl_header send_identity_headers service_host service_port service_protocol sheepdog_collie_path
            sheepdog_gateway sheepdog_port sheepdog_store_chunk_size_mb swift_store_object_buffer_dir task_executor use_user_token
            """
        ),
        (
            "glance_download_opts",
            """
            extra_properties
            """
        ),
        (
            "image_import_opts",
            """
            max_parallel_stores
            """
        ),
        (
            "paste_deploy",
            """
            config_file
            """
        ),
        (
            "store_type_location_strategy",
            """
            store_type_preference
            """
        ),
        (
            "task",
            """
            eventlet_executor_pool_size task_executor work_dir
            """
        ),
        (
            "taskflow_executor",
            """
            engine_mode max_workers
            """
        ),
        (
            "wsgi",
            """
            python_interpreter task_pool_threads
            """
        ),
    ]

    static func words(_ text: String) -> [String] { text.split(whereSeparator: \.isWhitespace).map(String.init) }
}
