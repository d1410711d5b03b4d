/// The user who causes the changes that a thread makes, with their project. Kept events name them.
package struct Author: Sendable, Equatable {
    package let project: String?
    package let user: String?

    package init(project: String?, user: String?) { (self.project, self.user) = (project, user) }

    /// The author of what a caller requests.
    package init(_ caller: Caller) { self.init(project: caller.project, user: caller.user) }

    /// The author of the current changes; nil on a thread that works for nobody.
    @TaskLocal package static var current: Author?

    /// Runs a closure whose changes an author causes.
    package static func following<Result>(_ author: Author, _ act: () throws(Fault) -> Result) throws(Fault) -> Result {
        try $current.following(author, act)
    }
}
