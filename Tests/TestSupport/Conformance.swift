import Testing

/// One check that every adapter of a port must pass. A suite runs all of them on its adapter:
/// `@Test(arguments: ImageStoreConformance.checks) func …(_ check: ConformanceCheck<any ImageStore>) throws { try check.run(store) }`.
package struct ConformanceCheck<Subject>: Sendable, CustomTestStringConvertible {
    package let testDescription: String
    private let body: @Sendable (Subject) throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (Subject) throws -> Void) {
        testDescription = description
        self.body = body
    }

    package func run(_ subject: Subject) throws { try body(subject) }
}
