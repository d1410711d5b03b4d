/// An event for other services of the cloud. It never contains an image's locations. Source: Glance, `notifier.py`.
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
        /// An upload begins.
        case imagePrepare = "image.prepare"
        /// An upload succeeded or, as an error, failed.
        case imageUpload = "image.upload"
        case imageActivate = "image.activate"
        /// Bytes were sent to a client; an error if not all of them were.
        case imageSend = "image.send"
        case memberCreate = "image.member.create"
        case memberUpdate = "image.member.update"
        case memberDelete = "image.member.delete"
        case taskCreate = "task.create"
        /// A worker started the task.
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
        /// An image; its own fields say whether it is deleted.
        case image(Image)
        case member(Member, deletedAt: Timestamp?)
        /// A namespace without its contents. `formerly` is its name before the change; nil if it kept its name.
        case namespace(MetadefNamespace, formerly: String? = nil, deletedAt: Timestamp? = nil)
        /// An item of the named namespace. `formerly` as above.
        case item(MetadefItem, of: String, formerly: String? = nil, deletedAt: Timestamp? = nil)
        case task(Task)
        case sent(SentBytes)
        case text(String)

        /// The image that the payload is about; nil if it is about none, or a text.
        package var image: ImageID? {
            switch self {
            case .image(let image): image.id
            case .member(let member, _): member.image
            case .task(let task): task.image
            case .sent(let sent): sent.image
            case .namespace, .item, .text: nil
            }
        }

        /// The user whom the payload itself names as the cause.
        package var author: Author? {
            switch self {
            case .task(let task): Author(project: task.owner, user: task.user)
            case .sent(let sent): Author(project: sent.receiverProject, user: sent.receiverUser)
            case .image, .member, .namespace, .item, .text: nil
            }
        }
    }
}

/// The events that are not sent. Source: Glance's `disabled_notifications`.
package struct DisabledNotifications: Sendable {
    private let names: Set<String>

    /// - Parameter names: names of events and of groups; a group is the part of an event's name before a dot.
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

/// Bytes of an image that a client requested, and how many of them were sent.
package struct SentBytes: Sendable, Equatable {
    package let image: ImageID
    package var owner: String?
    package var receiverProject: String?
    package var receiverUser: String?
    /// The client's address; V1 reports it.
    package var destination: String?
    package var method = SendMethod.v2
    /// Whether a part of the image was sent.
    package var isRange = false
    package var trace: Trace?
    package var bytes: Int64 = 0
    package var announced: Int64 = 0
    /// Seconds since 1970.
    package var moment: Double = 0

    package init(image: ImageID) { self.image = image }

    package var isWhole: Bool { bytes == announced }
}

/// A notification in the queue.
package struct OutgoingNotification: Sendable {
    package let number: Int64
    /// An id that stays the same when the message is sent again.
    package let messageID: String
    package let publisher: String
    package let event: String
    package let priority: String
    /// JSON.
    package let payload: String
    /// The request that caused the notification.
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
