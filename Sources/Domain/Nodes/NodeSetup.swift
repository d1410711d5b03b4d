internal import JSONDocument

/// How a node is set up, as far as the nodes of one database must agree.
package struct NodeSetup: Sendable, Equatable {
    /// The node's name in messages.
    package var name: String
    /// The address by which other nodes reach it; nil when none is configured.
    package var address: String?
    /// The mark of the staging folder; nil while it has none, or cannot be read.
    package var staging: String?
    /// The stores by their names.
    package var stores: [String: Store] = [:]
    /// The settings that must be the same at all nodes, by their names in messages.
    package var settings: [String: String] = [:]

    /// A store of a node.
    package struct Store: Sendable, Equatable {
        package var type: String
        /// The folders; nil for a store without folders, and while it is not known which ones they are.
        package var folders: [Folder]?
        /// Where a store on servers keeps images, by the names that `PlacedStore` gives the parts; empty for a store in folders, and where a
        /// release recorded it that knows no places. A value that the node does not know is nil.
        package var place: [String: String?]

        /// Makes a store of its parts.
        package init(type: String, folders: [Folder]? = nil, place: [String: String?] = [:]) {
            (self.type, self.folders, self.place) = (type, folders, place)
        }
    }

    /// A folder of a file store.
    package struct Folder: Sendable, Hashable {
        package var path: String
        /// Nil for a folder without a mark, though the folder that images were written to has one.
        package var mark: String?
        /// Whether the node may write to the folder; nil where that is not known.
        package var isWritable: Bool?

        /// Makes a folder of its parts.
        package init(path: String, mark: String?, isWritable: Bool? = nil) {
            (self.path, self.mark, self.isWritable) = (path, mark, isWritable)
        }

        /// What tells it from other folders.
        var identity: Self { Self(path: path, mark: mark) }
    }

    /// Makes the setup of a node without stores.
    package init(name: String) { self.name = name }
}

// MARK: as JSON

extension NodeSetup {
    /// The form in which it is recorded.
    package var text: String {
        var (shown, set) = (JSONObject(), JSONObject())
        for (name, store) in stores.sorted(by: { $0.key < $1.key }) { shown[name] = .object(store.json) }
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) { set[name] = .string(value) }
        var object: JSONObject = ["name": .string(name)]
        if let address { object["address"] = .string(address) }
        if let staging { object["staging"] = .string(staging) }
        (object["stores"], object["settings"]) = (.object(shown), .object(set))
        return String(decoding: JSON.object(object).text, as: UTF8.self)
    }

    /// Reads that form. Members that this release does not know count for nothing, so that another release may write more.
    ///
    /// - Returns: nil for a text that no release has written.
    package init?(_ text: String) {
        guard let object = (try? JSON(parsing: Array(text.utf8)))?.object, let name = object["name"]?.string else { return nil }
        self.name = name
        (address, staging) = (object["address"]?.string, object["staging"]?.string)
        object["stores"]?.object?.forEach { stores[$0] = $1.object.flatMap { Store($0) } }
        object["settings"]?.object?.forEach { settings[$0] = $1.string }
    }
}

extension NodeSetup.Store {
    fileprivate var json: JSONObject {
        var object: JSONObject = ["type": .string(type)]
        if let folders {
            object["folders"] = .array(folders.map { .object($0.json) })
        }
        if !place.isEmpty {
            var parts = JSONObject()
            for (name, value) in place.sorted(by: { $0.key < $1.key }) { parts[name] = value.map { .string($0) } ?? .null }
            object["place"] = .object(parts)
        }
        return object
    }

    fileprivate init?(_ object: JSONObject) {
        guard let type = object["type"]?.string else { return nil }
        self.type = type
        folders = object["folders"]?.array?.compactMap { $0.object.flatMap { NodeSetup.Folder($0) } }
        place = [:]
        object["place"]?.object?.forEach { place.updateValue($1.string, forKey: $0) }
    }
}

extension NodeSetup.Folder {
    fileprivate var json: JSONObject {
        var object: JSONObject = ["path": .string(path), "mark": mark.map { .string($0) } ?? .null]
        if let isWritable { object["writable"] = .bool(isWritable) }
        return object
    }

    fileprivate init?(_ object: JSONObject) {
        guard let path = object["path"]?.string else { return nil }
        self.init(path: path, mark: object["mark"]?.string, isWritable: object["writable"]?.bool)
    }
}
