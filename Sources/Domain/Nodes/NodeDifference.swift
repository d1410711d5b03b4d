/// Something in which another node of the database differs from this one, and must not.
package enum NodeDifference: Sendable, Hashable {
    /// This node has a store that the other has not, or the reverse.
    case store(String, isHere: Bool)
    case type(store: String, here: String, there: String)
    /// A file store has another folder there.
    case folder(store: String)
    /// A file store has the same folder there, under another path.
    case path(store: String)
    case setting(String, here: String, there: String)
    /// Each has a staging folder of its own, and one of them cannot be named to the other.
    case staging(isNamedHere: Bool)
    /// Both say the same address.
    case address
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
            if here.type != there.type {
                found.append(.type(store: name, here: here.type, there: there.type))
            } else if let one = here.folders, let two = there.folders, Set(one) != Set(two) {
                let marks = (Set(one.map(\.mark)), Set(two.map(\.mark)))
                found.append(marks.0 == marks.1 && !marks.0.contains(nil) ? .path(store: name) : .folder(store: name))
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

    /// What differs at other nodes, in sentences for operators, each once with the names of all nodes that it is about.
    package func warnings(about others: [NodeSetup]) -> [String] {
        var names: [NodeDifference: [String]] = [:]
        for other in others {
            for difference in differences(from: other) { names[difference, default: []].append(other.name) }
        }
        return names.map { $0.key.sentence(here: "this node (\(name))", there: Self.list($0.value.sorted())) }.sorted()
    }

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return "node \(names.first ?? "")" }
        return "nodes \(names.dropLast().joined(separator: ", ")) and \(last)"
    }
}

extension NodeDifference {
    fileprivate func sentence(here: String, there: String) -> String {
        let have = there.hasPrefix("nodes ") ? "have" : "has"
        switch self {
        case .store(let name, isHere: true): return "store '\(name)': \(here) has it, and \(there) \(have) not"
        case .store(let name, isHere: false): return "store '\(name)': \(there) \(have) it, and \(here) has not"
        case .type(let store, let one, let two):
            return "store '\(store)' is of the type \(one) at \(here) and of the type \(two) at \(there)"
        case .folder(let store):
            let keep = have == "have" ? "keep" : "keeps"
            return """
                store '\(store)': \(there) \(keep) it in another folder than \(here); an image that one of them wrote cannot be read by the \
                other
                """
        case .path(let store):
            return """
                store '\(store)': \(there) \(have) its folder at another path than \(here); the locations of images tell the path, so an \
                image that one of them wrote cannot be read by the other
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
