package import Domain
package import JSONDocument
internal import Logging
package import Operations

/// Orders work of `glance-tasks`: imports, and locations whose data must be read. Receives staged data.
package struct ImportService: Sendable {
    /// The operations on images.
    package let service: ImageService
    let catalog: any JobCatalog
    /// Checks and fetches URLs.
    let source: any ImageSource
    /// Nil when other regions are not configured.
    private let regions: (any OtherRegions)?
    /// The settings of imports.
    package let settings: ImportSettings

    /// Makes a service of its parts.
    package init(
        service: ImageService, catalog: any JobCatalog, source: any ImageSource, regions: (any OtherRegions)?,
        settings: ImportSettings
    ) {
        (self.service, self.catalog, self.source, self.regions) = (service, catalog, source, regions)
        self.settings = settings
    }

    /// Orders an import.
    ///
    /// - Parameter wasPassedOn: whether another node has sent the request on; then it is not sent on again, and the job waits for the node
    ///   that has the data.
    /// - Returns: the address of the node that has the staged data, if it is another one: it must be asked for the import, and nothing is
    ///   ordered here. Where the data are at another node and it is not known at which, the order is refused.
    /// - Throws: `.invalid` for a method that is not enabled, stores that contradict each other or have the image already, a URL that is
    ///   not allowed and a signature that cannot be checked; `.conflict` for a status that does not fit the method, an image without
    ///   formats, a store that does not exist, and while another task works on the image; `.tooLarge` when the owner's quota is used up.
    ///
    /// Source: https://docs.openstack.org/api-ref/image/v2/#import-an-image; the checks come in Glance's order.
    package func order(
        _ request: ImportRequest, on id: ImageID, by caller: Caller, wasPassedOn: Bool = false
    ) throws(Fault) -> String? {
        guard settings.methods.contains(request.method) else {
            throw Fault(.invalid, "Unknown import method name '\(request.method.rawValue)'.")
        }
        let seen = try service.images.image(id, visibleTo: caller)
        // The size is checked when the data comes; a quota that is used up already is reported at once.
        let claim = try service.claim(for: seen.owner, bytes: nil)
        // Fetched while the row is not locked. Whether the caller may change the image is checked below.
        let certificate = Result { () throws(Fault) in try self.certificate(of: seen, for: request.method, caller) }
        let isMissing = request.method == .glanceDirect && service.staging.lacks(seen.id)
        let mark = request.method == .glanceDirect && !isMissing ? settings.stagingMark() : nil
        var node: String?
        _ = try catalog.order(on: id, visibleTo: caller, claiming: claim) { image throws(Fault) in
            node = nil
            let rule = request.method == .copyImage ? PolicyRule.copyImage : .modifyImage
            // If the rule allows everybody, ownership is checked before the checks in Glance's order.
            if try service.policy.decides(rule, caller, on: image) { try service.policy.requireOwnership(of: image, by: caller) }
            try checkStatus(of: image, for: request.method)
            try checkFormats(of: image)
            if request.method == .glanceDownload { try request.checkRegion() }
            try service.policy.require(rule, on: image, by: caller)
            try checkIsFree(image)
            guard let stores = try stores(for: request, image) else { return nil }
            try checkTakesBytes(stores, all: request.allMustSucceed)
            if !request.allMustSucceed, service.stores.named == nil {
                throw Fault(.invalid, "all_stores_must_succeed can be false only where there are several stores.")
            }
            if request.method == .glanceDirect, !wasPassedOn {
                node = image.node(by: [Image.stageHost], otherThan: settings.host)
                guard node == nil else { return nil }
                guard !isMissing || !settings.isStagedElsewhereToo() else { throw stagedElsewhere(image.id) }
            }
            var plan = ImportPlan(try method(of: request, on: image, caller), stores: stores, allMustSucceed: request.allMustSucceed)
            if caller.roles.isDisjoint(with: settings.rolesWithoutInjection) { plan.injected = settings.injected }
            plan.certificate = try certificate.get()
            var task = draft(plan, shown: request.body, .imageImport, &image, caller)
            task.stagedIn = mark
            return task
        }
        return node
    }

    /// Creates an image and orders its data from a URL, as V2's older task does.
    ///
    /// - Parameter input: the input of the task as clients see it.
    /// - Throws: `.invalid` for a URL that is not allowed, and what creating the image throws.
    package func orderLegacy(_ url: String, making draft: ImageDraft, input: JSONObject, by caller: Caller) throws(Fault) -> Task {
        try source.check(url)
        try service.stores.checkTakesBytes(in: nil)
        let image = try service.create(draft, by: caller)
        do throws(Fault) {
            let claim = try service.claim(for: image.owner, bytes: nil)
            let certificate = try service.signingCertificate(of: image, for: caller)
            let task = try catalog.order(on: image.id, visibleTo: caller, claiming: claim) { image throws(Fault) in
                let stores = (service.stores.named ?? []).filter(\.isDefault).map(\.id)
                var plan = ImportPlan(.web(url: url, expected: nil), stores: stores, allMustSucceed: true)
                plan.certificate = certificate
                var shown = input
                shown["import_from"] = .string(FetchURL.withoutUser(url))
                return self.draft(plan, shown: shown, .legacyImport, &image, caller)
            }
            guard let task else { throw Fault(.unexpected, "The task was not ordered.") }
            return task
        } catch {
            service.withdraw(image.id, by: caller)
            throw error
        }
    }

    /// The certificate of a signed image; nil for a copy, whose signature was checked when the image was uploaded or imported.
    private func certificate(
        of image: Image, for method: ImportPlan.Name, _ caller: Caller
    ) throws(Fault) -> SigningCertificate? {
        method == .copyImage ? nil : try service.signingCertificate(of: image, for: caller)
    }

    // MARK: checks of the image

    private func checkStatus(of image: Image, for method: ImportPlan.Name) throws(Fault) {
        func refusal(_ reason: String) -> Fault { Fault(.conflict, "\(reason) Image \(image.id) is \(image.status.rawValue).") }
        switch (method, image.status) {
        case (.copyImage, .active), (.webDownload, .queued), (.glanceDownload, .queued), (.glanceDirect, .uploading): return
        case (.copyImage, _): throw refusal("Only active images can be copied.")
        case (_, .active): throw refusal("Active images cannot be imported.")
        case (.glanceDirect, _): throw refusal("The data of an image must be staged before they are imported.")
        case (.webDownload, _), (.glanceDownload, _): throw refusal("Only queued images can be downloaded.")
        }
    }

    private func checkFormats(of image: Image) throws(Fault) {
        guard image.containerFormat != nil else { throw Fault(.conflict, "'container_format' needs to be set before import") }
        guard image.diskFormat != nil else { throw Fault(.conflict, "'disk_format' needs to be set before import") }
    }

    /// Checks that no other task works on the image.
    func checkIsFree(_ image: Image) throws(Fault) {
        guard image[internal: Image.importTask] == nil else {
            throw Fault(.conflict, "Image \(image.id) cannot be worked on while a prior operation is still in progress.")
        }
    }

    private func stagedElsewhere(_ id: ImageID) -> Fault {
        service.logger.warning(
            """
            an import of image \(id) is refused: its data are staged at another node, which has not said its address; set [DEFAULT] \
            worker_self_reference_url at each node, or share the staging folder
            """)
        return Fault(
            .conflict,
            """
            The data of image \(id) are staged at another node of this service, which cannot be named here. Order the import at the node that \
            took the data.
            """)
    }

    // MARK: the order

    /// The stores to import to.
    ///
    /// - Returns: nil when the image is in every store already; an empty list for a single store without a name.
    private func stores(for request: ImportRequest, _ image: Image) throws(Fault) -> [String]? {
        guard let named = service.stores.named else { return [] }
        var stores = named.filter { request.wantsAllStores ? !$0.isReadOnly : $0.isDefault }.map(\.id)
        if let names = try request.namedStores() {
            stores = names.uniqued
            for name in stores {
                guard let info = service.stores.info(name) else { throw Fault(.conflict, "There is no store '\(name.prefix(80))'.") }
                guard !info.isReadOnly else { throw Fault(.conflict, "The store '\(name)' takes no data.") }
            }
            guard !stores.isEmpty else { throw Fault(.invalid, "No store is named.") }
        }
        guard request.method == .copyImage else { return stores }
        let holding = Set(image.locations.compactMap { service.stores.store(of: $0) })
        guard request.wantsAllStores else {
            if let store = stores.first(where: { holding.contains($0) }) {
                throw Fault(.invalid, "Image is already present at store '\(store)'")
            }
            return stores
        }
        stores.removeAll { holding.contains($0) }
        return stores.isEmpty ? nil : stores
    }

    /// - Parameters:
    ///   - stores: the stores' names; empty for a single store without a name.
    ///   - all: whether one store that takes no data fails the import.
    private func checkTakesBytes(_ stores: [String], all: Bool) throws(Fault) {
        var refusals: [Fault] = []
        let names = stores.isEmpty ? [nil] : stores.map(Optional.some)
        for name in names {
            do throws(Fault) { try service.stores.checkTakesBytes(in: name) } catch { refusals.append(error) }
        }
        if let refusal = refusals.first, all || refusals.count == names.count { throw refusal }
    }

    private func method(of request: ImportRequest, on image: Image, _ caller: Caller) throws(Fault) -> ImportPlan.Method {
        switch request.method {
        case .glanceDirect: return .staged
        case .copyImage: return .copy
        case .webDownload:
            guard let url = request.url else { throw Fault(.invalid, "'uri' needs to be set for web-download import method") }
            try source.check(url)
            return .web(url: url, expected: request.expected)
        case .glanceDownload:
            guard let regions, let token = caller.token else {
                throw Fault(.invalid, "Images of other regions can be imported only by callers whom Keystone authenticates.")
            }
            let (region, source) = try request.checkRegion()
            return .region(
                RegionImage(
                    region: region, interface: request.interface ?? "public", image: source,
                    sealedToken: regions.sealed(token, for: image.id),
                    project: caller.project, roles: caller.roles))
        }
    }

    /// - Parameter body: the client's request.
    private func draft(
        _ plan: ImportPlan, shown body: JSONObject, _ kind: Task.Kind, _ image: inout Image, _ caller: Caller
    ) -> TaskDraft {
        let names: [JSON] = plan.stores.isEmpty ? [.null] : plan.stores.map { .string($0) }
        var input = body
        if kind == .imageImport {
            input = ["image_id": .string(image.id.text), "import_req": .object(body.withoutSecrets), "backend": .array(names)]
        }
        var draft = draft(kind, input, .imageImport(plan), &image, caller)
        if plan.method == .staged { draft.node = image[internal: Image.stageHost] }
        if plan.method != .copy { image.status = .importing }
        image.change(Image.importingTo, adding: plan.stores)
        image.change(Image.failedImport, removing: plan.stores)
        image[internal: Image.stageHost] = nil
        return draft
    }

    /// Makes a task on an image, and reserves the image for it.
    func draft(
        _ kind: Task.Kind, _ input: JSONObject, _ details: JobDetails, _ image: inout Image, _ caller: Caller
    ) -> TaskDraft {
        var random = SystemRandomNumberGenerator()
        var draft = TaskDraft(
            id: ImageID.random(using: &random).text, kind: kind, owner: caller.project ?? "",
            input: String(decoding: JSON.object(input).text, as: UTF8.self), details: details)
        (draft.image, draft.user, draft.trace) = (image.id, caller.user, Trace.current)
        image[internal: Image.importTask] = draft.id
        image[internal: Image.importError] = nil
        return draft
    }
}

extension JSONObject {
    /// The request as clients see it in a task: without user and password in its URL.
    var withoutSecrets: JSONObject {
        guard var method = self["method"]?.object, let url = method["uri"]?.string else { return self }
        var shown = self
        method["uri"] = .string(FetchURL.withoutUser(url))
        shown["method"] = .object(method)
        return shown
    }
}
