extension Configuration {
    /// What is set and means nothing to the program, or has an old name: a text for the log each, with the nearest name that means
    /// something. The same at every start.
    ///
    /// - Parameter unused: options of Glance's that have no effect.
    package func complaints(known: [OptionKey], unused: [OptionName]) -> [String] {
        remarks(known: known, unused: unused).map(\.text)
    }

    /// Those of them that are about what no Glance knows: slips of the pen.
    package func unknownOptions(known: [OptionKey], unused: [OptionName]) -> [String] {
        remarks(known: known, unused: unused).filter(\.isUnknown).map(\.text)
    }

    private func remarks(known: [OptionKey], unused: [OptionName]) -> [(isUnknown: Bool, text: String)] {
        let names = Set(known.map(\.id))
        let unused = Set(unused)
        let groups = Set(names.map(\.group))
        var former: [OptionName: OptionName] = [:]
        for key in known {
            for name in key.formerNames where !names.contains(name) { former[name] = key.id }
        }
        let all = (fromFiles.values.compactMap(\.last) + fromEnvironment.values)
        return all.sorted { $0.order < $1.order }.compactMap { setting in
            let name = setting.id
            if names.contains(name) || setting.isOfEnvironment && !groups.contains(name.group) { return nil }
            if let current = former[name], !setting.isOfEnvironment {
                // In oslo.config's words, which operators look for.
                let text = """
                    \(setting.place): Deprecated: Option "\(name.name)" from group "\(name.shownGroup)" is deprecated. \
                    Use option "\(current.name)" from group "\(current.shownGroup)".
                    """
                return (false, text)
            }
            if unused.contains(name) {
                return (false, "\(setting.place): [\(setting.group)] \(setting.name) is an option of Glance's that has no effect here")
            }
            let nearest = former[name] ?? Self.nearest(to: name, among: names)
            let hint = nearest.map { ", did you mean [\($0.shownGroup)] \($0.name)?" } ?? ""
            return (true, "\(setting.place): unknown option [\(setting.group)] \(setting.name)\(hint)")
        }
    }

    /// The name that a slip of the pen makes into this one: two letters wrong in the name or in its group, or no group thought of; nil
    /// where none is so near.
    static func nearest(to name: OptionName, among names: Set<OptionName>) -> OptionName? {
        let candidates = names.compactMap { other -> (distance: Int, name: OptionName)? in
            let letters = editDistance(Array(name.name.utf8), Array(other.name.utf8))
            if letters == 0 {
                let groupLetters = editDistance(Array(name.group.utf8), Array(other.group.utf8))
                return groupLetters <= 2 || name.group == "default" ? (groupLetters, other) : nil
            }
            let isNear = letters <= min(2, name.name.utf8.count / 3)
            return isNear && name.group == other.group ? (letters, other) : nil
        }
        return candidates.min { $0 < $1 }?.name
    }
}

extension Setting {
    var id: OptionName { OptionName(group, name) }
    fileprivate var isOfEnvironment: Bool { source == .max }

    /// Files in order, and the lines of each.
    fileprivate var order: (Int, Int, String) {
        (source, place.lastIndex(of: ":").flatMap { Int(place[place.index(after: $0)...]) } ?? 0, place)
    }
}

/// Letters to insert, drop, replace or swap with the next one to make one name of the other (Damerau and Levenshtein).
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var rows = [Array(0...b.count)]
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var least = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), min(row[j], rows[i][j + 1]) + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
            row.append(least)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
