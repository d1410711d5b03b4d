import OsloConfig
import Testing

/// An option is known because it is declared.
@Suite struct `Declarations of options` {
    private struct Inner: OptionDeclarations {
        let name: String
        let depth: Option<Int>
        let words = Option<[String]>.many("inner", "words")

        init(_ name: String) {
            self.name = name
            depth = .int(name, "depth", default: 3)
        }
    }

    private struct Outer: OptionDeclarations {
        let first = Option<Bool>.flag("outer", "first", default: true).formerly("one").help("The first.")
        let one = Inner("one")
        let kind = Option<Kind>.choice("outer", "kind", default: .near)
        let two = Inner("two")
        let last = Option<String?>.optionalText("outer", "last")
    }

    private enum Kind: String, CaseIterable {
        case near, far
    }

    @Test func `are the list of them, in their order, groups in groups too`() {
        let names = Outer().keys.map { "\($0.group).\($0.name)" }
        #expect(
            names == ["outer.first", "one.depth", "inner.words", "outer.kind", "two.depth", "inner.words", "outer.last"])
    }

    @Test func `keep what is said of each`() throws {
        let key = try #require(Outer().keys.first)
        #expect(key.help == "The first." && key.fallback == "True" && key.formerNames == [OptionName("outer", "one")])
        #expect(try key.value(configuration("[outer]\nfirst = off\n")) == .truth(false))
    }
}
