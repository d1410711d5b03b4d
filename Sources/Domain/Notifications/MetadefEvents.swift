/// The notifications about items of a namespace. Source: Glance, `notifier.py`.
extension MetadefKind {
    package var creation: Notification.Event {
        switch self {
        case .resourceType: .resourceTypeCreate
        case .property: .propertyCreate
        case .object: .objectCreate
        case .tag: .tagCreate
        }
    }

    /// Nil for associations: Glance has no event for their change.
    package var change: Notification.Event? {
        switch self {
        case .resourceType: nil
        case .property: .propertyUpdate
        case .object: .objectUpdate
        case .tag: .tagUpdate
        }
    }

    package var deletion: Notification.Event {
        switch self {
        case .resourceType: .resourceTypeDelete
        case .property: .propertyDelete
        case .object: .objectDelete
        case .tag: .tagDelete
        }
    }

    /// The event for the deletion of all items of a kind; nil for associations, which are deleted one by one.
    package var clearing: Notification.Event? {
        switch self {
        case .resourceType: nil
        case .property: .namespaceDeleteProperties
        case .object: .namespaceDeleteObjects
        case .tag: .namespaceDeleteTags
        }
    }
}
