extension Configuration {
    /// Replaces `$name`, `${name}`, `$group.name` and `${group.name}`. `$$` and `\$` become one `$`, and a `$` that no name follows stays.
    /// Source: oslo.config, `ConfigOpts._substitute`; Python, `string.Template.safe_substitute`.
    ///
    /// - Throws: for a name that is not an option, and for a value that refers to itself.
    func interpolated(_ setting: Setting, depth: Int = 0) throws(ConfigurationError) -> String {
        guard setting.value.contains("$") else { return setting.value }
        guard depth < 10 else { throw ConfigurationError(place: setting.place, reason: "'\(setting.name)' refers to itself") }
        var text = ""
        var rest = setting.value[...]
        while let character = rest.popFirst() {
            if character == "\\", rest.first == "$" {
                text.append(rest.removeFirst())
                continue
            }
            guard character == "$" else {
                text.append(character)
                continue
            }
            if rest.first == "$" {
                text.append(rest.removeFirst())
                continue
            }
            guard let (name, end) = Self.name(at: rest) else {
                text.append("$")
                continue
            }
            rest = rest[end...]
            guard let value = try value(named: name, near: setting, depth: depth) else {
                // The name may be a part of a password, so it is not said.
                throw ConfigurationError(
                    place: setting.place,
                    reason: "[\(setting.group)] \(setting.name): what follows a $ is not the name of an option; write $$ for a dollar sign")
            }
            text += value
        }
        return text
    }

    /// The name behind a `$`, and its end; nil if no name follows.
    private static func name(at text: Substring) -> (Substring, Substring.Index)? {
        let isBraced = text.first == "{"
        let body = isBraced ? text.dropFirst() : text
        let name = body.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        guard let first = name.first, first.isLetter || first == "_" else { return nil }
        guard isBraced else { return (name, name.endIndex) }
        return body[name.endIndex...].first == "}" ? (name, body.index(after: name.endIndex)) : nil
    }

    private func value(named name: Substring, near setting: Setting, depth: Int) throws(ConfigurationError) -> String? {
        var candidates = [OptionName(setting.group, String(name)), OptionName("DEFAULT", String(name))]
        if let dot = name.firstIndex(of: ".") {
            candidates = [OptionName(String(name[..<dot]), String(name[name.index(after: dot)...]))]
        }
        for candidate in candidates {
            let option = option(candidate)
            if let other = settings(of: candidate, formerly: option?.formerNames ?? []).last {
                return try interpolated(other, depth: depth + 1)
            }
            if let option { return option.fallback ?? "" }
        }
        return nil
    }
}
