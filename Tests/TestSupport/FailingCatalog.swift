import Domain

/// All that the use cases ask of the records.
package typealias WholeCatalog = Catalog & JobCatalog & LocationCatalog & MaintenanceCatalog

/// A catalog whose calls go wrong as an injector says.
package final class FailingCatalog: WholeCatalog {
    private let base: any WholeCatalog
    private let injector: Injector
    /// Calls that fail whenever they are made.
    private let refusal: @Sendable (_ call: String, ImageID?) -> Fault?

    package init(
        _ base: any WholeCatalog, _ injector: Injector = Injector(),
        refusing refusal: @escaping @Sendable (_ call: String, ImageID?) -> Fault? = { _, _ in nil }
    ) {
        (self.base, self.injector, self.refusal) = (base, injector, refusal)
    }

    private func call<Value>(_ name: String, _ image: ImageID? = nil, _ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        if let fault = refusal(name, image) { throw fault }
        return try injector.call(.catalog, name, body)
    }

    // MARK: ImageCatalog
    package func insert(_ draft: ImageDraft, claiming claim: QuotaClaim?) throws(Fault) -> Image {
        try call("insert", draft.id) { () throws(Fault) in try base.insert(draft, claiming: claim) }
    }

    package func image(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        try call("image", id) { () throws(Fault) in try base.image(id, visibleTo: caller) }
    }

    package func locatedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        try call("locatedImage", id) { () throws(Fault) in try base.locatedImage(id, visibleTo: caller) }
    }

    package func recordedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        try call("recordedImage", id) { () throws(Fault) in try base.recordedImage(id, visibleTo: caller) }
    }

    package func page(_ listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage {
        try call("page") { () throws(Fault) in try base.page(listing, visibleTo: caller) }
    }

    package func page(of rest: [ImageID], in listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage {
        try call("page") { () throws(Fault) in try base.page(of: rest, in: listing, visibleTo: caller) }
    }

    package func update(_ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void)
        throws(Fault) -> Image
    {
        try call("update", id) { () throws(Fault) in try base.update(id, visibleTo: caller, claiming: claim, change) }
    }

    package func move(_ id: ImageID, from: ImageStatus, to: ImageStatus) throws(Fault) {
        try call("move", id) { () throws(Fault) in try base.move(id, from: from, to: to) }
    }

    package func delete(_ id: ImageID, visibleTo caller: Caller, _ allowed: (Image) throws(Fault) -> Void) throws(Fault) -> [OwedRemoval] {
        try call("delete", id) { () throws(Fault) in try base.delete(id, visibleTo: caller, allowed) }
    }

    package func members(of image: Image, after former: String?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Member] {
        try call("members", image.id) { () throws(Fault) in try base.members(of: image, after: former, atMost: count, visibleTo: caller) }
    }

    package func member(_ project: String, of image: Image, visibleTo caller: Caller) throws(Fault) -> Member {
        try call("member", image.id) { () throws(Fault) in try base.member(project, of: image, visibleTo: caller) }
    }

    package func add(_ project: String, to image: Image, quota: Int?, by caller: Caller) throws(Fault) -> Member {
        try call("add", image.id) { () throws(Fault) in try base.add(project, to: image, quota: quota, by: caller) }
    }

    package func put(_ memberships: [Membership], to image: Image, replacing: Bool, quota: Int?, by caller: Caller) throws(Fault) {
        try call("put", image.id) { () throws(Fault) in try base.put(memberships, to: image, replacing: replacing, quota: quota, by: caller)
        }
    }

    package func memberships(of project: String, after former: ImageID?, atMost count: Int, visibleTo caller: Caller) throws(Fault)
        -> [Member]
    {
        try call("memberships") { () throws(Fault) in try base.memberships(of: project, after: former, atMost: count, visibleTo: caller) }
    }

    package func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member {
        try call("set", image.id) { () throws(Fault) in try base.set(status, of: project, in: image) }
    }

    package func remove(_ project: String, from image: Image, by caller: Caller) throws(Fault) {
        try call("remove", image.id) { () throws(Fault) in try base.remove(project, from: image, by: caller) }
    }

    // MARK: UploadCatalog
    package func begin(_ upload: Upload, by worker: String, claiming claim: QuotaClaim?) throws(Fault) -> Int64? {
        try call("begin", upload.image) { () throws(Fault) in try base.begin(upload, by: worker, claiming: claim) }
    }

    /// The lease keeper renews whenever it likes: that is not counted.
    package func renew(_ tokens: Set<String>?, heldBy worker: String) throws(Fault) -> Set<String> {
        try base.renew(tokens, heldBy: worker)
    }

    package func finish(_ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim?, isShown: Bool)
        throws(Fault) -> Image?
    {
        try call("finish", upload.image) { () throws(Fault) in
            try base.finish(upload, at: location, measured, claiming: claim, isShown: isShown)
        }
    }

    package func abort(_ upload: Upload, as status: ImageStatus, because reason: String) throws(Fault) {
        try call("abort", upload.image) { () throws(Fault) in try base.abort(upload, as: status, because: reason) }
    }

    package func order(_ copy: OrderedCopy) throws(Fault) {
        try call("order", copy.image) { () throws(Fault) in try base.order(copy) }
    }

    package func isOwed(_ removal: OwedRemoval) throws(Fault) -> Bool {
        try call("isOwed", removal.image) { () throws(Fault) in try base.isOwed(removal) }
    }

    package func complete(_ removal: OwedRemoval) throws(Fault) {
        try call("complete", removal.image) { () throws(Fault) in try base.complete(removal) }
    }

    // MARK: StoreFolderCatalog
    package func mark(ofFolder path: String) throws(Fault) -> String? {
        try call("mark") { () throws(Fault) in try base.mark(ofFolder: path) }
    }

    package func note(mark: String, ofFolder path: String) throws(Fault) -> String {
        try call("note") { () throws(Fault) in try base.note(mark: mark, ofFolder: path) }
    }

    package func recordedURLs(inFolder path: String, atMost count: Int) throws(Fault) -> [String] {
        try call("recordedURLs") { () throws(Fault) in try base.recordedURLs(inFolder: path, atMost: count) }
    }

    // MARK: JobCatalog
    package func order(
        on image: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ draft: (inout Image) throws(Fault) -> TaskDraft?
    ) throws(Fault) -> Task? {
        try call("order", image) { () throws(Fault) in try base.order(on: image, visibleTo: caller, claiming: claim, draft) }
    }

    package func task(_ id: String, visibleTo caller: Caller) throws(Fault) -> Task {
        try call("task") { () throws(Fault) in try base.task(id, visibleTo: caller) }
    }

    package func page(_ listing: TaskListing, visibleTo caller: Caller) throws(Fault) -> TaskPage {
        try call("page") { () throws(Fault) in try base.page(listing, visibleTo: caller) }
    }

    package func tasks(on image: ImageID, after former: Task?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Task] {
        try call("tasks", image) { () throws(Fault) in try base.tasks(on: image, after: former, atMost: count, visibleTo: caller) }
    }

    package func finishStaging(_ upload: Upload, size: Int64, on host: String?, claiming claim: QuotaClaim?) throws(Fault) {
        try call("finishStaging", upload.image) { () throws(Fault) in try base.finishStaging(upload, size: size, on: host, claiming: claim)
        }
    }

    package func claim(_ token: String, by worker: String, at site: JobSite, patience: Int) throws(Fault) -> Job? {
        try call("claim") { () throws(Fault) in try base.claim(token, by: worker, at: site, patience: patience) }
    }

    package func renew(_ tokens: Set<String>, ofJobsOf worker: String) throws(Fault) -> Set<String> {
        try base.renew(tokens, ofJobsOf: worker)
    }

    package func prepare(_ job: Job, pending urls: [String], claiming claim: QuotaClaim?) throws(Fault) -> Int64? {
        try call("prepare", job.task.image) { () throws(Fault) in try base.prepare(job, pending: urls, claiming: claim) }
    }

    package func report(_ job: Job, _ progress: JobProgress) throws(Fault) {
        try call("report", job.task.image) { () throws(Fault) in try base.report(job, progress) }
    }

    package func advance(_ job: Job, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void) throws(Fault) -> Image {
        try call("advance", job.task.image) { () throws(Fault) in try base.advance(job, claiming: claim, change) }
    }

    package func end(_ job: Job, _ outcome: JobOutcome, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void)
        throws(Fault) -> [OwedRemoval]
    {
        try call("end", job.task.image) { () throws(Fault) in try base.end(job, outcome, claiming: claim, change) }
    }

    package func release(_ job: Job) throws(Fault) {
        try call("release", job.task.image) { () throws(Fault) in try base.release(job) }
    }

    package func waitingCopies(atMost count: Int) throws(Fault) -> [OrderedCopy] {
        try call("waitingCopies") { () throws(Fault) in try base.waitingCopies(atMost: count) }
    }

    // MARK: LocationCatalog
    package func place(_ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void)
        throws(Fault) -> (image: Image, owed: [OwedRemoval])
    {
        try call("place", id) { () throws(Fault) in try base.place(id, visibleTo: caller, claiming: claim, change) }
    }

    package func relabel(_ location: ImageLocation, as labelled: ImageLocation, of image: ImageID) throws(Fault) {
        try call("relabel", image) { () throws(Fault) in try base.relabel(location, as: labelled, of: image) }
    }

    // MARK: MaintenanceCatalog
    package func expired(atMost count: Int) throws(Fault) -> [Upload] {
        try call("expired") { () throws(Fault) in try base.expired(atMost: count) }
    }

    package func takeOver(_ upload: Upload, as token: String, by worker: String) throws(Fault) -> Upload? {
        try call("takeOver", upload.image) { () throws(Fault) in try base.takeOver(upload, as: token, by: worker) }
    }

    package func known(among uploads: [Upload]) throws(Fault) -> Set<String> {
        try call("known") { () throws(Fault) in try base.known(among: uploads) }
    }

    package func waiting(among images: [ImageID]) throws(Fault) -> Set<ImageID> {
        try call("waiting") { () throws(Fault) in try base.waiting(among: images) }
    }

    package func leaseholders() throws(Fault) -> [String] {
        try call("leaseholders") { () throws(Fault) in try base.leaseholders() }
    }

    package func endLeases(of workers: [String]) throws(Fault) {
        try call("endLeases") { () throws(Fault) in try base.endLeases(of: workers) }
    }

    package func note(_ site: JobSite) throws(Fault) {
        try call("note") { () throws(Fault) in try base.note(site) }
    }

    package func tellWhoIsAwaited() throws(Fault) {
        try call("tellWhoIsAwaited") { () throws(Fault) in try base.tellWhoIsAwaited() }
    }

    package func expireTasks() throws(Fault) {
        try call("expireTasks") { () throws(Fault) in try base.expireTasks() }
    }

    package func endForeignTasks() throws(Fault) {
        try call("endForeignTasks") { () throws(Fault) in try base.endForeignTasks() }
    }

    package func forgetCommits() throws(Fault) {
        try call("forgetCommits") { () throws(Fault) in try base.forgetCommits() }
    }

    package func overdue(atMost count: Int) throws(Fault) -> [OwedRemoval] {
        try call("overdue") { () throws(Fault) in try base.overdue(atMost: count) }
    }

    package func complete(_ removals: [OwedRemoval]) throws(Fault) {
        try call("complete") { () throws(Fault) in try base.complete(removals) }
    }

    package func postpone(_ removals: [OwedRemoval], haveFailed: Bool) throws(Fault) {
        try call("postpone") { () throws(Fault) in try base.postpone(removals, haveFailed: haveFailed) }
    }

    package func pendingDeletions(olderThan seconds: Int) throws(Fault) -> (images: Int, bytes: Int64) {
        try call("pendingDeletions") { () throws(Fault) in try base.pendingDeletions(olderThan: seconds) }
    }

    package func pendingDeletions(olderThan seconds: Int, after last: PendingDeletion?, atMost count: Int) throws(Fault)
        -> [PendingDeletion]
    {
        try call("pendingDeletions") { () throws(Fault) in try base.pendingDeletions(olderThan: seconds, after: last, atMost: count) }
    }

    package func endDeletion(of id: ImageID) throws(Fault) -> [OwedRemoval] {
        try call("endDeletion", id) { () throws(Fault) in try base.endDeletion(of: id) }
    }

    package func restore(_ id: ImageID) throws(Fault) {
        try call("restore", id) { () throws(Fault) in try base.restore(id) }
    }

    package func moment(daysAgo days: Int) throws(Fault) -> Timestamp {
        try call("moment") { () throws(Fault) in try base.moment(daysAgo: days) }
    }

    package func deletedRows(of part: PurgePart, before limit: Timestamp, atMost most: Int?) throws(Fault) -> Int {
        try call("deletedRows") { () throws(Fault) in try base.deletedRows(of: part, before: limit, atMost: most) }
    }

    package func endOfDeletedRows(of part: PurgePart, after last: PurgeKey?, atMost count: Int) throws(Fault) -> PurgeKey? {
        try call("endOfDeletedRows") { () throws(Fault) in try base.endOfDeletedRows(of: part, after: last, atMost: count) }
    }

    package func deletedRows(of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, through end: PurgeKey) throws(Fault)
        -> [DeletedRow]
    {
        try call("deletedRows") { () throws(Fault) in try base.deletedRows(of: part, before: limit, after: last, through: end) }
    }

    package func deletedRows(of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, atMost count: Int) throws(Fault)
        -> [DeletedRow]
    {
        try call("deletedRows") { () throws(Fault) in try base.deletedRows(of: part, before: limit, after: last, atMost: count) }
    }

    package func purge(_ keys: [PurgeKey], of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int {
        try call("purge") { () throws(Fault) in try base.purge(keys, of: part, before: limit) }
    }

    package func mark(ofSharedFolder name: String) throws(Fault) -> String? {
        try call("mark") { () throws(Fault) in try base.mark(ofSharedFolder: name) }
    }

    package func record(mark: String, ofSharedFolder name: String) throws(Fault) {
        try call("record") { () throws(Fault) in try base.record(mark: mark, ofSharedFolder: name) }
    }
}
