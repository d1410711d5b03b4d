/// The definitions of metadata.
///
/// A method with a caller looks by itself what they may see; the others are for `MetadefService`, which has asked the policy, and for the
/// operator's tool. Every method throws `.unavailable` when the records cannot be asked or are too busy; other kinds are named with each.
package protocol MetadefCatalog: Sendable {
    /// Reads a page of namespaces that the caller may see.
    ///
    /// - Throws: `.notFound` when the marker is no namespace that the caller can see.
    func page(_ listing: MetadefListing, visibleTo caller: Caller) throws(Fault) -> MetadefPage

    /// Reads a namespace with what is asked for of its contents, in one look: whole, or their names where they hold much.
    ///
    /// - Throws: `.notFound` also for one that the caller may not see.
    func namespace(_ name: String, with parts: [MetadefPart], visibleTo caller: Caller) throws(Fault) -> MetadefNamespace

    /// Reads some of a namespace's contents by their names, in that order; names that there are not are left out.
    func items(_ kind: MetadefKind, named names: [String], of namespace: MetadefNamespace) throws(Fault) -> [MetadefItem]

    /// Reads all resource types, in the order in which they were first named.
    func resourceTypes() throws(Fault) -> [ResourceType]

    /// Makes a namespace with its contents, all or nothing. Resource types that there are not yet are made too.
    ///
    /// - Throws: `.conflict` for a name that is taken, of the namespace or in it.
    func insert(_ draft: MetadefDraft) throws(Fault) -> MetadefNamespace

    /// Changes a namespace's own fields.
    ///
    /// - Throws: `.conflict` for a name that is taken, `.notFound` when the namespace is gone.
    func update(_ namespace: MetadefNamespace, to fields: MetadefFields) throws(Fault) -> MetadefNamespace

    /// Removes a namespace with its contents; resource types stay.
    ///
    /// - Throws: `.forbidden` when it has become protected, `.notFound` when it is gone.
    func delete(_ namespace: MetadefNamespace) throws(Fault)

    /// Adds items to a namespace, all or nothing.
    ///
    /// - Throws: `.conflict` for a name that is taken there, `.tooLarge` past `MetadefLimits`, `.notFound` when the namespace
    ///   is gone.
    func add(_ items: [MetadefItem], to namespace: MetadefNamespace) throws(Fault) -> [MetadefItem]

    /// Puts tags in the place of all that there are.
    ///
    /// - Throws: `.conflict` when two of them are the same.
    func replaceTags(of namespace: MetadefNamespace, with tags: [MetadefTag]) throws(Fault)

    /// Puts an item in the place of another of its kind.
    ///
    /// - Throws: `.conflict` when its name is another one's, `.notFound` when there is nothing of the old name.
    func replace(_ name: String, with item: MetadefItem, in namespace: MetadefNamespace) throws(Fault) -> MetadefItem

    /// Removes an item.
    ///
    /// - Throws: `.notFound` when there is nothing of the name.
    func remove(_ kind: MetadefKind, _ name: String, from namespace: MetadefNamespace) throws(Fault)

    /// Removes all of a kind.
    func removeAll(_ kind: MetadefKind, from namespace: MetadefNamespace) throws(Fault)

    // MARK: For the operator's files of definitions

    /// Puts a namespace's definitions beside, or in place of, those that there are, all or nothing.
    ///
    /// - Returns: false when the namespace is there and was left as it is.
    func load(_ draft: MetadefDraft, _ mode: MetadefLoading) throws(Fault) -> Bool

    /// Removes all definitions, resource types too.
    func clear() throws(Fault)

    /// Reads the names of all namespaces, in their order.
    func names() throws(Fault) -> [String]
}

extension MetadefCatalog {
    /// Hands over items of a namespace, each whole: those that were read, or, where that were too many, read again a few at a time.
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

    /// A namespace with all that is in it, however much that is.
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

/// What is wanted of a namespace's contents.
package enum MetadefPart: Sendable {
    case all(MetadefKind)
    /// The one of a name, if there is one.
    case one(MetadefKind, String)
}

/// What a file does to a namespace that there is. Source: Glance, `glance-manage db load_metadefs`.
package enum MetadefLoading: Sendable {
    /// Nothing.
    case skip
    /// Adds what is missing.
    case merge
    /// Adds what is missing, and what is there becomes as the file has it.
    case preferNew
    /// The file is all that remains.
    case overwrite
}
