import Domain
import Testing

@Suite struct `How a node is set up` {
    private func node(_ name: String, staging: String? = "m1", address: String? = nil, _ stores: [String: NodeSetup.Store] = [:])
        -> NodeSetup
    {
        var setup = NodeSetup(name: name)
        (setup.staging, setup.address, setup.stores) = (staging, address, stores)
        return setup
    }

    private func file(_ folders: (path: String, mark: String?)...) -> NodeSetup.Store {
        NodeSetup.Store(type: "file", folders: folders.map { NodeSetup.Folder(path: $0.path, mark: $0.mark) })
    }

    @Test func `is read as it was written`() throws {
        var setup = node("north", address: "http://north:9292", ["fast": file(("/a", "m"), ("/b", nil)), "web": .init(type: "http")])
        setup.settings = ["[DEFAULT] hashing_algorithm": "sha512"]
        #expect(NodeSetup(setup.text) == setup)
        let bare = node("a\"b\\ü", staging: nil)
        #expect(NodeSetup(bare.text) == bare)
    }

    @Test func `is read in the form of another release as far as it is known`() throws {
        let text = """
            {"name": "b", "color": 1, "stores": {"x": {"type": "file", "folders": [{"mark": "m"}, {"path": "/a", "more": 2}]}, "y": 7}}
            """
        let setup = try #require(NodeSetup(text))
        #expect(setup.stores == ["x": file(("/a", nil))])
        #expect(setup.staging == nil && setup.settings.isEmpty)
        for wrong in ["", "[]", "{}", "{", #"{"name": 1}"#] { #expect(NodeSetup(wrong) == nil, "\(wrong)") }
    }

    @Test func `is compared in what both nodes know of themselves`() {
        let here = node("a", ["f": file(("/x", "m"))])
        #expect(here.differences(from: here).isEmpty)
        #expect(here.differences(from: node("b", staging: nil, ["f": .init(type: "file")])).isEmpty)
        #expect(here.differences(from: node("b", ["f": file(("/x", "n"))])) == [.folder(store: "f")])
        #expect(here.differences(from: node("b", ["f": file(("/x", nil))])) == [.folder(store: "f")])
        #expect(here.differences(from: node("b", ["f": file(("/y", "m"))])) == [.path(store: "f")])
        #expect(here.differences(from: node("b", ["f": file(("/x", "m"), ("/y", "n"))])) == [.folder(store: "f")])
        #expect(here.differences(from: node("b", ["f": .init(type: "rbd")])) == [.type(store: "f", here: "file", there: "rbd")])
        // The order of the folders is each node's own.
        let two = node("a", ["f": file(("/x", "m"), ("/y", "n"))])
        #expect(two.differences(from: node("b", ["f": file(("/y", "n"), ("/x", "m"))])).isEmpty)
    }

    @Test func `needs an address where staging folders differ`() {
        let (one, two) = ("http://one", "http://two")
        let here = node("a", address: one)
        #expect(here.differences(from: node("b", staging: "m2", address: two)).isEmpty)
        #expect(here.differences(from: node("b", staging: "m2")) == [.staging(isNamedHere: true)])
        #expect(node("b", staging: "m2").differences(from: here) == [.staging(isNamedHere: false)])
        #expect(here.differences(from: node("b")).isEmpty)
        #expect(here.differences(from: node("b", address: one)) == [.address])
        #expect(here.differences(from: node("b", staging: "m2", address: one)) == [.address])
    }

    @Test func `is told in one sentence with the names of all nodes that it is about`() {
        let here = node("a", ["f": file(("/x", "m"))])
        let others = ["d", "b", "c"].map { node($0, ["f": file(("/x", "m")), "g": .init(type: "s3")]) }
        #expect(here.warnings(about: others) == ["store 'g': nodes b, c and d have it, and this node (a) has not"])
        #expect(others[1].warnings(about: [here, others[0]]) == ["store 'g': this node (b) has it, and node a has not"])
        #expect(here.warnings(about: []).isEmpty)
        let apart = others.map { node($0.name, ["f": file(("/y", "m"))]) }
        #expect(here.warnings(about: apart).allSatisfy { $0.hasPrefix("store 'f': nodes b, c and d have its folder at another path than") })
    }
}
