import MariaDB
import TestSupport
import Testing

/// `report_locations`: what it shows of a location, and what it never shows.
@Suite struct `The locations in a report` {
    /// Locations of every store of Glance, with what is shown of them.
    static let shown = [
        ("file:///var/lib/glance/images/9b1f2ad4", "file", "file:///var/lib/glance/images/9b1f2ad4"),
        ("file:///images/a@b?c#d;e", "file", "file:///images/a@b?c#d;e"),
        ("http://mirror.example.org/debian-12.qcow2", "http", "http://mirror.example.org/debian-12.qcow2"),
        ("HTTPS://mirror.example.org:8443/d", "https", "https://mirror.example.org:8443/d"),
        ("http://[2001:db8::1]:80/d", "http", "http://[2001:db8::1]:80/d"),
        ("rbd://5a1c-fs/images/9b1f2ad4/snap", "rbd", "rbd://5a1c-fs/images/9b1f2ad4/snap"),
        ("rbd://9b1f2ad4", "rbd", "rbd://9b1f2ad4"),
        ("cinder://ceph/9b1f2ad4", "cinder", "cinder://ceph/9b1f2ad4"),
        ("swift+config://ref1/glance/9b1f2ad4", "swift+config", "swift+config://ref1/glance/9b1f2ad4"),
        ("s3://bucket/key", "s3", "s3://bucket/key"),
        ("vsphere://vc.example.org/folder/ds/9b1f2ad4?dcPath=dc&dsName=SECRET", "vsphere", "vsphere://vc.example.org/folder/ds/9b1f2ad4"),
        // Credentials are left out.
        ("http://user:SECRET@host/path", "http", "http://***@host/path"),
        ("https://SECRET@host/path", "https", "https://***@host/path"),
        ("https://host/path?X-Amz-Signature=SECRET", "https", "https://host/path"),
        ("https://host/path#SECRET", "https", "https://host/path"),
        ("https://host/path;token=SECRET", "https", "https://host/path"),
        ("http://user:SECRET@SECRET@host/path", "http", "http://***@host/path"),
        ("http://user:SECRET/SECRET@host/path", "http", "http://***@host/path"),
        (
            "swift+http://account:user:SECRET@auth.example.org/v1/glance/9b1f", "swift+http",
            "swift+http://***@auth.example.org/v1/glance/9b1f"
        ),
        ("swift+https://a%3Au:SECRET%40@auth/v1/glance/9b1f", "swift+https", "swift+https://***@auth/v1/glance/9b1f"),
        ("s3+https://AKIA:SECRET/SECRET+x@s3.example.org/bucket/key", "s3+https", "s3+https://***@s3.example.org/bucket/key"),
        ("s3://AKIA:SECRET@bucket/key", "s3", "s3://***@bucket/key"),
    ]

    /// Locations of which nothing but the scheme is shown: it is not certain where credentials end.
    static let hidden = [
        "http://user:SEC?RET@host/path", "http://user:SEC#RET@host/path", "http://user:SEC;RET@host/path",
        "http://host/path?signature=SEC@RET", "http://host/path?a=b#SEC@RET/x", "http://user:SECRET", "http://user:SECRET/path",
        "http://user%3ASECRET%40host/path", "http://userSECRET%40host/path", "http://user:SECRET@host:SECRET/path",
        "s3://AKIA:SECRET/bucket/key",
        "http://us er:SECRET/path", "http://host\nSECRET/path", "ftp://host/SECRET", "unknown://SECRET/SECRET",
        "sheepdog://127.0.0.1:7000:SECRET",
        "file://user:SECRET/x", "http://user\\SECRET/x", "http://user:SEC\nRET/x",
    ]

    /// Texts of which nothing is shown.
    static let encrypted = [
        "gAAAAABSECRET==", "user:SECRET@host/path", "//user:SECRET@host/path", "SECRET:swift://host/path", "1http://SECRET/x",
        "http:/SECRET",
        "http:\\\\user:SECRET@host", "://SECRET", "\nhttp://user:SECRET@host/path", " http://SECRET@host",
    ]

    @Test func `are shown without credentials in any form`() throws {
        let database = try ReportDatabase.synced()
        let id = "9b1f2ad4-8a52-4d2f-8a0c-6f2f6d3b7c11"
        try database.execute(
            """
            INSERT INTO images (id, name, status, visibility, min_disk, min_ram, size, created_at, deleted)
            VALUES ('\(id)', 'an image', 'active', 'private', 0, 0, 7, UTC_TIMESTAMP(), 0)
            """)
        let connection = try database.server.connect(to: database.name)
        let cases =
            Self.shown.map { (value: $0.0, scheme: $0.1 as String?, location: $0.2) }
            + Self.hidden.map { value in
                let scheme = String(value.prefix { $0 != ":" })
                return (value, scheme, "\(scheme)://***")
            } + Self.encrypted.map { ($0, nil, "encrypted") }
        for (value, scheme, location) in cases {
            try connection.run("DELETE FROM image_locations")
            try connection.run(
                """
                INSERT INTO image_locations (image_id, value, meta_data, created_at, deleted)
                VALUES (?, ?, '{"store": "fast", "key": "SECRET"}', UTC_TIMESTAMP(), 0)
                """, .text(id), .text(value))
            let rows = try database.rows(
                "SELECT scheme, location, store, CAST(size_bytes AS CHAR), image_id, name FROM report_locations", columns: 6)
            #expect(rows == [[scheme, location, "fast", "7", id, "an image"]], "\(value)")
            #expect(!rows.joined().contains { $0?.contains("SEC") == true || $0?.contains("RET") == true }, "\(value)")
        }
        // Neither a deleted location nor one of a deleted image.
        try database.execute("UPDATE image_locations SET deleted = 1")
        #expect(try database.texts("SELECT location FROM report_locations") == [])
        try database.execute("UPDATE image_locations SET deleted = 0", "UPDATE images SET deleted = 1")
        #expect(try database.texts("SELECT location FROM report_locations") == [])
    }
}
