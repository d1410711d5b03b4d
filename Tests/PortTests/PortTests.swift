import Domain
import MariaDB
import Persistence
import Stores
import TestSupport
import Testing

@Suite struct `A file store` {
    @Test(arguments: ImageStoreConformance.checks)
    func `does what every store does`(_ check: ConformanceCheck<any ImageStore>) throws {
        let folder = "\(TestFolder.root)/store-\(UInt64.random(in: 0 ... .max))"
        try check.run(FileStore(folder: folder, internalPrefix: nil))
    }

    @Test func `cannot be made where no folder can`() {
        #expect(throws: Fault.of(.unavailable)) { try FileStore(folder: "/proc/nowhere", internalPrefix: nil) }
    }
}

@Suite struct `The catalog in MariaDB` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test(arguments: ImageCatalogConformance.checks)
    func `does what every catalog does`(_ check: ConformanceCheck<any Catalog>) throws {
        let address = Address(url: try SharedMariaDB.running().url(of: glance.databaseName))!
        try check.run(MariaDBCatalog(Database(Pool(address))))
    }
}
