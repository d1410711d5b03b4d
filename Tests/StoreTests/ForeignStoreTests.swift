import Domain
import Stores
import TestSupport
import Testing

/// Stores of Cinder's volumes and VMware's datastores: the forms of their locations.
@Suite struct `A store whose engine is not here` {
    private static let volume = "5a2c8f30-9d1b-4c6e-8a77-0123456789ab"

    @Test func `holds the volumes of its name, and all of them where it is the only one`() {
        let one = ForeignStore("fast", .cinder(isOnly: false))
        let only = ForeignStore("fast", .cinder(isOnly: true))
        let single = ForeignStore(nil, .cinder(isOnly: true))
        for url in ["cinder://fast/\(Self.volume)", "cinder://\(Self.volume)"] {
            for store in [one, only, single] { #expect(store.holds(url), "\(url)") }
        }
        #expect(!one.holds("cinder://slow/\(Self.volume)") && only.holds("cinder://slow/\(Self.volume)"))
        for url in [
            "cinder://", "cinder://fast", "cinder://fast/", "cinder:///\(Self.volume)", "cinder://fast/x/\(Self.volume)",
            "cinder://fast/../x",
            "CINDER://fast/\(Self.volume)", "http://fast/\(Self.volume)", "cinder://fast/\(Self.volume)/", "cinder://fast/\(Self.volume)x",
            "",
        ] {
            #expect(!only.holds(url), "\(url)")
        }
    }

    @Test func `gives old locations their present form, where it is known whose they are`() {
        let (one, only) = (ForeignStore("fast", .cinder(isOnly: false)), ForeignStore("fast", .cinder(isOnly: true)))
        let (old, new) = ("cinder://\(Self.volume)", "cinder://fast/\(Self.volume)")
        #expect(one.currentURL(of: old, isLabelled: false) == nil)
        #expect(one.currentURL(of: old, isLabelled: true) == new)
        for url in [old, new, "cinder://renamed/\(Self.volume)"] { #expect(only.currentURL(of: url, isLabelled: false) == new) }
        // A store without a name has the old form, as in Glance.
        #expect(ForeignStore(nil, .cinder(isOnly: true)).currentURL(of: old, isLabelled: false) == old)
    }

    @Test func `is not guessed among several for an old location`() {
        var main = StoreInfo(id: "a", type: "cinder")
        main.isDefault = true
        let set = StoreSet([
            .init(main, ForeignStore("a", .cinder(isOnly: false))),
            .init(StoreInfo(id: "b", type: "cinder"), ForeignStore("b", .cinder(isOnly: false))),
        ])
        let old = ImageLocation(url: "cinder://\(Self.volume)")
        #expect(set.current(old) == old)
        #expect(set.current(old.labelled("b")).url == "cinder://b/\(Self.volume)")
        #expect(set.current(ImageLocation(url: "cinder://b/\(Self.volume)")).store == "b")
    }

    @Test func `holds the files of its datastores' host`() {
        let (any, one) = (ForeignStore("vm", .vmware(host: nil)), ForeignStore("vm", .vmware(host: "vc.example")))
        let url = "vsphere://vc.example/folder/openstack_glance/x?dcPath=dc&dsName=ds1"
        #expect(any.holds(url) && one.holds(url) && one.holds("vsphere://VC.example/folder/x?dsName=ds"))
        #expect(any.holds("vsphere://other/folder/x?dsName=ds") && !one.holds("vsphere://other/folder/x?dsName=ds"))
        for url in [
            "vsphere://", "vsphere:///folder/x?dsName=ds", "vsphere://vc.example/x?dsName=ds", "vsphere://vc.example/folder/?dsName=ds",
            "vsphere://vc.example/folder/x", "vsphere://vc.example/folder/x?dcPath=dc", "vsphere://vc.example?/folder/x&dsName=ds",
            "https://vc.example/folder/x?dsName=ds", "vsphere://vc.example/folder/x?dsName=",
        ] {
            #expect(!any.holds(url), "\(url)")
        }
    }

    @Test func `refuses every use of data by its name, and keeps removals owed`() throws {
        let url = "cinder://fast/\(Self.volume)"
        let store = ForeignStore("fast", .cinder(isOnly: true))
        for use: () throws -> Void in [
            { try store.checkTakesBytes() }, { _ = try store.begin(.fresh(), token: "t", announcing: 1) }, { _ = try store.bytes(at: url) },
            { try store.remove(url) }, { try store.remove(url) { true } },
        ] {
            let fault = #expect(throws: Fault.self) { try use() }
            #expect(fault?.kind == .unavailable && fault?.message.contains("store 'fast' is of the type 'cinder'") == true)
        }
        // What is an image's again is not to be removed.
        try store.remove(url) { false }
        store.checkRemovable(url)
        #expect(!store.isReadable)
    }
}
