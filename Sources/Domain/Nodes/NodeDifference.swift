/// Something in which another node of the database differs from this one, and must not.
package enum NodeDifference: Sendable, Hashable {
    /// This node has a store that the other has not, or the reverse.
    case store(String, isHere: Bool)
    case type(store: String, here: String, there: String)
    /// A file store has another folder there.
    case folder(store: String)
    /// A file store has the same folder there, under another path.
    case path(store: String)
    /// One of the nodes may write to the folders of a file store, the other may not.
    case readOnly(store: String, isHere: Bool)
    /// A store on servers keeps images in another place there.
    case place(store: String, [Part])
    case setting(String, here: String, there: String)
    /// Each has a staging folder of its own, and one of them cannot be named to the other.
    case staging(isNamedHere: Bool)
    /// Both say the same address.
    case address

    /// A part of a store's place, in the words of a message.
    package struct Part: Sendable, Hashable {
        let name, here, there: String
    }
}

/// What differs between this node and others, in words for operators.
package struct NodeWarning: Sendable, Hashable {
    /// A sentence that names stores, nodes and settings, and no place: `/healthcheck` shows it, which takes no token.
    package let sentence: String
    /// What the log adds; empty for nothing.
    package let detail: String

    /// The line of the log.
    package var line: String { detail.isEmpty ? sentence : "\(sentence) (\(detail))" }
}

extension NodeSetup {
    /// What differs at another node. What one of them does not know of itself is not compared.
    package func differences(from other: NodeSetup) -> [NodeDifference] {
        var found: [NodeDifference] = []
        for name in Set(stores.keys).union(other.stores.keys) {
            guard let here = stores[name], let there = other.stores[name] else {
                found.append(.store(name, isHere: stores[name] != nil))
                continue
            }
            guard here.type == there.type else {
                found.append(.type(store: name, here: here.type, there: there.type))
                continue
            }
            let parts = here.parts(unlike: there)
            if !parts.isEmpty { found.append(.place(store: name, parts)) }
            guard let one = here.folders, let two = there.folders else { continue }
            if Set(one.map(\.identity)) != Set(two.map(\.identity)) {
                let marks = (Set(one.map(\.mark)), Set(two.map(\.mark)))
                found.append(marks.0 == marks.1 && !marks.0.contains(nil) ? .path(store: name) : .folder(store: name))
            }
            if let writes = here.mayWrite, let otherWrites = there.mayWrite, writes != otherWrites {
                found.append(.readOnly(store: name, isHere: !writes))
            }
        }
        for (name, here) in settings {
            if let there = other.settings[name], here != there { found.append(.setting(name, here: here, there: there)) }
        }
        if isStaging(elsewhereThan: other), address == nil || other.address == nil { found.append(.staging(isNamedHere: address != nil)) }
        if let address, address == other.address { found.append(.address) }
        return found
    }

    /// Whether the other node has another staging folder.
    package func isStaging(elsewhereThan other: NodeSetup) -> Bool {
        guard let staging, let there = other.staging else { return false }
        return staging != there
    }

    /// What differs at other nodes, each once with the names of all nodes that it is about.
    package func warnings(about others: [NodeSetup]) -> [NodeWarning] {
        var names: [NodeDifference: [String]] = [:]
        for other in others {
            for difference in differences(from: other) { names[difference, default: []].append(other.name) }
        }
        let warnings = names.map { difference, names in
            let (here, there) = ("this node (\(name))", Self.list(names.sorted()))
            return NodeWarning(
                sentence: difference.sentence(here: here, there: there), detail: difference.detail(here: here, there: there))
        }
        return warnings.sorted { $0.line < $1.line }
    }

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return "node \(names.first ?? "")" }
        return "nodes \(names.dropLast().joined(separator: ", ")) and \(last)"
    }
}

extension NodeSetup.Store {
    /// The parts of the place that differ. A value that one of the nodes does not know is not compared; a part that one of them has not at
    /// all is.
    fileprivate func parts(unlike other: Self) -> [NodeDifference.Part] {
        guard !place.isEmpty, !other.place.isEmpty else { return [] }
        return Set(place.keys).union(other.place.keys).sorted().compactMap { name in
            let (here, there) = (place[name], other.place[name])
            if let here, let there, here == nil || there == nil || here == there { return nil }
            return NodeDifference.Part(name: name, here: Self.shown(here), there: Self.shown(there))
        }
    }

    private static func shown(_ value: String??) -> String {
        guard let value else { return "none" }
        return value.map { "'\($0)'" } ?? "not known"
    }

    /// Whether the node may write to all of the folders; nil where that is not known.
    fileprivate var mayWrite: Bool? {
        guard let known = folders?.map(\.isWritable), !known.contains(nil) else { return nil }
        return !known.contains(false)
    }
}

extension NodeDifference {
    /// What the log adds to the sentence: the values of a place.
    fileprivate func detail(here: String, there: String) -> String {
        guard case .place(_, let parts) = self else { return "" }
        return parts.map { "the \($0.name) is \($0.here) at \(here) and \($0.there) at \(there)" }.joined(separator: "; ")
    }

    fileprivate func sentence(here: String, there: String) -> String {
        let (have, keep) = there.hasPrefix("nodes ") ? ("have", "keep") : ("has", "keeps")
        switch self {
        case .store(let name, isHere: true): return "store '\(name)': \(here) has it, and \(there) \(have) not"
        case .store(let name, isHere: false): return "store '\(name)': \(there) \(have) it, and \(here) has not"
        case .type(let store, let one, let two):
            return "store '\(store)' is of the type \(one) at \(here) and of the type \(two) at \(there)"
        case .folder(let store):
            return """
                store '\(store)': \(there) \(keep) it in another folder than \(here); an image that one of them wrote cannot be read by the \
                other
                """
        case .path(let store):
            return """
                store '\(store)': \(there) \(have) its folder at another path than \(here); the locations of images tell the path, so an \
                image that one of them wrote cannot be read by the other
                """
        case .readOnly(let store, let isHere):
            let (reader, writer) = isHere ? (here, there) : (there, here)
            return """
                store '\(store)': \(reader) may not write to its folder, and \(writer) may; an upload, an import or a deletion of data fails \
                where it may not
                """
        case .place(let store, _):
            return """
                store '\(store)': \(there) \(keep) it in another place than \(here); an image that one of them wrote may not be readable by \
                the other
                """
        case .setting(let name, let one, let two): return "\(name) is \(one) at \(here) and \(two) at \(there)"
        case .staging(let isNamedHere):
            return """
                the staging folder of \(here) is not that of \(there), and \(isNamedHere ? there : here) \
                \(isNamedHere ? have : "has") no [DEFAULT] worker_self_reference_url: an import of staged data that is asked of another node \
                is refused; set it to the node's own address at each node, or share the folder
                """
        case .address:
            return """
                [DEFAULT] worker_self_reference_url is the same at \(here) and \(there): it must be each node's own address, or what is \
                staged at one of them is looked for at the other
                """
        }
    }
}
