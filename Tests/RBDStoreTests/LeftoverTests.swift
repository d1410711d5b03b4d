import Domain
import RBDStore
import TestSupport
import Testing

/// What a process leaves that dies between two steps.
@Suite struct `An upload to an RBD store whose process died` {
    enum Step: CaseIterable { case made, marked, snapped, protected, named, relisted, renamed }

    let ceph: Ceph?
    init() throws { ceph = try Ceph() }

    /// Makes what the writer makes, up to a step.
    private func leave(_ step: Step, _ image: ImageID, _ token: String, on ceph: Ceph) throws {
        let name = "vitrine.\(image).\(token)"
        let done = Step.allCases.prefix { $0 != step } + [step]
        let object = "\(TestFolder.root)/id-\(token)"
        for step in done {
            switch step {
            case .made: try ceph.rbd("create", "--size", "20", name)
            case .marked: try ceph.rbd("image-meta", "set", name, "vitrine.upload", token)
            case .snapped: try ceph.rbd("snap", "create", "--no-progress", "\(name)@snap")
            case .protected: try ceph.rbd("snap", "protect", "\(name)@snap")
            case .named:
                try ceph.rados("get", "rbd_id.\(name)", object)
                try ceph.rados("put", "rbd_id.\(image)", object)
            case .relisted:
                try ceph.rados("rm", "rbd_id.\(image)")
                try ceph.rbd("rename", name, image.text)
                try ceph.rados("put", "rbd_id.\(name)", object)
            case .renamed: try ceph.rados("rm", "rbd_id.\(name)")
            }
        }
    }

    @Test(arguments: Step.allCases) func `is taken back whole, and the image can be stored again`(_ step: Step) throws {
        guard let ceph else { return }
        let (image, token) = (ImageID.fresh(), newToken())
        let store = try ceph.store()
        try leave(step, image, token, on: ceph)
        let name = "vitrine.\(image).\(token)"
        let url = "rbd://\(try #require(store.clusterID))/\(ceph.engine.pool)/\(name)/snap"
        let isListed = step != .relisted && step != .renamed
        #expect(try store.pendingUploads(olderThan: -2).contains { $0.token == token && $0.pendingURL == url } == isListed)
        #expect(try !store.pendingUploads(olderThan: 60).contains { $0.token == token })
        try store.discard(Upload(image: image, token: "another", pendingURL: url))
        #expect(try ceph.traces(of: image).isEmpty)
        #expect(try !ceph.rados("ls").contains(image.text))
        let location = try store.hold(Array("hello".utf8), as: image)
        #expect(try store.data(at: location.url) == Array("hello".utf8))
        // It is late: the upload is another one's.
        try store.discard(Upload(image: image, token: "another", pendingURL: url))
        #expect(try store.data(at: location.url) == Array("hello".utf8))
        try store.remove(location.url)
    }

    @Test func `is not taken back while it lives in another process, and commits whole`() throws {
        guard let ceph else { return }
        let image = ImageID.fresh()
        let store = try ceph.store()
        let writer = try ceph.strangersStore().begin(image, token: newToken(), announcing: nil)
        try writer.append(pattern(100))
        let upload = Upload(image: image, token: "", pendingURL: writer.url)
        #expect(throws: Fault.of(.unavailable)) { try store.discard(upload) }
        let location = try writer.commit()
        #expect(try store.data(at: location.url).isSame(as: pattern(100)))
        // Committed, and not confirmed: it goes.
        try store.discard(upload)
        #expect(try ceph.traces(of: image).isEmpty)
        #expect(writer.discard())
    }

    @Test func `leaves images alone that only look like its own`() throws {
        guard let ceph else { return }
        let image = ImageID.fresh()
        let store = try ceph.store()
        let names = ["vitrine.\(image)", "vitrine.\(image).a.b", "vitrine.\(image).", "\(image).abc", "vitrine.x.abc"]
        for name in names { try ceph.rbd("create", "--size", "1", name) }
        #expect(try !store.pendingUploads(olderThan: -2).contains { names.contains($0.pendingURL) || $0.image == image })
        for name in names {
            let url = "rbd://\(try #require(store.clusterID))/\(ceph.engine.pool)/\(name)/snap"
            try store.discard(Upload(image: image, token: "abc", pendingURL: url))
            try store.discardPending(Upload(image: image, token: "abc", pendingURL: url))
            try ceph.rbd("rm", "--no-progress", name)
        }
    }
}
