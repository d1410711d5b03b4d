import Glibc

/// OpenStack Swift with one replica, and tempauth. `Tests/Engines/swift` starts it. What lies in it is gone with the process.
package struct OpenStackSwift: Sendable {
    /// The URL of the login, version 1.
    package let authURL: String
    /// A user with an account, `glance:swift`; one with another account; and one who may set the quota of every account.
    package let user, stranger, admin: (name: String, key: String)
    /// A user of the same account without a right of their own.
    package let reader: (name: String, key: String)
    private let folder: EngineFolder
    /// The folder of its programs.
    private let programs: String

    /// The one that all suites of the process share: tests do not kill, freeze or fill it.
    ///
    /// - Returns: nil where it is not to be had.
    package static func running() throws -> OpenStackSwift? { try shared.running().map { OpenStackSwift($0, shared.folder) } }

    private static let shared = SharedEngine("swift")

    /// One for tests that kill or fill it. They run one after the other (`@Suite(.serialized)`), and leave it as it was.
    package static func disturbed() throws -> OpenStackSwift? {
        try sharedByDisturbers.running().map { OpenStackSwift($0, sharedByDisturbers.folder) }
    }

    private static let sharedByDisturbers = SharedEngine("disturbed-swift")

    private init(_ values: [String: String], _ folder: EngineFolder) {
        func value(_ name: String) -> String { values["SWIFT_\(name)"] ?? "" }
        authURL = value("AUTH_URL")
        user = (value("USER"), value("KEY"))
        stranger = (value("STRANGER"), value("STRANGERS_KEY"))
        reader = (value("READER"), value("KEY"))
        admin = (value("ADMIN"), value("ADMINS_KEY"))
        (self.folder, programs) = (folder, value("PROGRAMS"))
    }

    /// A process of it.
    package enum Server: String, Sendable, CaseIterable { case account, container, object, proxy }

    /// Stops a process: its peers see no end of their connections.
    package func freeze(_ server: Server) { folder.process(server.rawValue).map(TestSupport.freeze) }

    /// Continues a frozen process.
    package func thaw(_ server: Server) { folder.process(server.rawValue).map(TestSupport.thaw) }

    /// Kills a process. It loses nothing that it has acknowledged.
    package func end(_ server: Server) { folder.process(server.rawValue).map { _ = kill($0, SIGKILL) } }

    /// Starts what does not run.
    package func restart() throws { _ = try folder.up() }

    /// Has containers learn of the objects that were written or removed while their server was away. No process of the engine does that.
    package func update() throws {
        // Swift's own program reads /etc/swift alone.
        let script = """
            import sys
            from swift.common import daemon, utils
            utils.set_swift_dir(sys.argv[1])
            from swift.obj.updater import ObjectUpdater
            daemon.run_daemon(ObjectUpdater, sys.argv[1] + "/object.conf", section="object-updater", once=True)
            """
        try Command("\(programs)/python", ["-c", script, folder.path], limit: 60).succeeded()
    }
}
