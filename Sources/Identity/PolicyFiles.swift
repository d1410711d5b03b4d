package import Domain
internal import Folders
internal import Glibc
package import Logging
internal import Yams

/// Rules of `policy.yaml` and of the files of `policy.d`, over those of the code.
///
/// They are read again when they change. A change that makes no policy leaves the one before in force. Source: oslo.policy, `[oslo_policy]`.
package struct PolicyFiles: PolicySource {
    private let rules: Reread<Policy>

    /// Where rules are looked for.
    package struct Places: Sendable {
        /// Need not be there, unless the operator named it.
        package var file: String
        package var isFileNamed: Bool
        /// Folders, of which every file is read in the order of their names; those that are not there have none.
        package var folders: [String]
        /// `enforce_new_defaults = false`.
        package var isOld: Bool

        package init(file: String, isFileNamed: Bool, folders: [String], isOld: Bool) {
            (self.file, self.isFileNamed, self.folders, self.isOld) = (file, isFileNamed, folders, isOld)
        }
    }

    /// - Throws: `PolicyFileError` when the files make no policy.
    package init(_ places: Places, logger: Logger) throws {
        rules = try Reread("the rules", logger: logger, files: { places.files }, read: { try places.policy() })
    }

    package var current: Policy { rules.current }
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

    fileprivate func policy() throws -> Policy {
        var overrides: [Policy.Override] = []
        // Without the rules of a folder, others would be in force than the operator wrote.
        guard let files else { throw PolicyFileError(folders[0], 0, 0, "cannot be read: \(String(cString: strerror(errno)))") }
        for (place, path) in files.enumerated() {
            let isNeeded = place == 0 && isFileNamed
            guard let text = contents(of: path) else {
                guard isNeeded || errno != ENOENT else { continue }
                throw PolicyFileError(path, 0, 0, "cannot be read: \(String(cString: strerror(errno)))")
            }
            overrides += try Self.overrides(in: text, of: path)
        }
        do throws(Policy.Contradiction) {
            return try Policy(overrides: overrides, isOld: isOld)
        } catch {
            throw PolicyFileError(error.origin ?? file, 0, 0, "the rule '\(error.rule)': \(error.reason)")
        }
    }

    /// Reads names and rules: `"add_image": "role:member"`; or the older form of a rule, a list of lists.
    private static func overrides(in text: String, of path: String) throws -> [Policy.Override] {
        let document: Node?
        do {
            document = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw PolicyFileError(path, error)
        }
        guard let document, document.null == nil else { return [] }
        guard let mapping = document.mapping else { throw PolicyFileError(path, document.mark, "is no map of names to rules") }
        var overrides: [Policy.Override] = []
        for (key, value) in mapping {
            guard let name = key.string, !name.isEmpty else { throw PolicyFileError(path, key.mark, "a rule's name is no text") }
            let origin = "\(path):\(key.mark?.line ?? 0)"
            overrides.append(Policy.Override(name: name, check: try check(value, of: path), origin: origin))
        }
        return overrides
    }

    private static func check(_ node: Node, of path: String) throws -> Check {
        if node.null != nil { return .always }
        if let text = node.scalar?.string {
            do throws(PolicySyntaxError) {
                return try Check(text)
            } catch {
                let mark = node.mark
                // Behind the quotation mark, where there is one.
                let start = (mark?.column ?? 0) + (node.scalar?.style == .plain ? 0 : 1)
                throw PolicyFileError(path, mark?.line ?? 0, start + error.offset, error.reason)
            }
        }
        guard let alternatives = node.sequence else { throw PolicyFileError(path, node.mark, "a rule is a text") }
        var checks: [Check] = []
        for alternative in alternatives {
            if let all = alternative.sequence {
                checks.append(.all(try all.map { try check($0, of: path) }))
            } else {
                checks.append(try check(alternative, of: path))
            }
        }
        return checks.isEmpty ? .always : .any(checks)
    }
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
