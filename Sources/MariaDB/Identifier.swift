/// A name of a table, a column or an account within backticks, as a statement holds it. It is one name whatever letters it has, in every SQL
/// mode; a name cannot be a value for a `?`.
package func quotedIdentifier(_ name: String) -> String { "`\(name.replacing("`", with: "``"))`" }
