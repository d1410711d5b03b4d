package import APICommon
internal import Domain
internal import HTTP
internal import Importing
internal import JSONDocument

/// Tasks: imports that continue after the request that ordered them. Source:
/// https://docs.openstack.org/api-ref/image/v2/index.html, "Tasks"
package struct TasksHandlers: RouteGroup {
    let service: TaskService
    let imports: ImportService
    let schemas: TaskSchemas
    let images: ImageSchemas
    let paging: ImagesHandlers.Paging

    package init(_ parts: V2API.Parts) {
        (service, imports, paging) = (parts.tasks, parts.imports, parts.paging)
        (schemas, images) = (TaskSchemas(), parts.imageSchemas)
    }

    package static let subject = "Tasks"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/tasks",                list,                     200, "Lists tasks."),
        Row(.POST,   "/v2/tasks",                create,                   201, "Creates an image from a URL, in the background."),
        Row(.GET,    "/v2/tasks/{task}",         show,                     200, "Shows a task."),
        Row(.DELETE, "/v2/tasks/{task}",         delete,                   405, "Is refused: nobody deletes tasks."),
        Row(.GET,    "/v2/images/{image}/tasks", body: .none, listOfImage, 200, "Lists the tasks of an image."),
        Row(.GET,    "/v2/schemas/task",         describe,                 200, "Describes a task."),
        Row(.GET,    "/v2/schemas/tasks",        describeList,             200, "Describes a page of tasks."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        try service.checkAccess(call.caller)
        let page = try service.list(try TaskListing(call.query, paging), for: call.caller)
        let links = PageLinks("/v2/tasks", call.query)
        return .json { json in
            json.object { json in
                json.key("tasks")
                json.array { json in for task in page.tasks { task.write(.brief, to: &json) } }
                json.member("first", links.first)
                json.member("schema", "/v2/schemas/tasks")
                if page.isFull, let last = page.tasks.last { json.member("next", links.next(after: last.id)) }
            }
        }
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        try service.checkAccess(call.caller)
        let body = try call.jsonObject()
        for name in ["type", "input"] where body[name] == nil { throw Fault(.invalid, "Task '\(name)' is required") }
        try schemas.task.require(.object(body))
        guard body["type"]?.string == "import" else {
            throw Fault(.invalid, "Tasks of this type cannot be created here; they follow from requests about images.")
        }
        guard let input = body["input"]?.object, let url = input["import_from"]?.string else {
            throw Fault(.invalid, "Input does not contain 'import_from' field")
        }
        var fields = input["image_properties"]?.object ?? [:]
        // Source: Glance, `set_base_image_properties`.
        if fields["disk_format"] == nil { fields["disk_format"] = input["import_from_format"] ?? "qcow2" }
        if fields["container_format"] == nil { fields["container_format"] = "bare" }
        let draft = try ImageDraft(fields, by: call.caller, images.image)
        let task = try imports.orderLegacy(url, making: draft, input: input, by: call.caller)
        var json = JSONWriter()
        task.write(.full, to: &json)
        var response = Response.json(json.bytes, .created)
        response.headers["Location"] = "\(call.request.baseURL.address)/v2/tasks/\(task.id)"
        return response
    }

    private func show(_ call: Call) throws(Fault) -> Response {
        var json = JSONWriter()
        try service.task(call.parameters["task"], for: call.caller).write(.full, to: &json)
        return .json(json.bytes)
    }

    /// Refuses the deletion of a task. Tasks are removed some time after their end.
    private func delete(_ call: Call) throws(Fault) -> Response {
        try service.checkAccess(call.caller)
        var response = ErrorDocument.response(
            to: call.request, .methodNotAllowed, "Clients cannot delete tasks; each is removed at its expires_at.")
        response.headers["Allow"] = "GET, HEAD"
        return response
    }

    private func listOfImage(_ call: Call) throws(Fault) -> Response {
        let walk = try service.tasks(on: call.imageID, for: call.caller)
        return .json { json throws(Fault) in
            try json.object { json throws(Fault) in
                json.key("tasks")
                try json.array { json throws(Fault) in
                    while !json.isAbandoned, let piece = try walk.next() { for task in piece { task.write(.ofImage, to: &json) } }
                }
            }
        }
    }

    private func describe(_ call: Call) -> Response { .json(JSON.object(schemas.task.document).text) }
    private func describeList(_ call: Call) -> Response { .json(JSON.object(schemas.tasks.document).text) }
}

extension TaskListing {
    /// Reads the query of a list. Like in Glance, unknown parameters are ignored.
    ///
    /// - Throws: `.invalid` for a value that is not allowed.
    fileprivate init(_ query: Query, _ paging: ImagesHandlers.Paging) throws(Fault) {
        self.init(limit: paging.usual)
        if let text = query["limit"] {
            guard let number = Int64(loosely: text), number >= 0 else { throw Fault(.invalid, "limit param must be an integer from 0 on") }
            limit = Int(min(number, Int64(paging.most)))
        }
        if let text = query["marker"] {
            guard ImageID(text).isUUID else { throw Fault(.invalid, "Invalid marker format") }
            marker = text
        }
        if let text = query["sort_key"] {
            guard let known = Field(rawValue: text) else { throw Fault(.invalid, "Invalid sort key: \(text.prefix(80))") }
            key = known
        }
        if let text = query["sort_dir"] {
            guard text == "asc" || text == "desc" else { throw Fault(.invalid, "Invalid sort direction: \(text.prefix(80))") }
            isDescending = text == "desc"
        }
        for field in [Field.id, .type, .status, .owner, .image, .requestID, .user] {
            guard let value = query[field.rawValue] else { continue }
            if field == .status, Task.Status(rawValue: value) == nil { throw Fault(.invalid, "Invalid status value: \(value.prefix(80))") }
            if field == .type, value != "import" { throw Fault(.invalid, "Invalid type value: \(value.prefix(80))") }
            guard ImageText.isStorable(value) else { throw Fault(.invalid, "Invalid \(field.rawValue) value.") }
            filters.append((field, value))
        }
    }
}

extension Task {
    fileprivate enum Detail { case full, brief, ofImage }

    fileprivate func write(_ detail: Detail, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            if detail == .full { json.member("input", Self.parsed(input)) }
            json.member("type", kind.name)
            json.member("status", status.rawValue)
            json.member("owner", owner)
            if detail == .ofImage { return writeRest(to: &json) }
            if detail == .full {
                json.member("message", message ?? "")
                json.member("result", Self.parsed(result))
            }
            json.member("created_at", createdAt.description)
            json.member("updated_at", updatedAt.description)
            json.member("self", "/v2/tasks/\(id)")
            json.member("schema", "/v2/schemas/task")
            if detail == .full {
                if let image { json.member("image_id", image.text) }
                if let requestID { json.member("request_id", requestID) }
                if let user { json.member("user_id", user) }
            }
            if let expiresAt { json.member("expires_at", expiresAt.description) }
        }
    }

    /// Writes a task as Glance shows the tasks of an image: with all columns, and times without a zone.
    private func writeRest(to json: inout JSONWriter) {
        func text(_ moment: Timestamp) -> String { String(moment.description.dropLast()) + ".000000" }
        json.member("expires_at", expiresAt.map(text))
        json.member("created_at", text(createdAt))
        json.member("updated_at", text(updatedAt))
        json.member("deleted_at", .null)
        json.member("deleted", false)
        json.member("image_id", image?.text)
        json.member("request_id", requestID)
        json.member("user_id", user)
        json.member("input", Self.parsed(input))
        json.member("result", Self.parsed(result))
        json.member("message", message ?? "")
    }

    private static func parsed(_ text: String?) -> JSON { text.flatMap { try? JSON(parsing: Array($0.utf8)) } ?? .null }
}
