extension Options {
    /// Options of oslo's libraries, keystonemiddleware, castellan, os-brick and osprofiler.
    static let ofLibraries: [(String, String)] = [
        (
            "DEFAULT",
            """
            api_paste_config backdoor_port backdoor_socket client_socket_timeout config_dir config_file config_source
            conn_pool_min_size conn_pool_ttl db_auto_create db_enforce_mysql_charset default_log_levels executor_thread_pool_size
            fatal_deprecations instance_format instance_uuid_format lock_path log_color log_config log_config_append log_date_format
            log_format log_options logging_context_format_string logging_debug_format_suffix logging_default_format_string
            logging_exception_prefix logging_user_identity_format matchmaker_heartbeat_freq matchmaker_heartbeat_ttl max_header_line
            publish_errors qpid_heartbeat qpid_host qpid_hostname qpid_notification_exchange qpid_notification_topic qpid_password
            qpid_port qpid_protocol qpid_reconnect_interval qpid_reconnect_interval_max qpid_reconnect_interval_min
            qpid_reconnect_limit qpid_reconnect_timeout qpid_sasl_mechanisms qpid_tcp_nodelay qpid_username rabbit_host
            rabbit_notification_exchange rabbit_notification_topic rabbit_password rabbit_port rabbit_use_ssl rabbit_userid
            rabbit_virtual_host rate_limit_burst rate_limit_except_level rate_limit_interval rpc_backend rpc_conn_pool_size
            rpc_ping_enabled rpc_response_timeout rpc_zmq_concurrency rpc_zmq_port run_external_periodic_tasks sql_idle_timeout
            sqlalchemy_debug syslog_log_facility tcp_keepidle use_eventlog use_journal use_stderr use_syslog use_syslog_rfc_format
            verbose wsgi_default_pool_size wsgi_keep_alive wsgi_log_format wsgi_server_debug
            """
        ),
        (
            "DEFAULT",
            """
            admin_password admin_role admin_tenant_name admin_token admin_user allow_additional_image_properties
            allow_anonymous_access allowed_rpc_exception_modules api_paste_config auth_host auth_port auth_protocol auth_region
            auth_strategy auth_uri auth_url backdoor_port backdoor_socket backlog bind_host bind_port ca_file
            cache_prefetcher_interval cert_file cinder_api_insecure cinder_ca_certificates_file cinder_catalog_info
            cinder_endpoint_template cinder_http_retries cleanup_scrubber cleanup_scrubber_time client_socket_timeout config_dir
            config_file config_source conn_pool_min_size conn_pool_ttl daemon data_api db_auto_create db_enforce_mysql_charset
            default_log_levels default_swift_reference delayed_delete_time digest_algorithm direct_over_proxy enable_image_import
            enable_v2_registry enable_v3_api enforce_secure_rbac eventlet_executor_pool_size executor_thread_pool_size
            fatal_deprecations filesystem_store_datadir filesystem_store_datadirs filesystem_store_metadata_file http_keepalive
            http_retries image_cache_datadir image_cache_enabled image_cache_invalid_entry_grace_period image_cache_max_size_bytes
            image_cache_percent_extra_to_free image_cache_sqlite_db image_cache_stall_timeout instance_format instance_uuid_format
            key_file location_strategy lock_path log_color log_config log_config_append log_date_format log_format log_options
            logging_context_format_string logging_debug_format_suffix logging_default_format_string logging_exception_prefix
            logging_user_identity_format matchmaker_heartbeat_freq matchmaker_heartbeat_ttl max_header_line notifier_strategy
            os_region_name owner_is_tenant pipe_handle policy_default_rule publish_errors pydev_worker_debug_host
            pydev_worker_debug_port qpid_heartbeat qpid_host qpid_hostname qpid_notification_exchange qpid_notification_topic
            qpid_password qpid_port qpid_protocol qpid_reconnect_interval qpid_reconnect_interval_max qpid_reconnect_interval_min
            qpid_reconnect_limit qpid_reconnect_timeout qpid_sasl_mechanisms qpid_tcp_nodelay qpid_username rabbit_host
            rabbit_notification_exchange rabbit_notification_topic rabbit_password rabbit_port rabbit_use_ssl rabbit_userid
            rabbit_virtual_host rate_limit_burst rate_limit_except_level rate_limit_interval rbd_store_ceph_conf
            rbd_store_chunk_size rbd_store_pool rbd_store_user registry_client_cert_file registry_client_insecure
            registry_client_key_file restore rpc_ack_timeout_base rpc_ack_timeout_multiplier rpc_backend rpc_cast_timeout
            rpc_conn_pool_size rpc_message_ttl rpc_ping_enabled rpc_poll_timeout rpc_response_timeout rpc_retry_attempts
            rpc_thread_pool_size rpc_use_acks rpc_zmq_bind_address rpc_zmq_bind_port_retries rpc_zmq_concurrency rpc_zmq_contexts
            rpc_zmq_host rpc_zmq_ipc_dir rpc_zmq_matchmaker rpc_zmq_max_port rpc_zmq_min_port rpc_zmq_port rpc_zmq_serialization
            rpc_zmq_topic_backlog run_external_periodic_tasks s3_store_access_key s3_store_bucket s3_store_bucket_url_format
            s3_store_create_bucket_on_put s3_store_host s3_store_large_object_chunk_size s3_store_large_object_size
            s3_store_object_buffer_dir s3_store_secret_key s3_store_thread_pools scrub_pool_size scrubber_datadir
            secure_proxy_ssl_header send_identity_headers service_host service_port service_protocol sheepdog_collie_path
            sheepdog_gateway sheepdog_port sheepdog_store_address sheepdog_store_chunk_size sheepdog_store_chunk_size_mb
            sheepdog_store_port sql_idle_timeout sqlalchemy_debug subscribe_on swift_enable_snet swift_store_admin_tenants
            swift_store_auth_address swift_store_auth_insecure swift_store_auth_version swift_store_cacert swift_store_config_file
            swift_store_container swift_store_create_container_on_put swift_store_endpoint swift_store_key
            swift_store_large_object_chunk_size swift_store_large_object_size swift_store_multi_tenant swift_store_object_buffer_dir
            swift_store_region swift_store_retry_get_count swift_store_ssl_compression swift_store_user syslog_log_facility
            task_executor tcp_keepidle use_dynamic_connections use_eventlog use_journal use_pub_sub use_router_proxy use_stderr
            use_syslog use_syslog_rfc_format use_user_token verbose vmware_api_insecure vmware_api_retry_count
            vmware_datacenter_path vmware_datastore_name vmware_server_host vmware_server_password vmware_server_username
            vmware_store_image_dir vmware_task_poll_interval wsgi_default_pool_size wsgi_keep_alive wsgi_log_format
            wsgi_server_debug zmq_failover_connections zmq_immediate zmq_linger zmq_target_expire zmq_target_update
            zmq_tcp_keepalive zmq_tcp_keepalive_cnt zmq_tcp_keepalive_idle zmq_tcp_keepalive_intvl
            """
        ),
        (
            "audit_middleware_notifications",
            """
            driver topics transport_url use_oslo_messaging
            """
        ),
        (
            "barbican",
            """
            auth_endpoint barbican_api_version cafile certfile collect_timing insecure keyfile number_of_retries retry_delay
            send_service_user_token split_loggers timeout tls_ciphers tls_min_version
            """
        ),
        (
            "barbican_service_user",
            """
            collect_timing split_loggers timeout tls_ciphers tls_min_version
            """
        ),
        (
            "cache",
            """
            backend backend_argument backend_expiration_time config_prefix dead_timeout debug_cache_backend enable_retry_client
            enable_socket_keepalive enabled expiration_time hashclient_dead_timeout hashclient_retry_attempts hashclient_retry_delay
            hashclient_retry_timeout memcache_dead_retry memcache_password memcache_pool_connection_get_timeout
            memcache_pool_flush_on_reconnect memcache_pool_maxsize memcache_pool_unused_timeout memcache_sasl_enabled
            memcache_servers memcache_socket_timeout memcache_username password proxies redis_db redis_password
            redis_sentinel_service_name redis_sentinels redis_server redis_socket_timeout redis_username retry_attempts retry_delay
            socket_keepalive_count socket_keepalive_idle socket_keepalive_interval socket_timeout tls_allowed_ciphers tls_cafile
            tls_certfile tls_enabled tls_keyfile username
            """
        ),
        (
            "database",
            """
            asyncio_connection asyncio_slave_connection backend connection_debug connection_parameters connection_recycle_time
            connection_trace db_inc_retry_interval db_max_retries db_max_retry_interval db_retry_interval idle_timeout max_retries
            min_pool_size mysql_enable_ndb mysql_sql_mode retry_interval slave_connection sqlite_db
            sqlite_synchronous synchronous_reader use_db_reconnect use_tpool
            """
        ),
        (
            "healthcheck",
            """
            allowed_source_ranges ignore_proxied_requests path
            """
        ),
        (
            "key_manager",
            """
            api_class auth_type auth_url backend domain_id domain_name password project_domain_id project_domain_name project_id
            project_name reauthenticate token trust_id user_domain_id user_domain_name user_id username
            """
        ),
        (
            "keystone_authtoken",
            """
            admin_password admin_tenant_name admin_token admin_user auth_admin_prefix auth_host auth_port auth_protocol auth_version
            cache check_revocations_for_cached collect_timing delay_auth_decision enforce_token_bind hash_algorithms identity_uri
            include_service_catalog memcache_password memcache_pool_conn_get_timeout memcache_pool_dead_retry memcache_pool_maxsize
            memcache_pool_socket_timeout memcache_pool_unused_timeout memcache_sasl_enabled memcache_secret_key
            memcache_security_strategy memcache_servers memcache_tls_allowed_ciphers memcache_tls_cafile memcache_tls_certfile
            memcache_tls_enabled memcache_tls_keyfile memcache_use_advanced_pool memcache_username memcached_servers
            revocation_cache_time signing_dir split_loggers timeout
            """
        ),
        (
            "matchmaker_redis",
            """
            check_timeout host password port sentinel_group_name sentinel_hosts socket_timeout wait_timeout
            """
        ),
        (
            "matchmaker_ring",
            """
            ringfile
            """
        ),
        (
            "os_brick",
            """
            lock_path wait_mpath_device_attempts wait_mpath_device_interval
            """
        ),
        (
            "oslo_concurrency",
            """
            disable_process_locking lock_path
            """
        ),
        (
            "oslo_limit",
            """
            collect_timing connect_retries connect_retry_delay endpoint_override max_version min_version retriable_status_codes
            service_name service_type split_loggers status_code_retries status_code_retry_delay timeout tls_ciphers tls_min_version
            version
            """
        ),
        (
            "oslo_messaging_amqp",
            """
            addressing_mode allow_insecure_clients anycast_address broadcast_prefix connection_retry_backoff
            connection_retry_interval connection_retry_interval_max container_name default_notification_exchange
            default_notify_timeout default_reply_retry default_reply_timeout default_rpc_exchange default_send_timeout
            default_sender_link_timeout group_request_prefix idle_timeout link_retry_delay multicast_address notify_address_prefix
            notify_server_credit password pre_settled pseudo_vhost reply_link_credit rpc_address_prefix rpc_server_credit
            sasl_config_dir sasl_config_name sasl_default_realm sasl_mechanisms server_request_prefix ssl ssl_ca_file ssl_cert_file
            ssl_key_file ssl_key_password ssl_verify_vhost trace unicast_address username
            """
        ),
        (
            "oslo_messaging_kafka",
            """
            compression_codec conn_pool_min_size conn_pool_ttl consumer_group enable_auto_commit kafka_consumer_timeout
            kafka_default_host kafka_default_port kafka_max_fetch_bytes max_poll_records pool_size producer_batch_size
            producer_batch_timeout sasl_mechanism security_protocol ssl_cafile ssl_client_cert_file ssl_client_key_file
            ssl_client_key_password
            """
        ),
        (
            "oslo_messaging_qpid",
            """
            amqp_auto_delete amqp_durable_queues qpid_heartbeat qpid_hostname qpid_hosts qpid_password qpid_port qpid_protocol
            qpid_receiver_capacity qpid_sasl_mechanisms qpid_tcp_nodelay qpid_topology_version qpid_username send_single_reply
            """
        ),
        (
            "oslo_messaging_rabbit",
            """
            channel_max conn_pool_min_size conn_pool_ttl connection_factory default_notification_exchange
            default_notification_retry_attempts default_rpc_exchange default_rpc_retry_attempts default_serializer_type
            direct_mandatory_flag enable_cancel_on_failover fake_rabbit frame_max heartbeat_in_pthread heartbeat_interval
            heartbeat_rate heartbeat_timeout_threshold host_connection_reconnect_delay hostname kombu_compression
            kombu_failover_strategy kombu_missing_consumer_retry_timeout kombu_reconnect_delay kombu_reconnect_splay
            kombu_reconnect_timeout kombu_ssl_certfile kombu_ssl_keyfile kombu_ssl_version notification_listener_prefetch_count
            notification_persistence notification_retry_delay pool_max_overflow pool_max_size pool_recycle pool_stale pool_timeout
            processname rabbit_ha_queues rabbit_host rabbit_hosts rabbit_interval_max rabbit_login_method rabbit_max_retries
            rabbit_password rabbit_port rabbit_qos_prefetch_count rabbit_quorum_delivery_limit rabbit_quorum_max_memory_bytes
            rabbit_quorum_max_memory_length rabbit_quroum_max_memory_bytes rabbit_quroum_max_memory_length rabbit_retry_backoff
            rabbit_retry_interval rabbit_stream_fanout rabbit_transient_queues_ttl rabbit_transient_quorum_queue rabbit_userid
            rabbit_virtual_host rpc_conn_pool_size rpc_listener_prefetch_count rpc_queue_expiration rpc_reply_exchange
            rpc_reply_listener_prefetch_count rpc_reply_retry_attempts rpc_reply_retry_delay rpc_retry_delay send_single_reply
            socket_timeout ssl_cert_file ssl_enforce_fips_mode ssl_enforce_hostname_verification ssl_key_file ssl_options
            ssl_version tcp_user_timeout use_queue_manager
            """
        ),
        (
            "oslo_middleware",
            """
            http_basic_auth_user_file max_request_body_size
            """
        ),
        (
            "oslo_middleware_tracing",
            """
            enabled insecure otlp_endpoint otlp_protocol sampling_rate service_name
            """
        ),
        (
            "oslo_policy",
            """
            enforce_scope
            """
        ),
        (
            "oslo_reports",
            """
            file_event_handler file_event_handler_interval log_dir
            """
        ),
        (
            "profiler",
            """
            connection_string enabled es_doc_type es_scroll_size es_scroll_time filter_error_trace hmac_keys profiler_enabled
            sentinal_service_name sentinel_service_name socket_timeout trace_requests trace_sqlalchemy
            """
        ),
        (
            "profiler_jaeger",
            """
            process_tags service_name_prefix
            """
        ),
        (
            "profiler_otlp",
            """
            service_name_prefix
            """
        ),
        (
            "ssl",
            """
            ca_file cert_file ciphers key_file version
            """
        ),
        (
            "vault",
            """
            approle_role_id approle_secret_id auth_method auth_path kv_mountpoint kv_path kv_version namespace root_token_id
            ssl_ca_crt_file timeout token_file token_role use_ssl vault_url
            """
        ),
    ]

    /// Options of ZeroMQ, in a group of their own and, in older releases, in DEFAULT.
    static let ofZeroMQ =
        """
        rpc_ack_timeout_base rpc_ack_timeout_multiplier rpc_cast_timeout rpc_message_ttl rpc_poll_timeout rpc_retry_attempts
        rpc_thread_pool_size rpc_use_acks rpc_zmq_bind_address rpc_zmq_bind_port_retries rpc_zmq_contexts rpc_zmq_host
        rpc_zmq_ipc_dir rpc_zmq_matchmaker rpc_zmq_max_port rpc_zmq_min_port rpc_zmq_serialization rpc_zmq_topic_backlog
        subscribe_on use_dynamic_connections use_pub_sub use_router_proxy zmq_failover_connections zmq_immediate zmq_linger
        zmq_target_expire zmq_target_update zmq_tcp_keepalive zmq_tcp_keepalive_cnt zmq_tcp_keepalive_idle zmq_tcp_keepalive_intvl
        """
}
