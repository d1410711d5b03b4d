extension Options {
    /// Groups in which Glance's sample configuration shows the options of stores, or in which older releases had them.
    static let sampleStoreGroups = [
        "DEFAULT", "cinder", "file", "glance.store.http.store", "glance.store.rbd.store", "glance.store.s3.store",
        "glance.store.sheepdog.store", "glance.store.swift.store", "glance.store.vmware_datastore.store",
    ]

    /// Options of stores, in a group of any name.
    package static let ofStores = words(
        """
        cinder_api_insecure cinder_ca_certificates_file cinder_catalog_info cinder_do_extend_attached cinder_endpoint_template
        cinder_enforce_multipath cinder_http_retries cinder_mount_point_base cinder_os_region_name cinder_state_transition_timeout
        cinder_store_auth_address cinder_store_password cinder_store_project_domain_name cinder_store_project_name
        cinder_store_user_domain_name cinder_store_user_name filesystem_store_thread_pool_size filesystem_store_threadpool_threshold
        filesystem_store_timeout https_insecure mongodb_store_db mongodb_store_uri os_region_name rootwrap_config
        s3_store_object_buffer_dir s3_store_response_checksum_validation
        sheepdog_store_address sheepdog_store_chunk_size sheepdog_store_port store_capabilities_update_min_interval
        swift_buffer_on_upload swift_enable_snet swift_store_admin_tenants swift_store_project_id swift_store_project_name
        swift_store_ssl_compression swift_store_use_trusts swift_upload_buffer_dir vmware_api_insecure vmware_api_retry_count
        vmware_ca_file vmware_datacenter_path vmware_datastore_name vmware_datastores vmware_insecure vmware_server_password
        vmware_server_username vmware_store_image_dir vmware_task_poll_interval
        """)

    /// Options of logins to Keystone, in a group of any name.
    package static let ofLogins = words(
        """
        access_token access_token_endpoint access_token_type application_credential_id application_credential_name
        application_credential_secret auth_methods auth_plugin auth_section auth_type auth_url authorization_code cafile certfile
        client_id client_secret code code_challenge_method collect_timing default_domain_id default_domain_name
        device_authorization_endpoint discovery_endpoint domain_id domain_name endpoint identity_provider idp_otp_key insecure
        keyfile login_timeout oauth2_client_id oauth2_client_secret oauth2_endpoint passcode password project_domain_id
        project_domain_name project_id project_name protocol redirect_host redirect_port redirect_uri region_name scope
        split_loggers system_scope tenant_id tenant_name timeout tls_ciphers tls_min_version token trust_id url user_domain_id
        user_domain_name user_id user_name username
        """)
}
