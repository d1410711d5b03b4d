/// A value of a label.
package protocol LabelValue: Hashable, Sendable {
    /// The label's name.
    static var label: String { get }
    /// All values; nil where they are known at run time only.
    static var known: [Self]? { get }
    var text: String { get }
    /// What is counted in place of a value beyond the bound of a family.
    var beyondBound: Self { get }
}

/// A label whose values are known when the program is built: an enum of texts.
package protocol KnownLabel: LabelValue, CaseIterable, RawRepresentable<String> {}

extension KnownLabel {
    package static var known: [Self]? { Array(allCases) }
    package var text: String { rawValue }
    package var beyondBound: Self { self }
}

/// A label whose values are known at run time only, such as the names of stores. They must not come from clients. A family has
/// `LabelCombination.most` of them; further ones are counted as `other`.
package protocol OpenLabel: LabelValue {
    init(_ text: String)
}

extension OpenLabel {
    package static var known: [Self]? { nil }
    package var beyondBound: Self { Self("other") }
}

/// A value for each label of a family.
package protocol LabelCombination: Hashable, Sendable {
    static var labels: [MetricFamily.Label] { get }
    /// The combinations that are made in advance; none where a label is open.
    static var known: [Self] { get }
    /// The values as texts, in the order of `labels`.
    var texts: [String] { get }
    /// What is counted in place of a combination beyond the bound of a family.
    var beyondBound: Self { get }
    /// Combinations that a family makes at run time; further ones are counted together.
    static var most: Int { get }
}

extension LabelCombination {
    package static var most: Int { 256 }
}

extension LabelValue {
    package static var declaration: MetricFamily.Label { MetricFamily.Label(label, values: known?.map(\.text)) }
}

/// The labels of a family that has none.
package struct NoLabels: LabelCombination {
    package static let labels: [MetricFamily.Label] = []
    package static let known = [NoLabels()]
    package var texts: [String] { [] }
    package var beyondBound: NoLabels { self }
}

/// One label.
package struct Labels1<A: LabelValue>: LabelCombination {
    package let a: A

    package init(_ a: A) { self.a = a }

    package static var labels: [MetricFamily.Label] { [A.declaration] }
    package static var known: [Self] { (A.known ?? []).map { Self($0) } }
    package var texts: [String] { [a.text] }
    package var beyondBound: Self { Self(a.beyondBound) }
}

/// Two labels.
package struct Labels2<A: LabelValue, B: LabelValue>: LabelCombination {
    package let a: A
    package let b: B

    package init(_ a: A, _ b: B) { (self.a, self.b) = (a, b) }

    package static var labels: [MetricFamily.Label] { [A.declaration, B.declaration] }
    package static var known: [Self] { (A.known ?? []).flatMap { a in (B.known ?? []).map { Self(a, $0) } } }
    package var texts: [String] { [a.text, b.text] }
    package var beyondBound: Self { Self(a.beyondBound, b.beyondBound) }
}

/// Three labels.
package struct Labels3<A: LabelValue, B: LabelValue, C: LabelValue>: LabelCombination {
    package let a: A
    package let b: B
    package let c: C

    package init(_ a: A, _ b: B, _ c: C) { (self.a, self.b, self.c) = (a, b, c) }

    package static var labels: [MetricFamily.Label] { [A.declaration, B.declaration, C.declaration] }
    package static var known: [Self] {
        (A.known ?? []).flatMap { a in (B.known ?? []).flatMap { b in (C.known ?? []).map { Self(a, b, $0) } } }
    }
    package var texts: [String] { [a.text, b.text, c.text] }
    package var beyondBound: Self { Self(a.beyondBound, b.beyondBound, c.beyondBound) }
}
