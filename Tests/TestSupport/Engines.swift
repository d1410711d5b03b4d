import Foundation
import Glibc
import Stack
import Synchronization

/// An S3 server of the tests: SeaweedFS, moto where that is not to be had, or Ceph's RGW. `Tests/Engines/s3` starts it.
package struct S3Engine: Sendable {
    /// `http://127.0.0.1:port`.
    package let endpoint: String
    /// The keys of a user who may do everything.
    package let accessKey, secretKey: String
    /// The keys of a user who may do nothing with the buckets of others.
    package let strangersAccessKey, strangersSecretKey: String
    /// The keys of a user who may read and list all; empty where there is none.
    package let readersAccessKey, readersSecretKey: String

    fileprivate init(_ values: [String: String]) {
        func value(_ name: String) -> String { values["S3_\(name)"] ?? "" }
        endpoint = value("ENDPOINT")
        (accessKey, secretKey) = (value("ACCESS_KEY"), value("SECRET_KEY"))
        (strangersAccessKey, strangersSecretKey) = (value("STRANGER_KEY"), value("STRANGER_SECRET"))
        (readersAccessKey, readersSecretKey) = (value("READER_KEY"), value("READER_SECRET"))
    }

    /// The one that all suites of the process share.
    package static func running() throws -> S3Engine { S3Engine(try shared.running() ?? [:]) }

    private static let shared = SharedEngine("s3")

    /// Makes a bucket that did not exist before.
    ///
    /// - Parameter name: begins the bucket's name, which is returned: all suites share the engine.
    package func bucket(_ name: String) throws -> String {
        let name = "\(name.lowercased())-\(UInt32.random(in: 0 ... .max))"
        try ask("make", name)
        return name
    }

    /// All that a bucket holds: the keys of objects, and `KEY ID` for each unfinished upload.
    package func names(in bucket: String) throws -> [String] {
        let listed = try ask("list", bucket).json
        return ["objects", "uploads"].flatMap { listed[$0]?.array ?? [] }.compactMap(\.string)
    }

    /// Runs `Tests/Engines/s3client.py` with this user's keys.
    @discardableResult
    package func ask(_ command: String, _ arguments: String...) throws -> Command {
        let variables = ["S3_ENDPOINT": endpoint, "S3_ACCESS_KEY": accessKey, "S3_SECRET_KEY": secretKey, "PATH": "/usr/bin:/bin"]
        return try Command("\(EngineFolder.scripts)/s3client.py", [command] + arguments, environment: variables).succeeded()
    }
}

/// A Ceph of the tests: RBD, and RGW for S3 and Swift. `Tests/Engines/ceph` starts it; everything lies in its OSD's memory.
package struct CephEngine: Sendable {
    /// The path of ceph.conf; with it alone, Ceph's tools are the administrator.
    package let conf: String
    /// The RBD user, without `client.`, and the path of its keyring. It may use the pool only.
    package let user, keyring, pool: String
    /// The options of an RBD store in the pool.
    package var options: String { options(pool: pool, user: user) }
    /// The options of an RBD store in any pool, for a user who may use it.
    package func options(pool: String, user: String) -> String {
        "rbd_store_pool = \(pool)\nrbd_store_user = \(user)\nrbd_store_ceph_conf = \(conf)"
    }
    package let s3: S3Engine
    package let swift: (authURL: String, user: String, key: String)
    private let folder: EngineFolder

    fileprivate init(_ values: [String: String], _ folder: EngineFolder) {
        (conf, user) = (values["CEPH_CONF"] ?? "", values["RBD_USER"] ?? "")
        (keyring, pool) = (values["RBD_KEYRING"] ?? "", values["RBD_POOL"] ?? "")
        s3 = S3Engine(values)
        swift = (values["SWIFT_AUTH_URL"] ?? "", values["SWIFT_USER"] ?? "", values["SWIFT_KEY"] ?? "")
        self.folder = folder
    }

    /// The one that all suites of the process share: tests do not kill, freeze or fill it.
    ///
    /// - Returns: nil where Ceph's packages are not to be had.
    package static func running() throws -> CephEngine? { try shared.running().map { CephEngine($0, shared.folder) } }

    private static let shared = SharedEngine("ceph")

    /// Runs a test that kills, freezes or fills a Ceph, and leaves it as it was. The tests of the process that do so share one, which keeps
    /// its data on the disk, and wait for one another. Nothing is run where Ceph's packages are not to be had.
    package static func disturbed(_ body: (CephEngine) throws -> Void) throws {
        try disturbing.withLock { _ in
            guard let values = try sharedByDisturbers.running() else { return }
            try body(CephEngine(values, sharedByDisturbers.folder))
        }
    }

    private static let disturbing = Mutex(())
    // It takes a client for dead sooner than Ceph does by default; a living one tells of itself every five seconds.
    private static let sharedByDisturbers = SharedEngine(
        "disturbed-ceph", ["--store", "bluestore", "--set", "osd", "osd_client_watch_timeout=12"])

    /// Runs a program of Ceph's (`ceph`, `rbd`, `rados`, `radosgw-admin`) as the administrator.
    @discardableResult
    package func run(_ program: String, _ arguments: String...) throws -> Command {
        try Command("/usr/bin/\(program)", ["-c", conf] + arguments, limit: 60).succeeded()
    }

    /// The names in the pool, each with its snapshots (`name`, `name@snap`), and those in its trash (`trash/name`).
    package func imageNames() throws -> [String] {
        // One program instead of one an image.
        let script = """
            import rados, rbd, sys
            with rados.Rados(conffile=sys.argv[1], name="client.admin") as cluster, cluster.open_ioctx(sys.argv[2]) as pool:
                for name in rbd.RBD().list(pool):
                    print(name)
                    try:
                        with rbd.Image(pool, name, read_only=True) as image:
                            for snap in image.list_snaps(): print(name + "@" + snap["name"])
                    except rbd.ImageNotFound: pass
                for entry in rbd.RBD().trash_list(pool): print("trash/" + entry["name"])
            """
        let said = try Command("/usr/bin/python3", ["-c", script, conf, pool], limit: 60).succeeded()
        return said.text.split(separator: "\n").map(String.init)
    }

    /// A process of the cluster.
    package enum Daemon: String, Sendable, CaseIterable { case mon = "mon.a", osd = "osd.0", gateway = "rgw" }

    /// Stops a process: its peers see no end of their connections.
    package func freeze(_ daemon: Daemon) { folder.process(daemon.rawValue).map(TestSupport.freeze) }

    /// Continues a frozen process.
    package func thaw(_ daemon: Daemon) { folder.process(daemon.rawValue).map(TestSupport.thaw) }

    /// Kills a process. With the OSD of the engine that all suites share, which keeps everything in memory, all data are gone.
    package func end(_ daemon: Daemon) { folder.process(daemon.rawValue).map { _ = kill($0, SIGKILL) } }

    /// Starts what does not run.
    package func restart() throws { _ = try folder.up() }

    /// Continues what is frozen, starts what does not run, and waits until all works.
    ///
    /// With a single OSD, placement groups that were asked for data after it had been frozen for 16 seconds wait for ever for a lease of their
    /// peers, of which there are none; they begin anew when the OSD is marked as down, which it contradicts at once. Seen with Ceph 16.2.15.
    package func recover() throws {
        for daemon in Daemon.allCases { thaw(daemon) }
        try restart()
        try run("ceph", "osd", "down", "0")
        guard
            try eventually(
                within: 60,
                {
                    let status = try run("ceph", "status", "--format", "json").json
                    let states = (status["pgmap"]?["pgs_by_state"]?.array ?? []).compactMap { $0["state_name"]?.string }
                    // Whether they are scrubbed, too, does not matter.
                    return status["osdmap"]?["num_up_osds"]?.int == 1 && !states.isEmpty
                        && states.allSatisfy { $0.hasPrefix("active+clean") }
                })
        else { throw Unexpected("the cluster does not recover: \(try run("ceph", "status").text)") }
    }

    /// Has the OSD wait before it takes each message; 0 for no wait.
    package func slow(by seconds: Double) throws {
        try run("ceph", "tell", "osd.0", "config", "set", "osd_debug_inject_dispatch_delay_duration", String(seconds))
        try run("ceph", "tell", "osd.0", "config", "set", "osd_debug_inject_dispatch_delay_probability", seconds > 0 ? "1" : "0")
    }

    /// Has the OSD cut its connections, each after about this number of reads and writes; 0 for none.
    package func cutConnections(after count: Int) throws {
        try run("ceph", "tell", "osd.0", "config", "set", "ms_inject_socket_failures", String(count))
    }

    /// Limits the bytes in the pool; 0 for no limit. It counts a second or two later.
    package func limitPool(to bytes: Int64) throws { try run("ceph", "osd", "pool", "set-quota", pool, "max_bytes", String(bytes)) }

    /// Limits the bytes of all buckets and containers of the user; nil for no limit.
    package func limitBuckets(to bytes: Int64?) throws {
        let user = ["--quota-scope=user", "--uid=glance"]
        if let bytes { try Command("/usr/bin/radosgw-admin", ["-c", conf, "quota", "set", "--max-size=\(bytes)"] + user).succeeded() }
        try Command("/usr/bin/radosgw-admin", ["-c", conf, "quota", bytes == nil ? "disable" : "enable"] + user).succeeded()
    }
}

/// Three MariaDB nodes in one Galera cluster. `Tests/Engines/galera` starts them.
package struct GaleraEngine: Sendable {
    private let values: [String: String]
    private let folder: EngineFolder

    /// The cluster that the suites of the process share; they run one after the other (`disturbing`), and leave it as it was.
    ///
    /// - Returns: nil where MariaDB has no Galera library.
    package static func running() throws -> GaleraEngine? { try shared.running().map { GaleraEngine(values: $0, folder: shared.folder) } }

    private static let shared = SharedEngine("galera")

    /// The port of each node on 127.0.0.1.
    package var ports: [String] { (values["GALERA_PORTS"] ?? "").split(separator: ",").map(String.init) }

    /// The URL of a database.
    ///
    /// - Parameter nodes: the nodes (0 to 2) that it leads to, in the order of preference.
    package func url(of database: String, at nodes: Int...) -> String {
        let places = nodes.map { "127.0.0.1:\(ports[$0])" }.joined(separator: ",")
        return "mysql+pymysql://\(values["GALERA_USER"] ?? ""):\(values["GALERA_PASSWORD"] ?? "")@\(places)/\(database)"
    }

    /// Runs SQL as the administrator of a node.
    @discardableResult
    package func administer(_ node: Int, _ sql: String) throws -> Command {
        let socket = (values["GALERA_SOCKETS"] ?? "").split(separator: ",")[node]
        return try Command(
            "/usr/bin/mariadb", ["--no-defaults", "-uroot", "-S", String(socket), "-BN", "-e", sql], limit: 60
        ).succeeded()
    }

    /// Stops a node: its clients and the other nodes get no answer.
    package func freeze(_ node: Int) { folder.process("n\(node + 1)").map(TestSupport.freeze) }

    /// Kills a node.
    package func end(_ node: Int) { folder.process("n\(node + 1)").map { _ = kill($0, SIGKILL) } }

    /// Kills a node, and removes all its data.
    package func empty(_ node: Int) throws {
        end(node)
        let data = "\(folder.path)/n\(node + 1)"
        // The process may write until it has ended.
        guard
            eventually({
                try? FileManager.default.removeItem(atPath: data)
                return !FileManager.default.fileExists(atPath: data)
            })
        else { throw Unexpected("\(data) cannot be removed") }
    }

    /// Cuts a node off from the others; it refuses its clients' statements.
    package func cutOff(_ node: Int) throws { try administer(node, "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'") }

    /// Thaws, starts and joins whatever node is away, and waits until all are in step.
    package func heal() throws { _ = try folder.up() }
}

/// The folder of an engine. When this process ends, however it ends, the engine's script ends the engine.
struct EngineFolder: Sendable {
    static let scripts = "\(TestGlance.repository)Tests/Engines"
    /// The name of its script.
    let script: String
    let path: String
    /// Options of `up`.
    var options: [String] = []

    /// The exit status of a script whose engine is not to be had: `NOT_HERE` in `engines.py`.
    private static let notHere: Int32 = 75

    /// Starts what does not run.
    ///
    /// - Returns: what a client needs; nil where the engine is not to be had.
    func up() throws -> [String: String]? {
        var environment = ["PATH": "/usr/bin:/usr/sbin:/bin:/sbin"]
        environment["VITRINE_ENGINES"] = ProcessInfo.processInfo.environment["VITRINE_ENGINES"]
        let said = try Command(
            "\(Self.scripts)/\(script)", ["up", path, "--for", String(getpid())] + options, environment: environment, limit: 400)
        guard said.status != Self.notHere else {
            print("Tests of this engine are left out: \(said.errors)")
            return nil
        }
        let lines = try said.succeeded().text.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return Dictionary(lines.compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil }) { first, _ in first }
    }

    /// The id of one of its processes, if that was started.
    func process(_ name: String) -> Int32? {
        let text = try? String(contentsOfFile: "\(path)/run/\(name).pid", encoding: .utf8)
        return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
}

/// An engine that is started when a suite first needs it.
final class SharedEngine: Sendable {
    let folder: EngineFolder
    private let answer = Mutex<[String: String]??>(nil)

    /// - Parameter name: the name of its folder; behind the last hyphen is the script's.
    init(_ name: String, _ options: [String] = []) {
        folder = EngineFolder(script: String(name.split(separator: "-").last!), path: "\(TestFolder.root)/\(name)", options: options)
    }

    func running() throws -> [String: String]? {
        try answer.withLock { known in
            if let known { return known }
            let values = try folder.up()
            known = .some(values)
            return values
        }
    }
}
