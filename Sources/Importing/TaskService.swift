package import Domain
package import Operations

/// What clients are told of tasks, and the older way of ordering one.
package struct TaskService: Sendable {
    let service: ImageService
    let catalog: any JobCatalog

    package init(service: ImageService, catalog: any JobCatalog) { (self.service, self.catalog) = (service, catalog) }

    package func task(_ id: String, for caller: Caller) throws(Fault) -> Task {
        try checkAccess(caller)
        return try catalog.task(id, visibleTo: caller)
    }

    package func list(_ listing: TaskListing, for caller: Caller) throws(Fault) -> TaskPage {
        try checkAccess(caller)
        return try catalog.page(listing, visibleTo: caller)
    }

    /// The tasks on an image that the caller can see; of other projects' tasks only administrators are told.
    ///
    /// - Throws: `.notFound` for an image that he may not see, also where others are told that they may not.
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

    /// Tasks that are read at once, each of which may hold three texts of 64 KiB.
    private static let piece = 16

    /// - Throws: `.forbidden`.
    package func checkAccess(_ caller: Caller) throws(Fault) {
        try service.policy.require(.tasksAPIAccess, on: AttributeTarget([:]), by: caller)
    }
}
