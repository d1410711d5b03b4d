/// The metadata definitions.
///
/// A method with a caller checks what they may see. The others are for `MetadefService`, which has checked the policy, and for the
/// operator's tool. Every method throws `.unavailable` when the records cannot be read now or are overloaded; other kinds are named at each
/// method.
package protocol MetadefCatalog: Sendable {
    /// Reads a page of the namespaces that the caller may see.
    ///
    /// - Throws: `.notFound` when the marker is no namespace that the caller may see.
    func page(_ listing: MetadefListing, visibleTo caller: Caller) throws(Fault) -> MetadefPage

    /// Reads a namespace with the requested parts of its contents in one consistent read. If the contents are large, the items are
    /// outlined: they have names only.
    ///
    /// - Throws: `.notFound` also for a namespace that the caller may not see.
    func namespace(_ name: String, with parts: [MetadefPart], visibleTo caller: Caller) throws(Fault) -> MetadefNamespace

    /// Reads some items of a namespace by their names, in that order. Names that do not exist are left out.
    func items(_ kind: MetadefKind, named names: [String], of namespace: MetadefNamespace) throws(Fault) -> [MetadefItem]

    /// Reads all resource types in the order in which they were created.
    func resourceTypes() throws(Fault) -> [ResourceType]

    /// Creates a namespace with its contents in one transaction. Missing resource types are created too.
    ///
    /// - Throws: `.conflict` when the name of the namespace or of an item is taken.
    func insert(_ draft: MetadefDraft) throws(Fault) -> MetadefNamespace

    /// Changes a namespace's own fields.
    ///
    /// - Throws: `.conflict` when the name is taken, `.notFound` when the namespace is gone.
    func update(_ namespace: MetadefNamespace, to fields: MetadefFields) throws(Fault) -> MetadefNamespace

    /// Deletes a namespace with its contents; resource types stay.
    ///
    /// - Throws: `.forbidden` when it has become protected, `.notFound` when it is gone.
    func delete(_ namespace: MetadefNamespace) throws(Fault)

    /// Adds items to a namespace in one transaction.
    ///
    /// - Throws: `.conflict` when a name is taken there, `.tooLarge` past `MetadefLimits`, `.notFound` when the namespace is gone.
    func add(_ items: [MetadefItem], to namespace: MetadefNamespace) throws(Fault) -> [MetadefItem]

    /// Replaces all tags of a namespace.
    ///
    /// - Throws: `.conflict` when two of the tags are the same.
    func replaceTags(of namespace: MetadefNamespace, with tags: [MetadefTag]) throws(Fault)

    /// Replaces an item by another one of its kind.
    ///
    /// - Throws: `.conflict` when the new name is taken, `.notFound` when there is no item of the old name.
    func replace(_ name: String, with item: MetadefItem, in namespace: MetadefNamespace) throws(Fault) -> MetadefItem

    /// Removes an item.
    ///
    /// - Throws: `.notFound` when there is no item of the name.
    func remove(_ kind: MetadefKind, _ name: String, from namespace: MetadefNamespace) throws(Fault)

    /// Removes all items of a kind.
    func removeAll(_ kind: MetadefKind, from namespace: MetadefNamespace) throws(Fault)

    // MARK: For the operator's files of definitions

    /// Loads a namespace's definitions, beside or in place of the existing ones, in one transaction.
    ///
    /// - Returns: false when the namespace exists and was left unchanged.
    func load(_ draft: MetadefDraft, _ mode: MetadefLoading) throws(Fault) -> Bool

    /// Removes all definitions, including resource types.
    func clear() throws(Fault)

    /// Reads the names of all namespaces in their order.
    func names() throws(Fault) -> [String]
}

extension MetadefCatalog {
    /// Calls a closure with each item of a namespace, completely read. Outlined items are read again, a few at a time.
    package func forEach(
        _ items: [MetadefItem], of namespace: MetadefNamespace, _ body: (MetadefItem) throws(Fault) -> Void
    ) throws(Fault) {
        guard namespace.contents.isOutlined else {
            for item in items { try body(item) }
            return
        }
        for start in stride(from: 0, to: items.count, by: MetadefItem.piece) {
            let some = items[start..<min(start + MetadefItem.piece, items.count)]
            for item in try self.items(some[start].kind, named: some.map(\.name), of: namespace) { try body(item) }
        }
    }

    /// Reads a namespace with all its contents, however large they are.
    package func wholeNamespace(_ name: String) throws(Fault) -> MetadefNamespace {
        var namespace = try namespace(name, with: MetadefKind.allCases.map { .all($0) }, visibleTo: .service)
        guard namespace.contents.isOutlined else { return namespace }
        var contents = MetadefContents()
        for kind in MetadefKind.allCases {
            try forEach(namespace.contents.all.filter { $0.kind == kind }, of: namespace) { item throws(Fault) in contents.append(item) }
        }
        namespace.contents = contents
        return namespace
    }
}

/// A part of a namespace's contents that is requested.
package enum MetadefPart: Sendable {
    /// All items of a kind.
    case all(MetadefKind)
    /// The item of a name, if there is one.
    case one(MetadefKind, String)
}

/// What loading a file does to an existing namespace. Source: Glance, `glance-manage db load_metadefs`.
package enum MetadefLoading: Sendable {
    /// It stays unchanged.
    case skip
    /// Missing items are added.
    case merge
    /// Missing items are added, and existing ones are replaced by those of the file.
    case preferNew
    /// The namespace is replaced by the one of the file.
    case overwrite
}
