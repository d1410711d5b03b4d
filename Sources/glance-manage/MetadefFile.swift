internal import Domain
internal import Files
internal import Foundation
internal import JSONDocument

/// A file of metadata definitions with one namespace, as Glance ships them in `/etc/glance/metadefs`.
struct MetadefFile {
    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    /// The file contains no definitions.
    struct Unparsable: Error, CustomStringConvertible {
        let description: String
    }

    /// The largest file, in bytes.
    private static let longest = 8 << 20

    /// The files at a path: the file itself, or the files of a folder whose names end with `.json`.
    static func paths(at path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Unreadable(description: "\(path) does not exist.")
        }
        guard isFolder.boolValue else { return [path] }
        guard let all = entryNames(in: path) else { throw Unreadable(description: "\(path) cannot be read.") }
        let names = all.filter { $0.hasSuffix(".json") }
        guard !names.isEmpty else { throw Unreadable(description: "There are no *.json files in \(path).") }
        return names.sorted().map { "\(path)/\($0)" }
    }

    // MARK: reading

    /// Reads a namespace. Unknown fields are ignored; those of a property are kept.
    static func read(_ path: String) throws -> MetadefDraft {
        guard let bytes = fileBytes(of: path, atMost: longest) else {
            throw Unparsable(description: "cannot be read, or is larger than \(longest) bytes")
        }
        let document: JSON
        do throws(JSONSyntaxError) {
            document = try JSON(parsing: bytes)
        } catch {
            throw Unparsable(description: "it is not valid JSON: \(error.reason), at byte \(error.offset)")
        }
        guard let document = document.object else { throw Unreadable(description: "no JSON object") }
        return try draft(document)
    }

    private static func draft(_ document: JSONObject) throws -> MetadefDraft {
        let name = try name(document["namespace"], of: "namespace")
        let description = document["description"]?.string
        try MetadefLimits.check(text: description ?? "", of: "description")
        let owner = document["owner"]?.string ?? "admin"
        try ImageText.check(owner)
        var draft = MetadefDraft(
            fields: MetadefFields(
                name: name, displayName: try short(document["display_name"]), description: description,
                visibility: document["visibility"]?.string == "public" ? .public : .private,
                isProtected: document["protected"]?.bool ?? false, owner: owner)
        )
        for entry in document["resource_type_associations"]?.array ?? [] {
            draft.contents.resourceTypes.append(
                ResourceTypeAssociation(
                    name: try self.name(entry.object?["name"], of: "resource type"), prefix: try short(entry.object?["prefix"]),
                    propertiesTarget: try short(entry.object?["properties_target"])))
        }
        try document["properties"]?.object?.forEach { (name, schema) throws in
            try MetadefLimits.check(name: name, of: "property")
            draft.contents.properties.append(MetadefProperty(name: name, schema: try text(schema, of: "property \(name)")))
        }
        for entry in document["objects"]?.array ?? [] { draft.contents.objects.append(try object(entry.object ?? [:])) }
        for entry in document["tags"]?.array ?? [] {
            draft.contents.tags.append(MetadefTag(name: try self.name(entry.object?["name"], of: "tag")))
        }
        for kind in MetadefKind.allCases {
            try MetadefLimits.check(count: draft.contents.all.count { $0.kind == kind }, of: kind)
        }
        return draft
    }

    private static func object(_ entry: JSONObject) throws -> MetadefObject {
        let name = try name(entry["name"], of: "object")
        let (description, required) = (entry["description"]?.string, entry["required"]?.array?.compactMap(\.string))
        try MetadefLimits.check(text: description ?? "", of: "description of object \(name)")
        try MetadefLimits.check(text: required?.joined(separator: ",") ?? "", of: "list of what object \(name) requires")
        return MetadefObject(
            name: name, description: description, required: required,
            properties: try entry["properties"].map { try text($0, of: "properties of object \(name)") })
    }

    private static func name(_ value: JSON?, of what: String) throws -> String {
        guard let name = value?.string else { throw Unreadable(description: "a \(what) has no name") }
        try MetadefLimits.check(name: name, of: what)
        return name
    }

    private static func short(_ value: JSON?) throws -> String? {
        guard let text = value?.string else { return nil }
        guard text.unicodeScalars.count <= MetadefLimits.longestName else {
            throw Unreadable(description: "'\(text.prefix(40))…' is longer than \(MetadefLimits.longestName) characters")
        }
        try ImageText.check(text)
        return text
    }

    private static func text(_ value: JSON, of what: String) throws -> String {
        guard value.object != nil else { throw Unreadable(description: "\(what): no JSON object") }
        let text = String(decoding: value.text, as: UTF8.self)
        try MetadefLimits.check(text: text, of: what)
        return text
    }

    // MARK: writing

    static func write(_ namespace: MetadefNamespace, to path: String) throws {
        let (fields, contents) = (namespace.fields, namespace.contents)
        var document: JSONObject = ["namespace": .string(fields.name)]
        document["display_name"] = fields.displayName.json
        document["description"] = fields.description.json
        document["visibility"] = .string(fields.visibility.rawValue)
        document["protected"] = .bool(fields.isProtected)
        document["owner"] = .string(fields.owner)
        document["resource_type_associations"] = .array(
            contents.resourceTypes.map {
                ["name": .string($0.name), "prefix": $0.prefix.json, "properties_target": $0.propertiesTarget.json]
            })
        var properties = JSONObject()
        for property in contents.properties { properties[property.name] = try parsed(property.schema) }
        document["properties"] = .object(properties)
        var objects: [JSON] = []
        for object in contents.objects {
            objects.append([
                "name": .string(object.name), "description": object.description.json,
                "required": .array(object.required?.map { .string($0) } ?? []), "properties": try parsed(object.properties ?? "{}"),
            ])
        }
        document["objects"] = .array(objects)
        document["tags"] = .array(contents.tags.map { ["name": .string($0.name)] })
        try Data(JSON.object(document).text).write(to: URL(filePath: path), options: .atomic)
    }

    private static func parsed(_ text: String) throws -> JSON {
        do throws(JSONSyntaxError) {
            return try JSON(parsing: Array(text.utf8))
        } catch {
            throw Unreadable(description: "its definitions cannot be read: \(error.reason)")
        }
    }

    /// The file's name for a namespace: the letters and digits of its display name, as in Glance, or of its name if another file has that.
    static func name(for namespace: MetadefNamespace, taken: Set<String>) -> String {
        func plain(_ text: String) -> String { String(text.filter { $0.isLetter || $0.isNumber }) }
        let names = [plain(namespace.fields.displayName ?? ""), plain(namespace.name), "namespace\(namespace.id)"]
        return names.first { !$0.isEmpty && !taken.contains($0.lowercased()) } ?? "namespace\(namespace.id)"
    }
}

extension String? {
    fileprivate var json: JSON { map { .string($0) } ?? .null }
}
