internal import Text

extension Configuration {
    /// Settings that have no effect or an old name: a text for the log each, with the most similar known name. The order is the same at
    /// every start.
    ///
    /// - Parameter unused: options of Glance that have no effect here.
    package func complaints(known: [OptionKey], unused: [OptionName]) -> [String] {
        remarks(known: known, unused: unused).map(\.text)
    }

    /// The texts about options that neither Glance nor this program has: probably typing errors.
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
                // The wording is oslo.config's, which operators search for.
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

    /// The known name that is most similar: with two letters wrong in the name or the group, or with the group forgotten; nil if none is.
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

    /// The order of files, and of lines in a file.
    fileprivate var order: (Int, Int, String) {
        (source, place.lastIndex(of: ":").flatMap { Int(place[place.index(after: $0)...]) } ?? 0, place)
    }
}
