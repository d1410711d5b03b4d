package import OsloConfig

extension Options {
    /// Options of the database.
    package struct Database: OptionDeclarations {
        package let connection = Option<String?>.optionalText("database", "connection").formerly("sql_connection")
            .formerly("sql_connection", in: "DEFAULT").formerly("connection", in: "sql")
            .help(
                "Database, as a URL of SQLAlchemy: mysql+pymysql://user:password@host/name?ssl_ca=file; host1:port,host2:port for a cluster."
            )
        package let maxPoolSize = Option<Int>.int("database", "max_pool_size", default: 0, in: 0...10000)
            .formerly("sql_max_pool_size").formerly("sql_max_pool_size", in: "DEFAULT")
            .help("Database connections that a process keeps open; 0 is one for each of its threads.")
        package let maxOverflow = Option<Int>.int("database", "max_overflow", default: 50, in: 0...10000)
            .formerly("sqlalchemy_max_overflow").formerly("sql_max_overflow", in: "DEFAULT")
            .help("Database connections that a process opens for a moment beyond max_pool_size.")
        package let poolTimeout = Option<Int>.int("database", "pool_timeout", default: 30, in: 0...3600)
            .formerly("sqlalchemy_pool_timeout")
            .help("Seconds that a thread waits for a database connection before its request is answered with 503.")
        package let wsrepSyncWait = Option<Int?>.optionalInt("database", "mysql_wsrep_sync_wait", in: 0...15)
            .help("Value of wsrep_sync_wait at a Galera node: which statements wait for all earlier writes at other nodes.")
        package let metadataSourcePath = Option<String>.text("DEFAULT", "metadata_source_path", default: "/etc/glance/metadefs/")
            .help("Folder that `glance-manage db load_metadefs` reads and `export_metadefs` writes.")
    }
}
