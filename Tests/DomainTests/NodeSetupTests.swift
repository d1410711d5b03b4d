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
        setup.stores["cold"] = .init(type: "s3", place: ["bucket": "b", "server": nil])
        setup.stores["disk"] = .init(type: "file", folders: [.init(path: "/d", mark: "m", isWritable: false)])
        setup.settings = ["[DEFAULT] hashing_algorithm": "sha512"]
        #expect(NodeSetup(setup.text) == setup)
        let bare = node("a\"b\\ü", staging: nil)
        #expect(NodeSetup(bare.text) == bare)
    }

    @Test func `is read in the form of another release as far as it is known`() throws {
        let text = """
            {"name": "b", "color": 1, "stores": {"x": {"type": "file", "folders": [{"mark": "m"}, {"path": "/a", "more": 2}], "place": 3}, "y": 7}}
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

    @Test func `is compared in the places of stores on servers`() {
        func store(_ place: [String: String?]) -> [String: NodeSetup.Store] { ["s": .init(type: "s3", place: place)] }
        func lines(_ here: [String: String?], _ there: [String: String?]) -> [String] {
            node("a", store(here)).warnings(about: [node("b", store(there))]).map(\.line)
        }
        #expect(lines(["bucket": "x", "server": "h"], ["bucket": "x", "server": "h"]).isEmpty)
        // The release before recorded no place; a cluster's id may not be known.
        #expect(lines(["bucket": "x"], [:]).isEmpty && lines([:], ["bucket": "x"]).isEmpty)
        #expect(lines(["pool": "x", "cluster": nil], ["pool": "x", "cluster": "1"]).isEmpty)
        let sentence = """
            store 's': node b keeps it in another place than this node (a); an image that one of them wrote may not be readable by the other
            """
        #expect(
            lines(["bucket": "x", "server": "h"], ["bucket": "y", "server": "h"])
                == ["\(sentence) (the bucket is 'x' at this node (a) and 'y' at node b)"])
        #expect(
            lines(["pool": "x", "reference": "r", "other": nil], ["pool": "y"]) == [
                "\(sentence) (the other is not known at this node (a) and none at node b; the pool is 'x' at this node (a) and 'y' at node b; "
                    + "the reference is 'r' at this node (a) and none at node b)"
            ])
        let told = node("a", store(["bucket": "x"])).warnings(about: [node("b", store(["bucket": "y"]))])
        #expect(told.map(\.sentence) == [sentence])
    }

    @Test func `is compared in what a node may write to`() {
        func store(_ mayWrite: Bool?...) -> [String: NodeSetup.Store] {
            ["f": .init(type: "file", folders: mayWrite.enumerated().map { .init(path: "/\($0)", mark: "m\($0)", isWritable: $1) })]
        }
        func differences(_ here: [String: NodeSetup.Store], _ there: [String: NodeSetup.Store]) -> [NodeDifference] {
            node("a", here).differences(from: node("b", there))
        }
        #expect(differences(store(true), store(true)).isEmpty && differences(store(false), store(false)).isEmpty)
        #expect(differences(store(nil), store(false)).isEmpty && differences(store(true, nil), store(false, true)).isEmpty)
        #expect(differences(store(true), store(false)) == [.readOnly(store: "f", isHere: false)])
        #expect(differences(store(true, false), store(true, true)) == [.readOnly(store: "f", isHere: true)])
        let sentence = """
            store 'f': node b may not write to its folder, and this node (a) may; an upload, an import or a deletion of data fails where it \
            may not
            """
        #expect(node("a", store(true)).warnings(about: [node("b", store(false))]).map(\.line) == [sentence])
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
        #expect(here.warnings(about: others).map(\.line) == ["store 'g': nodes b, c and d have it, and this node (a) has not"])
        #expect(others[1].warnings(about: [here, others[0]]).map(\.line) == ["store 'g': this node (b) has it, and node a has not"])
        #expect(here.warnings(about: []).isEmpty)
        let apart = others.map { node($0.name, ["f": file(("/y", "m"))]) }
        let told = here.warnings(about: apart).map(\.line)
        #expect(told.allSatisfy { $0.hasPrefix("store 'f': nodes b, c and d have its folder at another path than") }, "\(told)")
    }
}
