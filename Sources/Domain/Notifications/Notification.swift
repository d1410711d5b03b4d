/// Something that happened, for whoever listens to the cloud. Never where an image's bytes lie. Source: Glance, `notifier.py`.
package struct Notification: Sendable {
    package let event: Event
    package let priority: Priority
    package let payload: Payload

    package init(_ event: Event, _ priority: Priority, _ payload: Payload) {
        (self.event, self.priority, self.payload) = (event, priority, payload)
    }

    package enum Event: String, Sendable, CaseIterable {
        case imageCreate = "image.create"
        case imageUpdate = "image.update"
        case imageDelete = "image.delete"
        /// Bytes begin to come.
        case imagePrepare = "image.prepare"
        /// Bytes have come, or, as an error, have not.
        case imageUpload = "image.upload"
        case imageActivate = "image.activate"
        /// Bytes went to a client; an error when not all of them did.
        case imageSend = "image.send"
        case memberCreate = "image.member.create"
        case memberUpdate = "image.member.update"
        case memberDelete = "image.member.delete"
        case taskCreate = "task.create"
        /// Somebody began it.
        case taskRun = "task.run"
        case taskProcessing = "task.processing"
        case taskSuccess = "task.success"
        case taskFailure = "task.failure"
        case namespaceCreate = "metadef_namespace.create"
        case namespaceUpdate = "metadef_namespace.update"
        case namespaceDelete = "metadef_namespace.delete"
        case namespaceDeleteObjects = "metadef_namespace.delete_objects"
        case namespaceDeleteProperties = "metadef_namespace.delete_properties"
        case namespaceDeleteTags = "metadef_namespace.delete_tags"
        case objectCreate = "metadef_object.create"
        case objectUpdate = "metadef_object.update"
        case objectDelete = "metadef_object.delete"
        case propertyCreate = "metadef_property.create"
        case propertyUpdate = "metadef_property.update"
        case propertyDelete = "metadef_property.delete"
        case tagCreate = "metadef_tag.create"
        case tagUpdate = "metadef_tag.update"
        case tagDelete = "metadef_tag.delete"
        /// A resource type was associated with a namespace.
        case resourceTypeCreate = "metadef_resource_type.create"
        case resourceTypeDelete = "metadef_resource_type.delete"
    }

    package enum Priority: String, Sendable {
        case info = "INFO"
        case error = "ERROR"
    }

    package enum Payload: Sendable {
        /// Deleted when it says so itself.
        case image(Image)
        case member(Member, deletedAt: Timestamp?)
        /// Without its contents. `formerly` is its name before the change, nil where it kept it.
        case namespace(MetadefNamespace, formerly: String? = nil, deletedAt: Timestamp? = nil)
        /// Something in a namespace of the name. `formerly` as above.
        case item(MetadefItem, of: String, formerly: String? = nil, deletedAt: Timestamp? = nil)
        case task(Task)
        case sent(SentBytes)
        case text(String)
    }
}

/// The events that nobody is told of. Source: Glance's `disabled_notifications`.
package struct DisabledNotifications: Sendable {
    private let names: Set<String>

    /// - Parameter names: of events, and of groups: what stands before a dot of an event's name.
    package init(_ names: [String]) { self.names = Set(names) }

    package func contains(_ event: Notification.Event) -> Bool {
        var name = event.rawValue[...]
        while true {
            if names.contains(String(name)) { return true }
            guard let dot = name.lastIndex(of: ".") else { return false }
            name = name[..<dot]
        }
    }
}

/// Bytes of an image that a client asked for, and how many of them he took.
package struct SentBytes: Sendable, Equatable {
    package let image: ImageID
    package var owner: String?
    package var receiverProject: String?
    package var receiverUser: String?
    /// Where they went; V1 tells it.
    package var destination: String?
    package var trace: Trace?
    package var bytes: Int64 = 0
    package var announced: Int64 = 0
    /// Seconds since 1970.
    package var moment: Double = 0

    package init(image: ImageID) { self.image = image }

    package var isWhole: Bool { bytes == announced }
}

/// A notification on its way.
package struct OutgoingNotification: Sendable {
    package let number: Int64
    /// The same however often it is sent.
    package let messageID: String
    package let publisher: String
    package let event: String
    package let priority: String
    /// JSON.
    package let payload: String
    /// Of the request that it tells of.
    package let trace: Trace?
    /// `2026-11-23 08:07:00.123456`, in UTC.
    package let moment: String

    package init(
        number: Int64, messageID: String, publisher: String, event: String, priority: String, payload: String, trace: Trace?,
        moment: String
    ) {
        self.number = number
        self.messageID = messageID
        self.publisher = publisher
        self.event = event
        self.priority = priority
        self.payload = payload
        self.trace = trace
        self.moment = moment
    }
}
