package import Domain
internal import Files
internal import Glibc
package import Logging
internal import Synchronization
internal import Yams

/// The policy of `policy.yaml` and of the files of `policy.d`, which override the defaults of the code.
///
/// The files are read again when they change. If they cannot be read or parsed, the previous policy stays in force; at the start the
/// service does not start, since it cannot know what the operator has forbidden. A rule that makes no sense allows nobody, and the log
/// reports it. Source: oslo.policy, `[oslo_policy]`.
package struct PolicyFiles: PolicySource {
    private let rules: ReloadingFile<Policy>

    /// The places of the files.
    package struct Places: Sendable {
        /// The main file; it need not exist.
        package var file: String
        /// Whether the operator has configured the file.
        package var isFileNamed: Bool
        /// Folders of which every file is read in the order of the names. A folder that does not exist has none.
        package var folders: [String]
        /// Whether `enforce_new_defaults` is false.
        package var isOld: Bool
        /// The name of the rule for undefined rules, `policy_default_rule`.
        package var fallback: String

        /// Makes places of their parts.
        package init(file: String, isFileNamed: Bool, folders: [String], isOld: Bool, fallback: String = "default") {
            (self.file, self.isFileNamed, self.folders, self.isOld) = (file, isFileNamed, folders, isOld)
            self.fallback = fallback
        }
    }

    /// Reads the policy.
    ///
    /// - Parameter servers: the external servers that rules may ask.
    /// - Throws: `PolicyFileError` when the files cannot be read.
    package init(_ places: Places, servers: any RemotePolicy, logger: Logger) throws {
        let wasThere = Seen()
        rules = try ReloadingFile(
            "the rules", logger: logger, files: { try? places.files() },
            read: {
                let policy = try places.policy(asking: servers, wasThere, logger)
                for rule in policy.listing where rule.isWrong {
                    for note in rule.notes { logger.warning("\(rule.origin ?? "the code"): the rule '\(rule.name)': \(note)") }
                }
                return policy
            })
    }

    package var current: Policy { rules.current }

    /// Whether the file has existed: if it does not exist later, that is an error, and the previous rules stay in force.
    fileprivate final class Seen: Sendable { let file = Atomic(false) }
}

extension PolicyFiles.Places {
    /// Every file that may hold rules, whether it exists or not.
    ///
    /// - Throws: when a folder cannot be read. If its rules were ignored, other rules would be in force than the operator has written.
    fileprivate func files() throws(PolicyFileError) -> [String] {
        var files = [file]
        for folder in folders {
            guard let names = entryNames(in: folder) else {
                guard errno == ENOENT || errno == ENOTDIR else {
                    throw PolicyFileError(folder, 0, 0, "cannot be read: \(String(cString: strerror(errno)))")
                }
                continue
            }
            files += names.filter { !$0.hasPrefix(".") }.sorted().map { "\(folder)/\($0)" }
        }
        return files
    }

    fileprivate func policy(asking servers: any RemotePolicy, _ wasThere: PolicyFiles.Seen, _ logger: Logger) throws -> Policy {
        var overrides: [Policy.Override] = []
        for (place, path) in try files().enumerated() {
            guard let text = fileText(of: path, isRepaired: true) else {
                // Folders within a folder are not read.
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

    /// Parses names and rules, such as `"add_image": "role:member"`; a rule may have the older form of a list of lists.
    private static func overrides(in text: String, of path: String, _ logger: Logger) throws -> [Policy.Override] {
        guard let document = try document(text, of: path), document.null == nil else { return [] }
        guard let mapping = document.mapping else { throw PolicyFileError(path, document.mark, "is no map of names to rules") }
        var overrides: [Policy.Override] = []
        for (key, value) in mapping {
            guard let name = key.string, !name.isEmpty else { throw PolicyFileError(path, key.mark, "a rule's name is no text") }
            if name.hasPrefix(Self.again) {
                let rule = name.replacing(Self.again, with: "")
                logger.warning(
                    "\(path):\(key.mark?.line ?? 0): the rule '\(rule)' is defined again further down, and the later definition counts")
                continue
            }
            overrides.append(Policy.Override(name: name, check: check(value), origin: "\(path):\(key.mark?.line ?? 0)"))
        }
        return overrides
    }

    /// The prefix for the name of a rule that is defined again further down: Yams reads no map with a duplicate key.
    private static let again = "again:"

    private static func document(_ text: String, of path: String) throws -> Node? {
        var text = text
        while true {
            do {
                return try Yams.compose(yaml: text)
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                guard let name = names.first, let marked = marked(text, at: context.mark, name) else {
                    throw PolicyFileError(path, context.mark, "a name is defined twice")
                }
                text = marked
            } catch let error as YamlError {
                throw PolicyFileError(path, error)
            }
        }
    }

    /// A text with the prefix `again` before the name at a position; nil when the name is not written there literally.
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

/// The reason why a file cannot be read as a policy, with its position: `policy.yaml:3:12: …`.
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
