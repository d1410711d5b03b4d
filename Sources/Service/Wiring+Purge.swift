package import Operations

extension Wiring {
    package func makePurger() throws -> Purger { Purger(catalog: try makeCatalog(for: 1), logger: log.logger("glance.purge")) }
}
