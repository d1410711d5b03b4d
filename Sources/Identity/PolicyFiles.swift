package import Domain
internal import Files
internal import Glibc
package import Logging
internal import Synchronization
internal import Yams

/// Rules of `policy.yaml` and of the files of `policy.d`, over those of the code.
///
/// They are read again when they change. What makes no file of rules leaves those before in force, and at the start keeps the service from
/// starting: what its author forbids is not known then. A rule that makes no sense is one that lets nobody, and is said in the log.
/// Source: oslo.policy, `[oslo_policy]`.
package struct PolicyFiles: PolicySource {
    private let rules: ReloadingFile<Policy>

    /// Where rules are looked for.
    package struct Places: Sendable {
        /// Need not be there.
        package var file: String
        package var isFileNamed: Bool
        /// Folders, of which every file is read in the order of their names; those that are not there have none.
        package var folders: [String]
        /// `enforce_new_defaults = false`.
        package var isOld: Bool
        /// `policy_default_rule`.
        package var fallback: String

        package init(file: String, isFileNamed: Bool, folders: [String], isOld: Bool, fallback: String = "default") {
            (self.file, self.isFileNamed, self.folders, self.isOld) = (file, isFileNamed, folders, isOld)
            self.fallback = fallback
        }
    }

    /// - Parameter servers: whom rules may ask.
    /// - Throws: `PolicyFileError` when the files make no policy.
    package init(_ places: Places, servers: any RemotePolicy, logger: Logger) throws {
        let wasThere = Seen()
        rules = try ReloadingFile(
            "the rules", logger: logger, files: { places.files },
            read: {
                let policy = try places.policy(asking: servers, wasThere, logger)
                for rule in policy.listing where rule.isWrong {
                    for note in rule.notes { logger.warning("\(rule.origin ?? "the code"): the rule '\(rule.name)': \(note)") }
                }
                return policy
            })
    }

    package var current: Policy { rules.current }

    /// Whether the file was there once: then it is missing when it is not there, and the rules that stood in it stay in force.
    fileprivate final class Seen: Sendable { let file = Atomic(false) }
}

extension PolicyFiles.Places {
    /// Every file that may hold rules, whether it is there or not; nil when a folder cannot be read. One that is not there holds none.
    fileprivate var files: [String]? {
        var files = [file]
        for folder in folders {
            guard let names = entryNames(in: folder) else {
                guard errno == ENOENT || errno == ENOTDIR else { return nil }
                continue
            }
            files += names.filter { !$0.hasPrefix(".") }.sorted().map { "\(folder)/\($0)" }
        }
        return files
    }

    fileprivate func policy(asking servers: any RemotePolicy, _ wasThere: PolicyFiles.Seen, _ logger: Logger) throws -> Policy {
        var overrides: [Policy.Override] = []
        // Without the rules of a folder, others would be in force than the operator wrote.
        guard let files else { throw PolicyFileError(folders[0], 0, 0, "cannot be read: \(String(cString: strerror(errno)))") }
        for (place, path) in files.enumerated() {
            guard let text = fileText(of: path, isRepaired: true) else {
                // A folder in a folder is not looked into.
                if place > 0, errno == EISDIR { continue }
                let isMissing = place == 0 && isFileNamed && wasThere.file.load(ordering: .relaxed)
                guard errno == ENOENT || errno == ENOTDIR, !isMissing else {
                    throw PolicyFileError(path, 0, 0, "cannot be read: \(String(cString: strerror(errno)))")
                }
                if place == 0 { tellOfAbsence(logger) }
                continue
            }
            if place == 0 { wasThere.file.store(true, ordering: .relaxed) }
            overrides += try Self.overrides(in: text, of: path, logger)
        }
        return Policy(overrides: overrides, isOld: isOld, fallback: fallback, remote: servers)
    }

    private func tellOfAbsence(_ logger: Logger) {
        if isFileNamed { logger.warning("[oslo_policy] policy_file: \(file) is not there; the rules of the code are in force") }
        let older = file.hasSuffix(".yaml") ? file.dropLast(4) + "json" : ""
        guard !older.isEmpty, access(String(older), F_OK) == 0 else { return }
        logger.warning(
            """
            \(older) is not read, as by today's Glance; the rules of the code are in force. Set [oslo_policy] policy_file to it, or make \
            \(file) of it with oslopolicy-convert-json-to-yaml
            """)
    }

    /// Reads names and rules: `"add_image": "role:member"`; or the older form of a rule, a list of lists.
    private static func overrides(in text: String, of path: String, _ logger: Logger) throws -> [Policy.Override] {
        guard let document = try document(text, of: path), document.null == nil else { return [] }
        guard let mapping = document.mapping else { throw PolicyFileError(path, document.mark, "is no map of names to rules") }
        var overrides: [Policy.Override] = []
        for (key, value) in mapping {
            guard let name = key.string, !name.isEmpty else { throw PolicyFileError(path, key.mark, "a rule's name is no text") }
            if name.hasPrefix(Self.again) {
                let rule = name.replacing(Self.again, with: "")
                logger.warning("\(path):\(key.mark?.line ?? 0): the rule '\(rule)' stands there again further down, and that one counts")
                continue
            }
            overrides.append(Policy.Override(name: name, check: check(value), origin: "\(path):\(key.mark?.line ?? 0)"))
        }
        return overrides
    }

    /// What the name of a rule gets in front that stands there again further down: Yams reads no map with a key twice.
    private static let again = "again:"

    private static func document(_ text: String, of path: String) throws -> Node? {
        var text = text
        while true {
            do {
                return try Yams.compose(yaml: text)
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                guard let name = names.first, let marked = marked(text, at: context.mark, name) else {
                    throw PolicyFileError(path, context.mark, "a name stands there twice")
                }
                text = marked
            } catch let error as YamlError {
                throw PolicyFileError(path, error)
            }
        }
    }

    /// A text with `again` before the name at a place in it; nil where the name is not written there as it is.
    private static func marked(_ text: String, at mark: Mark, _ name: String) -> String? {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.indices.contains(mark.line - 1) else { return nil }
        var place = Array(lines[mark.line - 1].unicodeScalars)
        var start = mark.column - 1
        if place.indices.contains(start), "'\"".unicodeScalars.contains(place[start]) { start += 1 }
        guard start <= place.count, place[start...].starts(with: name.unicodeScalars) else { return nil }
        place.insert(contentsOf: again.unicodeScalars, at: start)
        var line = String.UnicodeScalarView()
        line.append(contentsOf: place)
        lines[mark.line - 1] = String(line)
        return lines.joined(separator: "\n")
    }

    private static func check(_ node: Node) -> Check {
        if node.null != nil { return .always }
        if let text = node.scalar?.string { return Check(text) }
        guard let alternatives = node.sequence else { return noText }
        guard !alternatives.isEmpty else { return .always }
        var checks: [Check] = []
        for alternative in alternatives {
            if let text = alternative.scalar?.string {
                checks.append(Check(single: text))
            } else if let all = alternative.sequence {
                let parts = all.map { $0.scalar.map { Check(single: $0.string) } ?? noText }
                if !parts.isEmpty { checks.append(parts.count == 1 ? parts[0] : .all(parts)) }
            } else {
                checks.append(noText)
            }
        }
        return checks.isEmpty ? .never : checks.count == 1 ? checks[0] : .any(checks)
    }

    private static let noText = Check.misread(PolicyMistake("…", reason: "a rule is a text, or a list of lists of texts", offset: 0))
}

/// What keeps a file from being a policy, and where: `policy.yaml:3:12: …`.
package struct PolicyFileError: Error, CustomStringConvertible {
    package let description: String

    fileprivate init(_ path: String, _ line: Int, _ column: Int, _ reason: String) {
        description = line > 0 ? "\(path):\(line):\(column): \(reason)" : "\(path): \(reason)"
    }

    fileprivate init(_ path: String, _ mark: Mark?, _ reason: String) { self.init(path, mark?.line ?? 0, mark?.column ?? 0, reason) }

    fileprivate init(_ path: String, _ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            self.init(path, mark, problem)
        default: self.init(path, 0, 0, "is no YAML")
        }
    }
}
