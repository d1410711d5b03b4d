internal import JSONDocument

/// The JSON schemas of tasks. Source: https://docs.openstack.org/api-ref/image/v2/index.html, "Task Schemas"
package struct TaskSchemas: Sendable {
    let task = JSONSchema(name: "task", Self.document("task", Self.fields))
    let tasks = JSONSchema(name: "tasks", Self.list)

    package init() {}

    private static func text(_ description: String) -> JSON { ["type": "string", "description": .string(description)] }

    private static let objectOrNull: JSON = ["null", "object"]
    private static let readOnlyText: JSON = ["readOnly": true, "type": "string"]

    // swift-format-ignore
    private static let fields: JSONObject = [
        "id": ["type": "string", "description": "An identifier for the task", "pattern": .string(ImageSchemas.uuid)],
        "type": ["type": "string", "description": "The kind of task", "enum": ["import", "api_image_import", "location_import"]],
        "status": ["type": "string", "description": "The status of the task", "enum": ["pending", "processing", "success", "failure"]],
        "input": ["type": objectOrNull, "description": "The parameters of the task"],
        "result": ["type": objectOrNull, "description": "The result of the task"],
        "owner": text("The project that the task belongs to"),
        "message": text("The progress, or the reason of a failure, as a text"),
        "image_id": text("The image that the task is about"),
        "request_id": text("The request that ordered it"),
        "user_id": text("The user who ordered it"),
        "expires_at": ["type": ["null", "string"], "description": "When the task is removed"],
        "created_at": text("When the task was created"),
        "updated_at": text("When the task was last changed"),
        "self": readOnlyText,
        "schema": readOnlyText,
    ]

    private static func document(_ name: String, _ fields: JSONObject) -> JSONObject {
        ["name": .string(name), "properties": .object(fields)]
    }

    private static let list: JSONObject = {
        var brief = fields
        for name in ["input", "result", "message"] { brief[name] = nil }
        return ImageSchemas.collection(of: "tasks", document("task", brief), paged: true)
    }()
}
