import TestSupport
import Testing

/// Images are those of the `Gallery`, by their letters, the newest first.
@Suite(.sharesServices(Gallery.self)) struct `A list filtered` {
    let glance: TestGlance
    init() throws { glance = try Gallery.open() }

    static let byText: [(String, String)] = [
        ("", "lhfedcba"),
        ("name=bee", "b"), ("name=BEE", "b"), ("name=eq:bee", "b"), ("name=in:bee", "b"), ("name=in:bee,cat", "cb"),
        ("name=in:cat,nothing,bee,cat", "cb"), ("name=nothing", ""), ("name=be", ""), ("name=bee1", ""), ("name=b%25", ""),
        ("name=b_e", ""), ("name=*", ""), ("name=", ""), ("name=in:", ""),
        ("name=dog,%20brown", "d"), ("name=dog,+brown", "d"), ("name=eq:dog,%20brown", "d"), ("name=in:dog,%20brown", ""),
        ("name=in:%22dog,%20brown%22", "d"), ("name=in:%22dog,%20brown%22,bee", "db"), ("name=in:bee,%22dog,%20brown%22", "db"),
        ("name=in:%22bee%22,%22cat%22", "cb"), ("name=in:%22say%20%5C%22fox%5C%22%22", "f"), ("name=say%20%22fox%22", "f"),
        ("name=eq:lab:old", "l"), ("name=in:lab:old,bee", "lb"),
        ("name=bee%27%20OR%20%271%27=%271", ""), ("name=bee%5C", ""), ("name=%F0%9F%98%80", ""), ("name=in:bee,%F0%9F%98%80", ""),
        ("id=\(Gallery.id("b"))", "b"), ("id=eq:\(Gallery.id("b"))", "b"),
        ("id=in:\(Gallery.id("b")),\(Gallery.id("d")),\(Gallery.id("i")),\(Gallery.id("p"))", "db"), ("id=\(Gallery.id("i"))", ""),
        ("id=\(Gallery.id("p"))", ""), ("id=nothing", ""),
        ("status=queued", "a"), ("status=active", "lhdcb"), ("status=eq:saving", "f"), ("status=in:queued,saving,deactivated", "fea"),
        ("status=deactivated", "e"), ("status=deleted", ""), ("status=killed", ""), ("status=pending_delete", ""),
        ("status=in:killed,deleted,pending_delete,queued", "a"), ("status=nothing", ""),
        ("disk_format=qcow2", "dc"), ("disk_format=QCOW2", "dc"), ("disk_format=eq:iso", "e"), ("disk_format=in:raw,iso", "heb"),
        ("disk_format=vmdk", ""), ("container_format=bare", "hecb"), ("container_format=eq:ovf", "d"),
        ("container_format=in:ovf,ami", "fd"), ("container_format=", ""),
        ("owner=acme", "lfedcba"), ("owner=bolt", "h"), ("owner=nobody", ""), ("owner=", ""), ("owner=in:acme,bolt", ""),
        ("checksum=\(Hello.md5)", "b"), ("checksum=\(text(of: 32))", "c"), ("checksum=\(text(of: 32, "0"))", ""), ("checksum=", ""),
        ("os_hash_value=\(Hello.sha512)", "b"), ("os_hash_value=\(text(of: 64))", "c"), ("os_hash_value=\(text(of: 63))", ""),
        ("os_hash_algo=sha512", "b"), ("os_hash_algo=sha256", "c"), ("os_hash_algo=md5", ""),
    ]

    @Test(arguments: byText)
    func `by texts holds those that have them`(_ query: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?\(query)")) == letters)
    }

    static let byNumber: [(String, String)] = [
        ("size=200", "ec"), ("size=0", "l"), ("size=201", ""), ("size=-1", ""), ("size_min=200", "edc"), ("size_max=200", "lhecb"),
        ("size_min=150&size_max=250", "ec"), ("size_min=300", "d"), ("size_min=301", ""), ("size_min=0", "lhedcb"), ("size_max=0", "l"),
        ("size_min=-5", "lhedcb"), ("size_max=-1", ""), ("size_max=9223372036854775807", "lhedcb"), ("size_min=9223372036854775807", ""),
        ("size_min=250&size_max=150", ""), ("size_min=%20200", "edc"), ("size_min=%2B2_00", "edc"),
        ("size_max=99999999999999999999", "lhedcb"),
        ("size_min=99999999999999999999", ""), ("size_min=-99999999999999999999", "lhedcb"),
        ("virtual_size=1000", "b"), ("virtual_size_min=1000", "cb"), ("virtual_size_min=1001", "c"), ("virtual_size_max=1999", "b"),
        ("min_disk=2", "c"), ("min_disk=0", "lhfeda"), ("min_disk_min=1", "cb"), ("min_disk_max=1", "lhfedba"),
        ("min_ram=64", "b"), ("min_ram_min=64", "cb"), ("min_ram_min=65", "c"), ("min_ram_max=64", "lhfedba"),
        ("protected=true", "b"), ("protected=false", "lhfedca"),
        ("os_hidden=true", "g"), ("os_hidden=True", "g"), ("os_hidden=TRUE", "g"), ("os_hidden=false", "lhfedcba"),
        ("os_hidden=False", "lhfedcba"),
    ]

    @Test(arguments: byNumber)
    func `by numbers and marks holds those that have them`(_ query: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?\(query)")) == letters)
    }

    static let byTime: [(String, String)] = [
        ("2026-01-02T10:00:00Z", "b"), ("2026-01-03T10:00:00", "dc"), ("2026-01-03 10:00:00", "dc"), ("eq:2026-01-03T10:00:00Z", "dc"),
        ("2026-01-03T12:00:00%2B02:00", "dc"), ("2026-01-03T12:00:00%2B0200", "dc"), ("eq:2026-01-03T05:00:00-05:00", "dc"),
        ("2026-01-01", "a"), ("2026-01-03", ""), ("2026-01-03T10:00", "dc"), ("2026-01-03T10:00:00.250000Z", ""),
        ("2026-01-03T10:00:00.0000001Z", "dc"),
        ("gte:2026-01-03T10:00:00.25Z", "lhfe"), ("gt:2026-01-03T09:59:59,75", "lhfedc"), ("lt:2026-01-03T10:00:00.25Z", "dcba"),
        ("lte:2026-01-03T09:59:59.75", "ba"), ("neq:2026-01-03T10:00:00.25Z", "lhfedcba"), ("gte:20260103T100000Z", "lhfedc"),
        ("20260103T1000", "dc"),
        ("2026-01-03T12:00%2B02", "dc"), ("gte:2026-1-3", "lhfedc"), ("gt:2026", "lhfedcb"), ("lt:2026-01", ""), ("2026-1-1", "a"),
        ("neq:2026-01-03T10:00:00Z", "lhfeba"),
        ("gt:2026-01-03T10:00:00Z", "lhfe"), ("gte:2026-01-03T10:00:00Z", "lhfedc"), ("lt:2026-01-03T10:00:00Z", "ba"),
        ("lte:2026-01-03T10:00:00Z", "dcba"), ("gt:2026-01-03T09:59:59Z", "lhfedc"), ("lt:2026-01-03T10:00:01Z", "dcba"),
        ("gt:2026-01-03T12:00:00%2B02:00", "lhfe"), ("lt:1970-01-01T00:00:00Z", ""), ("gt:9999-12-31T23:59:59Z", ""),
        ("lt:9999-12-31T23:59:59Z", "lhfedcba"),
    ]

    @Test(arguments: byTime)
    func `by the time of making holds those of then`(_ value: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?created_at=\(value.replacing(" ", with: "%20"))")) == letters)
    }

    @Test(arguments: [
        ("2026-02-03T10:00:00Z", "dc"), ("eq:2026-03-01T00:00:00Z", "b"), ("neq:2026-02-03T10:00:00Z", "lhfeba"),
        ("gt:2026-02-03T10:00:00Z", "b"), ("gte:2026-02-03T10:00:00Z", "dcb"), ("lt:2026-01-04T10:00:00Z", "a"),
        ("lte:2026-01-04T10:00:00Z", "ea"),
    ])
    func `by the time of the last change holds those of then`(_ value: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?updated_at=\(value)")) == letters)
    }

    static let byTagOrProperty: [(String, String)] = [
        ("tag=web", "cb"), ("tag=db", "dc"), ("tag=web&tag=db", "c"), ("tag=db&tag=web", "c"), ("tag=web&tag=web", "cb"),
        ("tag=web&tag=nothing", ""), ("tag=%20web%20", "cb"), ("tag=we", ""), ("tag=web,db", ""), ("tag=in:web", ""),
        ("tag=gr%C3%B6%C3%9Fe", "d"), ("tag=", ""),
        ("os_distro=debian", "cb"), ("os_distro=debian&arch=arm", "c"), ("arch=arm&os_distro=debian", "c"),
        ("os_distro=debian&arch=nothing", ""), ("os_distro=deb", ""), ("os_distro=eq:debian", ""), ("os_distro=in:debian", ""),
        ("os_distro=a%20b%26c%3Dd%2Be%25", "d"), ("os_distro=a%20b%26c%3Dd%2Be%", "d"), ("name=%zz", ""), ("%=x", ""),
        ("hw:page/gr%C3%B6%C3%9Fe=large", "d"), ("hw%3Apage%2Fgr%C3%B6%C3%9Fe=large", "d"),
        ("empty=", "d"), ("empty", "d"), ("debian=os_distro", ""), ("properties=x", ""), ("members=bolt", ""), ("locations=x", ""),
        ("is_public=true", ""), ("nothing=x", ""), ("%F0%9F%98%80=x", ""), ("os_distro=%F0%9F%98%80", ""),
    ]

    @Test(arguments: byTagOrProperty)
    func `by tags and properties holds those that have them all`(_ query: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?\(query)")) == letters)
    }

    @Test(arguments: [
        ("visibility=private", "lfdcba"), ("visibility=community", "e"), ("visibility=public", "h"), ("visibility=shared", ""),
        ("visibility=all", "lhfedcba"), ("visibility=private&tag=web", "cb"), ("visibility=public&owner=acme", ""),
        ("visibility=all&status=deactivated", "e"),
    ])
    func `by visibility holds those of one kind`(_ query: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?\(query)")) == letters)
    }

    @Test(arguments: [
        ("status=active&disk_format=qcow2&container_format=bare", "c"), ("size_min=100&tag=db&os_distro=debian", "c"),
        ("status=active&protected=false&created_at=gt:2026-01-03T00:00:00Z", "lhdc"), ("owner=acme&size=200", "ec"),
        ("owner=bolt&disk_format=raw&sort=name:asc", "h"), ("name=in:bee,cat,elk&status=in:active,deactivated&size_max=150", "b"),
        ("created_at=gt:2026-01-02T00:00:00Z&updated_at=lt:2026-02-01T00:00:00Z", "lhfe"), ("os_hidden=true&name=bee", ""),
        ("os_hidden=true&name=gnu", "g"),
    ])
    func `by several things holds those that have all of them`(_ query: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?\(query)")) == letters)
    }

    @Test(arguments: [
        ("name=bee&name=cat", "c"), ("status=queued&status=active", "lhdcb"), ("os_hidden=true&os_hidden=false", "lhfedcba"),
        ("visibility=public&visibility=community", "e"), ("created_at=gt:2026-01-03T10:00:00Z&created_at=lt:2026-01-03T10:00:00Z", "ba"),
        ("limit=1&limit=3", "lhf"), ("arch=arm&arch=x86_64", "b"), ("protected=true&protected=false", "lhfedca"),
    ])
    func `twice by one thing goes by the last`(_ query: String, _ letters: String) throws {
        #expect(Gallery.letters(try glance.ids("?\(query)")) == letters)
    }

    @Test(arguments: ["deleted=true", "deleted=false", "deleted=nonsense", "member_status=all"])
    func `by what makes no difference holds all`(_ query: String) throws {
        #expect(Gallery.letters(try glance.ids("?\(query)")) == "lhfedcba")
    }
}

@Suite(.sharesServices) struct `A filter` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test func `finds an image by what it is now, not by what it was`() throws {
        let (old, new) = (newID(), newID())
        let id = try glance.hasImage(#"{"name": "\#(old)", "tags": ["\#(old)"], "p": "\#(old)"}"#)
        for key in ["name", "tag", "p"] { #expect(try glance.ids("?\(key)=\(old)") == [id]) }
        let changes =
            #"[{"op": "replace", "path": "/name", "value": "\#(new)"}, {"op": "replace", "path": "/tags", "value": ["\#(new)"]}, {"op": "replace", "path": "/p", "value": "\#(new)"}]"#
        #expect(try glance.patch(id, changes).status == 200)
        for key in ["name", "tag", "p"] {
            #expect(try glance.ids("?\(key)=\(old)") == [])
            #expect(try glance.ids("?\(key)=\(new)") == [id])
        }
        #expect(try glance.untag(id, new).status == 204)
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/p"}]"#).status == 200)
        for key in ["tag", "p"] { #expect(try glance.ids("?\(key)=\(new)") == []) }
    }

    @Test func `finds an image by its data`() throws {
        let id = try glance.hasActiveImage("found by its bytes")
        let image = try glance.image(id)
        for key in ["checksum", "os_hash_value"] { #expect(try glance.ids("?\(key)=\(image[key]?.string ?? "")") == [id]) }
        #expect(try glance.ids("?size=18&id=\(id)&status=active&os_hash_algo=sha512") == [id])
    }

    @Test func `finds an image by its id in another case`() throws {
        let id = try glance.hasImage()
        #expect(try glance.ids("?id=\(id.uppercased())") == [id])
    }
}
