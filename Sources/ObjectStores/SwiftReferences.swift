internal import Text

/// A file of accounts of Swift, which `swift_store_config_file` names: a section for each, in the form of Python's configparser.
///
/// Source: glance_store, `_drivers/swift/utils.py`, `SwiftParams._load_config`, `SwiftConfigParser`; Python, `configparser`: names in any
/// case, `=` or `:`, comments on lines of their own, values that go on in indented lines, `[DEFAULT]` for every section, `%(name)s` for
/// another value, `%%` for a percent sign, quotation marks around a whole value.
package struct SwiftReferences {
    /// The sections and their values.
    private var sections: [(name: String, values: [String: String])] = []
    private var defaults: [String: String] = [:]

    /// - Throws: where the file is not of that form. The error names the line, not its text, which may be a key.
    package init(_ text: String) throws(SwiftLoginError) {
        var (current, last): (String?, String?) = (nil, nil)
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: Self.isLineEnd).enumerated() {
            let content = trimmed(line)
            guard !content.isEmpty, content.first != "#", content.first != ";" else { continue }
            if line.first?.isWhitespace == true, let section = current, let name = last {
                set(name, (value(name, in: section) ?? "") + "\n" + content, in: section)
                continue
            }
            if content.first == "[" {
                guard let end = content.firstIndex(of: "]"), end > content.index(after: content.startIndex) else {
                    throw SwiftLoginError(description: "line \(number + 1) is no section")
                }
                let name = String(content[content.index(after: content.startIndex)..<end])
                guard name == "DEFAULT" || !names.contains(name) else {
                    throw SwiftLoginError(description: "the section [\(name)] is there twice")
                }
                if name != "DEFAULT" { sections.append((name, [:])) }
                (current, last) = (name, nil)
                continue
            }
            guard let section = current, let mark = content.firstIndex(where: { $0 == "=" || $0 == ":" }), mark > content.startIndex else {
                throw SwiftLoginError(description: "line \(number + 1) is not of the form name = value in a section")
            }
            last = trimmed(content[..<mark]).lowercased()
            set(last!, trimmed(content[content.index(after: mark)...]), in: section)
        }
    }

    /// The names of the accounts, in their order.
    package var names: [String] { sections.map(\.name) }

    /// As Python opens a file of text.
    private static func isLineEnd(_ character: Character) -> Bool { ["\n", "\r\n", "\r"].contains(character) }

    /// A value of an account as the file has it; nil when it is not there or empty.
    private func value(_ name: String, in section: String) -> String? {
        let value = sections.first { $0.name == section }?.values[name] ?? defaults[name]
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }

    private mutating func set(_ name: String, _ value: String, in section: String) {
        guard let place = sections.firstIndex(where: { $0.name == section }) else { return defaults[name] = value }
        sections[place].values[name] = value
    }

    /// A value of an account; nil when it is not there or empty.
    private func read(_ name: String, in section: String) throws(SwiftLoginError) -> String? {
        guard let text = try value(name, in: section).map({ text throws(SwiftLoginError) in try filled(text, of: name, in: section) }),
            let first = text.first
        else { return nil }
        guard first == "\"" || first == "'" else { return text }
        guard text.count > 1, text.last == first else {
            throw SwiftLoginError(description: "[\(section)] \(name) has a quotation mark that is not closed")
        }
        return text.count > 2 ? String(text.dropFirst().dropLast()) : nil
    }

    /// A value with those in it that `%(name)s` stands for.
    ///
    /// - Parameter depth: how many values refer to it.
    private func filled(_ text: String, of name: String, in section: String, depth: Int = 0) throws(SwiftLoginError) -> String {
        var (filled, rest) = ("", text[...])
        while let mark = rest.firstIndex(of: "%") {
            filled += rest[..<mark]
            rest = rest[rest.index(after: mark)...]
            if rest.first == "(", let end = rest.firstRange(of: ")s") {
                let other = rest[..<end.lowerBound].dropFirst().lowercased()
                // As deep as Python goes.
                guard depth < 10, let found = value(other, in: section) else {
                    throw SwiftLoginError(description: "[\(section)] \(name) refers to a value that is not there, or to itself")
                }
                filled += try self.filled(found, of: name, in: section, depth: depth + 1)
                rest = rest[end.upperBound...]
            } else {
                filled += "%"
                if rest.first == "%" { rest = rest.dropFirst() }
            }
        }
        return filled + rest
    }

    /// The login of an account.
    ///
    /// - Parameter version: where the account says none.
    package func login(_ section: String, version: String) throws(SwiftLoginError) -> SwiftLogin {
        func read(_ name: String) throws(SwiftLoginError) -> String? { try self.read(name, in: section) }
        guard let address = try read("auth_address") else { throw SwiftLoginError(description: "[\(section)] has no auth_address") }
        let identity: SwiftLogin.Identity
        switch try (read("application_credential_id"), read("application_credential_secret"), read("user"), read("key")) {
        case (let id?, let secret?, _, _): identity = .applicationCredential(id: id, secret: secret)
        case (nil, nil, let user?, let key?): identity = .user(user, key: key)
        default: throw SwiftLoginError(description: "[\(section)] has not both user and key, or the id and the secret of a credential")
        }
        let (userDomain, projectDomain) = try (
            SwiftLogin.KeystoneDomain(id: read("user_domain_id"), name: read("user_domain_name")),
            SwiftLogin.KeystoneDomain(id: read("project_domain_id"), name: read("project_domain_name"))
        )
        let named = SwiftLogin.Version.named(try read("auth_version") ?? version)
        do throws(SwiftLoginError) {
            return try SwiftLogin(
                address: address, version: named, identity: identity, userDomain: userDomain, projectDomain: projectDomain)
        } catch {
            throw SwiftLoginError(description: "[\(section)]: \(error)")
        }
    }
}

extension SwiftLogin.Version {
    /// The version that an option names. What is not 1 is 3, as in Glance, which knows no other any more.
    package static func named(_ text: String) -> Self { ["1", "1.0", "v1", "v1.0"].contains(text) ? .v1 : .v3 }
}
