package import Domain
internal import JSONDocument

extension Notification {
    /// The payload of the notification as JSON, with Glance's fields in Glance's order.
    package var payloadText: String {
        var json = JSONWriter()
        switch payload {
        case .image(let image): write(image, to: &json)
        case .member(let member, let deletedAt): Self.write(member, deletedAt, to: &json)
        case .namespace(let namespace, let formerly, let deletedAt): Self.write(namespace, formerly, deletedAt, to: &json)
        case .item(let item, let namespace, let formerly, let deletedAt): Self.write(item, namespace, formerly, deletedAt, to: &json)
        case .task(let task): Self.write(task, to: &json)
        case .sent(let sent): Self.write(sent, to: &json)
        case .text(let text): json.string(text)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func write(_ image: Image, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", image.id.text)
            json.member("name", image.name)
            json.member("status", image.status.rawValue)
            json.member("created_at", image.createdAt.description)
            json.member("updated_at", image.updatedAt.description)
            json.member("min_disk", image.minDisk)
            json.member("min_ram", image.minRAM)
            json.member("protected", image.isProtected)
            json.member("checksum", image.checksum)
            json.member("owner", image.owner)
            json.member("disk_format", image.diskFormat)
            json.member("container_format", image.containerFormat)
            json.member("size", image.size)
            json.member("virtual_size", image.virtualSize)
            json.member("is_public", image.visibility == .public)
            json.member("visibility", image.visibility.rawValue)
            json.key("properties")
            json.object { json in for property in image.properties { json.member(property.name, property.value) } }
            json.key("tags")
            json.array { json in for tag in image.tags { json.string(tag) } }
            json.member("deleted", image.deletedAt != nil)
            json.member("deleted_at", image.deletedAt?.description)
            guard event == .imagePrepare || event == .imageUpload else { return }
            for name in ["os_glance_importing_to_stores", "os_glance_failed_import"] {
                json.key(name)
                json.array { json in for store in (image[property: name] ?? "").split(separator: ",") { json.string(String(store)) } }
            }
        }
    }

    private static func write(_ member: Member, _ deletedAt: Timestamp?, to json: inout JSONWriter) {
        json.object { json in
            json.member("image_id", member.image.text)
            json.member("member_id", member.project)
            json.member("status", member.status.rawValue)
            json.member("created_at", member.createdAt.description)
            json.member("updated_at", member.updatedAt.description)
            json.member("deleted", deletedAt != nil)
            json.member("deleted_at", deletedAt?.description)
        }
    }

    /// Writes a task without its input, result and message, which only those who may read the task are to see.
    private static func write(_ task: Task, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", task.id)
            json.member("type", task.kind.name)
            json.member("status", task.status.rawValue)
            json.member("result", .null)
            json.member("owner", task.owner)
            json.member("message", .null)
            json.member("expires_at", task.expiresAt?.description)
            json.member("created_at", task.createdAt.description)
            json.member("updated_at", task.updatedAt.description)
            json.member("deleted", false)
            json.member("deleted_at", .null)
        }
    }

    private static func write(_ sent: SentBytes, to json: inout JSONWriter) {
        json.object { json in
            json.member("bytes_sent", sent.bytes)
            json.member("image_id", sent.image.text)
            json.member("owner_id", sent.owner)
            json.member("receiver_tenant_id", sent.receiverProject)
            json.member("receiver_user_id", sent.receiverUser)
            if let destination = sent.destination { json.member("destination_ip", destination) }
        }
    }
}
