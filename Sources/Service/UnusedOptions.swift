internal import OsloConfig

extension Options {
    /// Options of Glance's that an existing configuration may well set and that have no effect here, or not yet. Named so
    /// that they are told from a slip of the pen. Source: Glance's configuration reference.
    static let unused: [OptionKey] =
        keys(
            "DEFAULT",
            """
            allow_anonymous_access api_limit_max backlog bind_host bind_port cache_prefetcher_interval
            data_api default_log_levels digest_algorithm
            http_keepalive http_retries
            image_cache_sqlite_db
            location_strategy lock_path log_config_append log_date_format max_header_line
            owner_is_tenant pydev_worker_debug_host registry_client_cert_file registry_client_insecure
            registry_client_key_file restore scrub_pool_size
            secure_proxy_ssl_header send_identity_headers syslog_log_facility
            tcp_keepidle use_journal use_stderr use_syslog use_user_token
            client_socket_timeout
            """)
        + keys(
            "database",
            """
            backend connection_debug connection_recycle_time connection_trace db_inc_retry_interval db_max_retries
            db_max_retry_interval db_retry_interval max_retries mysql_enable_ndb mysql_sql_mode retry_interval
            slave_connection sqlite_synchronous use_db_reconnect
            """)
        + keys(
            "glance_store",
            """
            default_swift_reference rbd_store_ceph_conf rbd_store_chunk_size rbd_store_pool rbd_store_user s3_store_access_key
            s3_store_bucket s3_store_host s3_store_secret_key swift_store_config_file
            """)
        + keys(
            "keystone_authtoken",
            """
            auth_section auth_version cache collect_timing delay_auth_decision enforce_token_bind include_service_catalog
            memcache_password memcache_pool_conn_get_timeout memcache_pool_dead_retry memcache_pool_maxsize
            memcache_pool_socket_timeout memcache_pool_unused_timeout memcache_sasl_enabled memcache_secret_key
            memcache_security_strategy memcache_tls_allowed_ciphers memcache_tls_cafile memcache_tls_certfile
            memcache_tls_enabled memcache_tls_keyfile memcache_use_advanced_pool memcache_username memcached_servers
            split_loggers timeout trust_id
            """)
        + keys("oslo_concurrency", "disable_process_locking lock_path")
        + keys("oslo_messaging_rabbit", "heartbeat_timeout_threshold rabbit_ha_queues ssl_cert_file ssl_key_file ssl_version")
        + keys("oslo_middleware", "max_request_body_size")
        + keys("oslo_policy", "enforce_scope")
        + keys("paste_deploy", "config_file")
        + keys("task", "eventlet_executor_pool_size task_executor work_dir")
        + keys("taskflow_executor", "engine_mode max_workers")
        + keys("wsgi", "python_interpreter task_pool_threads")
        + keys("image_import_opts", "max_parallel_stores")
        + keys("barbican", "auth_endpoint barbican_api_version number_of_retries retry_delay send_service_user_token")
        + keys("key_manager", "auth_type backend token")
        + keys("profiler", "connection_string enabled hmac_keys trace_sqlalchemy")
        + keys("healthcheck", "allowed_source_ranges ignore_proxied_requests path")

    private static func keys(_ group: String, _ names: String) -> [OptionKey] {
        names.split(whereSeparator: \.isWhitespace).map { OptionKey(group: group, name: String($0)) }
    }
}
