package import Domain

/// The operations on metadata definitions: they check the policy, and the catalog does the rest.
package struct MetadefService: Sendable {
    private let catalog: any MetadefCatalog
    private let policies: any PolicySource

    /// Makes a service of its parts.
    package init(catalog: some MetadefCatalog, policies: any PolicySource) {
        self.catalog = catalog
        self.policies = policies
    }

    // MARK: namespaces

    /// Lists a page of namespaces with their resource types. Namespaces that the policy hides from the caller are left out.
    package func list(_ listing: MetadefListing, for caller: Caller) throws(Fault) -> MetadefPage {
        let policy = policies.current
        try policy.require(.getMetadefNamespaces, on: nil, by: caller)
        try policy.require(.listMetadefResourceTypes, on: nil, by: caller)
        var page = try catalog.page(listing, visibleTo: caller)
        var seen: [MetadefNamespace] = []
        for namespace in page.namespaces { if try policy.decides(.getMetadefNamespace, caller, on: namespace) { seen.append(namespace) } }
        page.namespaces = seen
        return page
    }

    /// Reads a namespace with all its contents.
    package func show(_ name: String, to caller: Caller) throws(Fault) -> MetadefNamespace {
        try namespace(
            name, with: MetadefKind.allCases.map { .all($0) },
            [.getMetadefNamespace, .listMetadefResourceTypes, .getMetadefObjects, .getMetadefProperties, .getMetadefTags], by: caller)
    }

    /// Creates a namespace with its contents in one transaction.
    ///
    /// - Throws: `.conflict` when the name of the namespace or of an item is taken.
    package func create(_ draft: MetadefDraft, by caller: Caller) throws(Fault) -> MetadefNamespace {
        let policy = policies.current
        try policy.require(.addMetadefNamespace, on: nil, by: caller)
        try policy.requireOwnership(ofNamespace: draft.fields.name, of: draft.fields.owner, by: caller)
        for kind in MetadefKind.allCases where draft.contents.all.contains(where: { $0.kind == kind }) {
            try policy.require(kind.ruleToAdd, on: nil, by: caller)
            try MetadefLimits.check(count: draft.contents.all.count { $0.kind == kind }, of: kind)
        }
        return try catalog.insert(draft)
    }

    /// Changes a namespace's own fields.
    package func update(_ name: String, to fields: MetadefFields, by caller: Caller) throws(Fault) -> MetadefNamespace {
        let namespace = try namespace(name, [.modifyMetadefNamespace], by: caller)
        try policies.current.requireOwnership(ofNamespace: fields.name, of: fields.owner, by: caller)
        return try catalog.update(namespace, to: fields)
    }

    /// Deletes a namespace with its contents.
    package func delete(_ name: String, by caller: Caller) throws(Fault) {
        try catalog.delete(try namespace(name, [.deleteMetadefNamespace], by: caller))
    }

    /// Lists all resource types.
    package func resourceTypes(for caller: Caller) throws(Fault) -> [ResourceType] {
        try policies.current.require(.listMetadefResourceTypes, on: nil, by: caller)
        return try catalog.resourceTypes()
    }

    // MARK: contents of namespaces

    /// Reads a namespace with all items of one kind; with none of them when the policy hides them.
    package func contents(_ kind: MetadefKind, of name: String, for caller: Caller) throws(Fault) -> MetadefNamespace {
        var found = try namespace(name, with: [.all(kind)], [kind.ruleToList], by: caller)
        if try !policies.current.decides(kind.ruleToGet, caller, on: found) { found.contents = MetadefContents() }
        return found
    }

    /// Calls a closure with each item of a namespace that was read, completely read.
    package func forEach(
        _ items: [MetadefItem], of namespace: MetadefNamespace, _ body: (MetadefItem) throws(Fault) -> Void
    ) throws(Fault) {
        try catalog.forEach(items, of: namespace, body)
    }

    /// Reads one item of a namespace.
    package func item(_ kind: MetadefKind, _ name: String, of namespaceName: String, for caller: Caller) throws(Fault) -> MetadefItem {
        let namespace = try namespace(namespaceName, with: part(kind, name), [kind.ruleToGet], by: caller)
        guard let item = namespace.contents.all.first else { throw .itemNotFound(kind, name) }
        return item
    }

    /// Reads a property by the name that it has on resources of a type.
    ///
    /// - Throws: `.notFound` unless the type is associated and the name begins with its prefix.
    package func property(
        _ name: String, on resourceType: String, of namespaceName: String, for caller: Caller
    ) throws(Fault) -> MetadefItem {
        let namespace = try namespace(
            namespaceName, with: [.all(.resourceType)], [.getMetadefProperty, .getMetadefResourceType], by: caller)
        guard let association = namespace.contents.resourceTypes.first(where: { $0.name == resourceType }) else {
            throw .itemNotFound(.resourceType, resourceType)
        }
        guard let prefix = association.prefix, !prefix.isEmpty, name.hasPrefix(prefix) else {
            throw Fault(.notFound, "Property \(name) does not begin with the prefix that resource type \(resourceType) has.")
        }
        return try item(.property, String(name.dropFirst(prefix.count)), of: namespaceName, for: caller)
    }

    /// Adds an item to a namespace.
    package func add(_ item: MetadefItem, to name: String, by caller: Caller) throws(Fault) -> MetadefItem {
        let namespace = try namespace(name, [item.kind.ruleToAdd], by: caller)
        return try catalog.add([item], to: namespace).first ?? item
    }

    /// Sets the tags of a namespace.
    ///
    /// - Parameter appending: whether the existing tags stay.
    package func put(_ tags: [MetadefTag], to name: String, appending: Bool, by caller: Caller) throws(Fault) {
        let namespace = try namespace(name, [.addMetadefTags], by: caller)
        // As in Glance, an empty list changes nothing; it does not remove all tags.
        if tags.isEmpty { return }
        try MetadefLimits.check(count: tags.count, of: .tag)
        if appending {
            _ = try catalog.add(tags.map { .tag($0) }, to: namespace)
        } else {
            try catalog.replaceTags(of: namespace, with: tags)
        }
    }

    /// Replaces an item by another one of its kind.
    package func replace(_ name: String, with item: MetadefItem, in namespaceName: String, by caller: Caller) throws(Fault) -> MetadefItem {
        let namespace = try namespace(namespaceName, [item.kind.ruleToModify], by: caller)
        guard MetadefLimits.isPossible(name) else { throw .itemNotFound(item.kind, name) }
        return try catalog.replace(name, with: item, in: namespace)
    }

    /// Removes an item.
    ///
    /// - Throws: `.forbidden` when the namespace is protected.
    package func remove(_ kind: MetadefKind, _ name: String, from namespaceName: String, by caller: Caller) throws(Fault) {
        let namespace = try namespace(namespaceName, with: part(kind, name), [kind.ruleToRemove], by: caller)
        guard let item = namespace.contents.all.first else { throw .itemNotFound(kind, name) }
        guard !namespace.isProtected else { throw .protected(namespace, item) }
        try catalog.remove(kind, name, from: namespace)
    }

    /// Removes all items of a kind.
    ///
    /// - Throws: `.forbidden` when the namespace is protected.
    package func removeAll(_ kind: MetadefKind, from name: String, by caller: Caller) throws(Fault) {
        let rules: [PolicyRule] = kind == .tag ? [.deleteMetadefNamespace, .deleteMetadefTags] : [.deleteMetadefNamespace]
        let namespace = try namespace(name, rules, by: caller)
        guard !namespace.isProtected else { throw .protected(namespace) }
        try catalog.removeAll(kind, from: namespace)
    }

    // MARK: lookup

    private func namespace(
        _ name: String, with parts: [MetadefPart] = [], _ rules: [PolicyRule], by caller: Caller
    ) throws(Fault) -> MetadefNamespace {
        let namespace = try catalog.namespace(name, with: parts, visibleTo: caller)
        for rule in rules { try policies.current.require(rule, on: namespace, by: caller) }
        return namespace
    }

    /// The part to read; none for a name that no item can have.
    private func part(_ kind: MetadefKind, _ name: String) -> [MetadefPart] {
        MetadefLimits.isPossible(name) ? [.one(kind, name)] : []
    }
}

extension MetadefKind {
    fileprivate var ruleToList: PolicyRule {
        switch self {
        case .resourceType: .listMetadefResourceTypes
        case .property: .getMetadefProperties
        case .object: .getMetadefObjects
        case .tag: .getMetadefTags
        }
    }

    fileprivate var ruleToGet: PolicyRule {
        switch self {
        case .resourceType: .getMetadefResourceType
        case .property: .getMetadefProperty
        case .object: .getMetadefObject
        case .tag: .getMetadefTag
        }
    }

    fileprivate var ruleToAdd: PolicyRule {
        switch self {
        case .resourceType: .addMetadefResourceType
        case .property: .addMetadefProperty
        case .object: .addMetadefObject
        case .tag: .addMetadefTag
        }
    }

    fileprivate var ruleToModify: PolicyRule {
        switch self {
        // Glance cannot change an association; the rule to add one applies.
        case .resourceType: .addMetadefResourceType
        case .property: .modifyMetadefProperty
        case .object: .modifyMetadefObject
        case .tag: .modifyMetadefTag
        }
    }

    fileprivate var ruleToRemove: PolicyRule {
        switch self {
        case .resourceType: .removeMetadefResourceType
        case .property: .removeMetadefProperty
        case .object: .deleteMetadefObject
        case .tag: .deleteMetadefTag
        }
    }
}
