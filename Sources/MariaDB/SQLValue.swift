/// A value for a `?` of a statement.
package enum SQLValue: Sendable {
    case null
    case int(Int64)
    case text(String)

    package static func text(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
    package static func int(_ value: Int64?) -> SQLValue { value.map { .int($0) } ?? .null }
    package static func flag(_ value: Bool) -> SQLValue { .int(value ? 1 : 0) }
    package static func time(_ value: DateTime) -> SQLValue { .text(value.description) }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
}
