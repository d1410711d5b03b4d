package import Domain
package import JSONDocument
internal import OsloConfig

/// An option as `config list` and `docs/configuration.md` show it.
package struct OptionReference: Sendable {
    package let group, name: String
    /// The type of its values, in words.
    package let kind: String
    /// The default; nil if there is none.
    package let fallback: String?
    package let meaning: String
    package let origin: GlanceOrigin
    /// Older names that files may use, as `[group] name`.
    package let formerNames: [String]

    /// Every option that has an effect, by group and name. Groups that a configuration names itself (stores of `enabled_backends`, origins of
    /// CORS, logins of `auth_section`) are not listed; they have the options of `[glance_store]`, `[cors]` and `[keystone_authtoken]`.
    package static let all: [OptionReference] = Options.all.map(OptionReference.init).sorted {
        ($0.group == "DEFAULT" ? "" : $0.group, $0.name) < ($1.group == "DEFAULT" ? "" : $1.group, $1.name)
    }

    private init(_ key: OptionKey) {
        (group, name, kind, meaning) = (OptionName(key.group, key.name).shownGroup, key.name, key.kind, key.help)
        fallback = key.fallback.flatMap { $0.isEmpty ? nil : $0 }
        origin = key.group == "vitrine" || key.isOwn ? .vitrine : key.isOfOlderGlance ? .olderGlance : .glance
        formerNames = key.formerNames.map { "[\($0.shownGroup)] \($0.name)" }
    }

    package var json: JSON {
        [
            "group": .string(group), "name": .string(name), "type": .string(kind), "default": fallback.map { .string($0) } ?? .null,
            "meaning": .string(meaning), "glance": .string(origin.rawValue), "former_names": .array(formerNames.map { .string($0) }),
        ]
    }
}

extension OptionReference {
    /// A page of Markdown with a table for each group.
    package static var markdown: String {
        var page = """
            # Configuration

            This page lists every option that has an effect, by group. `glance-manage config list --format markdown` writes it; a test compares the
            two. The files are Glance's: `/etc/glance/glance-api.conf` and what stands beside it (see [migration.md](migration.md)). An option that
            Glance has and that does nothing here is named in the log at the start, and so is a misspelt one.

            The column *Glance* says who else knows the option: Glance 33 and its libraries (yes), older releases of Glance, or nobody (no).
            With `[DEFAULT] enabled_backends` each store has a group of its own name, which takes the options of `[glance_store]` that describe a
            store. A group that `auth_section` names takes the options of a login. `[cors.NAME]` takes those of `[cors]`.

            """
        var group: String?
        for option in all {
            if option.group != group {
                group = option.group
                page += "\n## [\(option.group)]\n\n| option | value | default | Glance | meaning |\n|---|---|---|---|---|\n"
            }
            let former = option.formerNames.isEmpty ? "" : " Older names: \(option.formerNames.map { "`\($0)`" }.joined(separator: ", "))."
            let cells = [
                "`\(option.name)`", option.kind, option.fallback.map { "`\($0)`" } ?? "", option.origin.rawValue, option.meaning + former,
            ]
            page += "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |\n"
        }
        return page
    }
}
