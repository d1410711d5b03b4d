import Domain
import Logging
import MariaDB
import Persistence
import RegistryClient
import Stores
import TestSupport
import Testing

@Suite struct `A file store` {
    @Test(arguments: ImageStoreConformance.checks)
    func `does what every store does`(_ check: ConformanceCheck<any ImageStore>) throws {
        let folder = "\(TestFolder.root)/store-\(UInt64.random(in: 0 ... .max))"
        try check.run(FileStore([.init(path: folder)]))
        var settings = FileStore.Settings()
        settings.isThin = true
        try check.run(FileStore(name: "fast", [.init(path: "\(folder)/a"), .init(path: "\(folder)/b", priority: 7)], settings))
    }

    @Test(arguments: ImageStoreConformance.huge)
    func `keeps what is larger than a part of any store`(_ check: ConformanceCheck<any ImageStore>) throws {
        var settings = FileStore.Settings()
        settings.isThin = true
        try check.run(FileStore(name: "fast", [.init(path: "\(TestFolder.root)/store-\(UInt64.random(in: 0 ... .max))")], settings))
    }

    @Test func `cannot be made where no folder can`() {
        #expect(throws: Fault.of(.unavailable)) { try FileStore([.init(path: "/proc/nowhere")]) }
    }
}

@Suite(.sharesServices) struct `The catalog in MariaDB` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test(arguments: CatalogConformance.checks)
    func `does what every catalog does`(_ check: ConformanceCheck<any Catalog>) throws { try check.run(catalog()) }

    @Test(arguments: CatalogConformance.maintenanceChecks)
    func `serves those who clear up`(_ check: ConformanceCheck<any Catalog & MaintenanceCatalog>) throws {
        try check.run(catalog())
    }

    private func catalog() throws -> MariaDBCatalog {
        MariaDBCatalog(Database(Pool(try Address(url: try SharedMariaDB.running().url(of: glance.databaseName)))))
    }
}

@Suite(.sharesServices) struct `The catalog behind the registry` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    @Test(arguments: CatalogConformance.checks)
    func `does what every catalog does`(_ check: ConformanceCheck<any Catalog>) throws {
        try check.run(
            RegistryClient(
                base: "http://127.0.0.1:\(glance.registryPort)", secret: TestGlance.secret, patience: 10, certificateAuthority: nil,
                logger: Logger(label: "test")))
    }

    @Test func `says nothing of the image that an upload ends with, where the registry is of the release before`() throws {
        let server = try RawServer { connection, _ in
            guard let head = connection.readHead(), let length = head.firstMatch(of: /Content-Length: (\d+)/)?.1 else { return }
            connection.note(connection.readBody(Int(length)!))
            connection.answer("204 No Content")
        }
        let client = RegistryClient(
            base: server.url(""), secret: "", patience: 10, certificateAuthority: nil, logger: Logger(label: "test"))
        let upload = Upload(image: .fresh(), token: "t", pendingURL: "file:///pending")
        let measured = MeasuredBytes(size: 5, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))
        #expect(try client.finish(upload, at: ImageLocation(url: "file:///x"), measured, claiming: nil, isShown: true) == nil)
        #expect(server.notes.count == 1 && server.notes[0].contains(#""is_shown": true"#))
    }
}
