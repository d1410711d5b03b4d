import Domain
import TestSupport
import Testing

/// The locations that callers may name.
@Suite struct `The schemes of locations` {
    private let user = Caller(user: "alice", project: "acme", roles: ["member"], isAdmin: false)
    private let admin = Caller(user: "root", project: "acme", roles: ["admin"], isAdmin: true)
    private let service = Caller(user: "alice", project: "acme", roles: ["member"], serviceRoles: ["service"], isAdmin: false)

    @Test func `are those of Ceph and Cinder for services, and none for users`() {
        let schemes = LocationSchemes()
        for url in ["rbd://cluster/pool/image/snap", "rbd://image", "cinder://fast/volume", "cinder://volume", "rbd://c/a%20pool/x/snap"] {
            #expect(schemes.mayName(url, service) && !schemes.mayName(url, user) && !schemes.mayName(url, admin), "\(url)")
        }
        for url in ["s3://h/b/k", "swift+https://h/c/o", "vsphere://h/folder/x?dsName=y", "file:///etc/passwd", "swift+config://r/c/o"] {
            #expect(!schemes.mayName(url, service), "\(url)")
        }
    }

    @Test func `never lead to the service's own files or credentials, whatever is allowed`() {
        let schemes = LocationSchemes(
            ofServices: ["file", "filesystem", "swift+config"], ofUsers: ["file", "filesystem", "swift+config", "s3"])
        for url in [
            "file:///etc/passwd", "FILE:///etc/passwd", " file:///x", "filesystem:///x", "swift+config://r/c/o", "S3://h/b/k", "s3:/h/b/k",
            "s3://", "", "://x", "s3", "s3://k:s@h/b/k", "s3://h/b/k@x", "s3://h/b/k?x=y", "s3://h/b/k#x", "s3://h/b/../c/k",
            "s3://h/b/./k",
            "s3://h/b/%2e%2E/c", "s3://h/b/..%2fc", "s3://h/b//k", "s3://h/b/k/", "s3://h/b\\c/k", "s3://h/b/k\n", "s3://h/b/k k",
            "s3://h/b/é",
        ] {
            #expect(!schemes.mayName(url, user), "\(url)")
        }
        #expect(schemes.mayName("s3://h/b/k", user) && schemes.mayName("s3://h:8080/b/k", user))
    }

    @Test func `leave the ids of images to be found in a URL`() {
        let (one, other) = ("5a2c8f30-9d1b-4c6e-8a77-0123456789ab", "5A2C8F30-9D1B-4C6E-8A77-0123456789AC")
        #expect(LocationSchemes.ids(in: "rbd://\(one)/pool/\(other)/snap").map(\.text) == [one, other])
        #expect(LocationSchemes.ids(in: "swift://h/glance_\(one)/image-\(other)-00001").map(\.text) == [one, other])
        #expect(LocationSchemes.ids(in: "s3://h/b/\(one.dropLast())").isEmpty && LocationSchemes.ids(in: "").isEmpty)
        // As a store reads it, and behind another id that shares its beginning.
        #expect(LocationSchemes.ids(in: "rbd://c/p/\(one.replacing("-", with: "%2D"))/snap").map(\.text) == [one])
        #expect(LocationSchemes.ids(in: "s3://h/b/00000000-0000-0000-0000-0000\(one)").map(\.text).contains(one))
    }

    @Test func `say whether an image's data has its name`() {
        let id = ImageID("5a2c8f30-9d1b-4c6e-8a77-0123456789ab")
        for url in [
            "rbd://c/p/\(id)/snap", "rbd://c/p/\(id.text.replacing("-", with: "%2d"))/snap", "s3://h/b/\(id)", "swift+https://h/v1/c/\(id)",
            "swift+config://ref1/c/\(id).0123456789abcdef0123456789abcdef",
            "vsphere://h/folder/openstack_glance/\(id)?dcPath=dc&dsName=ds",
        ] {
            #expect(LocationSchemes.isNamed(after: id, url), "\(url)")
        }
        for url in [
            "rbd://c/p/\(id)/other", "rbd://c/p/volume-\(id)/snap", "rbd://\(id)", "rbd://c/\(id)/x/snap", "s3://h/b/\(id).x",
            "s3://h/b/\(id).0a",
            "swift+config://ref1/c/\(id).x-1",
            "s3://h/\(id)/x",
            "s3://h/b/\(id.text.uppercased())", "cinder://fast/x", "vsphere://h/folder/x?dsName=\(id)", "",
        ] {
            #expect(!LocationSchemes.isNamed(after: id, url), "\(url)")
        }
    }
}
