package import Domain
package import Operations

/// The operations on tasks.
package struct TaskService: Sendable {
    let service: ImageService
    let catalog: any JobCatalog

    /// Makes a service of its parts.
    package init(service: ImageService, catalog: any JobCatalog) { (self.service, self.catalog) = (service, catalog) }

    /// Reads a task of the caller's project; administrators read any task.
    package func task(_ id: String, for caller: Caller) throws(Fault) -> Task {
        try checkAccess(caller)
        return try catalog.task(id, visibleTo: caller)
    }

    /// Lists a page of the caller's tasks.
    package func list(_ listing: TaskListing, for caller: Caller) throws(Fault) -> TaskPage {
        try checkAccess(caller)
        return try catalog.page(listing, visibleTo: caller)
    }

    /// Lists the tasks on an image that the caller may see. Only administrators see tasks of other projects.
    ///
    /// - Throws: `.notFound` for an image that the caller may not see, even if it is a rule that hides it.
    package func tasks(on image: ImageID, for caller: Caller) throws(Fault) -> ListWalk<Task> {
        do throws(Fault) {
            _ = try service.found(image, by: caller)
        } catch {
            throw error.kind == .forbidden ? .imageNotFound(image) : error
        }
        return try ListWalk(pieces: Self.piece) { (former: Task?) throws(Fault) -> [Task] in
            try catalog.tasks(on: image, after: former, atMost: Self.piece, visibleTo: caller)
        }
    }

    /// The number of tasks of one read; each may hold three texts of 64 KiB.
    private static let piece = 16

    /// Checks that the caller may use tasks.
    ///
    /// - Throws: `.forbidden`.
    package func checkAccess(_ caller: Caller) throws(Fault) {
        try service.policy.require(.tasksAPIAccess, on: AttributeTarget([:]), by: caller)
    }
}
