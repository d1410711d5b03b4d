import Domain
import ObjectStores
import TestSupport
import Testing

@Suite struct `The address of an S3 store` {
    @Test func `is written in locations as Glance writes it`() throws {
        // Source: glance_store, `_drivers/s3.py`, `StoreLocation.process_specs`, `get_uri`.
        for (host, location) in [
            ("s3.example", "s3://s3.example/images/1"), ("http://s3.example:7480", "s3://s3.example:7480/images/1"),
            ("https://s3.example/", "s3+https://s3.example/images/1"),
            ("https://s3.example/below/", "s3+https://s3.example/below/images/1"),
        ] {
            #expect(try S3Endpoint(host, bucket: "images").location(of: "1") == location)
        }
    }

    @Test func `is found in rows of any age, with credentials and without`() throws {
        let endpoint = try S3Endpoint("https://s3.example:443", bucket: "images")
        for scheme in ["s3", "s3+http", "s3+https"] {
            for login in ["", "key:secret@", "key:se/cr/et@", "key:a@b@"] {
                #expect(endpoint.key(of: "\(scheme)://\(login)s3.example:443/images/a-1") == "a-1", "\(login)")
            }
        }
    }

    @Test func `is shown without credentials`() {
        for scheme in ["s3", "s3+http", "s3+https"] {
            for login in ["", "key:secret@", "key:se/cr/et@", "key:a@b@"] {
                #expect(ImageLocation(url: "\(scheme)://\(login)s3.example/images/a-1").shownURL == "\(scheme)://s3.example/images/a-1")
            }
        }
    }

    @Test(arguments: [
        "", "s3://", "s3://s3.example", "s3://s3.example/images", "s3://s3.example/images/", "s3://s3.example/other/a",
        "s3://s3.example/Images/a", "s3://other.example/images/a", "s3://s3.example/x/images/a", "s3://s3.example/images/../a",
        "s3://s3.example/images/a?b", "s3://s3.example/images/a%2Fb", "s3://s3.example/images/.vitrine", "s3://s3.example/images/a b",
        "s3://key:secret@https://s3.example/images/a", "swift://s3.example/images/a", "http://s3.example/images/a", "file:///images/a",
    ])
    func `is no other server's, bucket's or scheme's`(_ url: String) throws {
        #expect(try S3Endpoint("s3.example", bucket: "images").key(of: url) == nil)
    }

    @Test func `has the bucket in the host's name at Amazon, or where it is told to`() throws {
        func isVirtual(_ host: String, _ bucket: String = "images", _ style: S3Endpoint.Style = .auto) throws -> Bool {
            try S3Endpoint(host, bucket: bucket, style: style).isVirtual
        }
        #expect(try isVirtual("s3.amazonaws.com") && isVirtual("https://s3.eu-west-1.amazonaws.com"))
        #expect(
            try !isVirtual("s3.example") && !isVirtual("s3.amazonaws.com", "Images") && !isVirtual("https://s3.amazonaws.com", "my.images"))
        #expect(try isVirtual("s3.example", "images", .virtual) && !isVirtual("s3.amazonaws.com", "images", .path))
        #expect(throws: S3Endpoint.Refusal.self) { try isVirtual("s3.example", "my_Images", .virtual) }
    }

    @Test func `tells the region where Amazon's name has it`() throws {
        for (host, region) in [
            ("s3.amazonaws.com", "us-east-1"), ("s3-eu-west-1.amazonaws.com", "eu-west-1"),
            ("https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
            ("s3-cn-north-1.amazonaws.com.cn", "cn-north-1"), ("s3.dualstack.eu-west-2.amazonaws.com", "eu-west-2"),
            ("s3.example", "us-east-1"),
        ] {
            #expect(try S3Endpoint(host, bucket: "images").region == region, "\(host)")
        }
        #expect(try S3Endpoint("s3.amazonaws.com", bucket: "images", region: "x").region == "x")
    }

    @Test(arguments: [
        ("", "images"), ("ftp://s3.example", "images"), ("https://", "images"), ("a b", "images"), ("key:secret@s3.example", "images"),
        ("s3.example", ""), ("s3.example", "a/b"), ("s3.example", ".."), ("s3.example", "a?b"), ("s3.example", "aé"),
    ])
    func `is refused where it is none`(_ host: String, _ bucket: String) {
        #expect(throws: S3Endpoint.Refusal.self) { try S3Endpoint(host, bucket: bucket) }
    }
}

@Suite struct `An XML answer` {
    @Test func `is read with its entities, and without prefixes and comments`() {
        let text = """
            <?xml version="1.0"?><!-- <a> --><x:List xmlns:x="y">
              <Key> a&amp;b&#x41;&#66; </Key><Empty/><Key>2</Key><Owner><Key>3</Key></Owner></x:List>
            """
        let read = XMLElement(parsing: Array(text.utf8))
        #expect(read?.name == "List" && read?["Key"] == "a&bAB" && read?["Empty"] == "" && read?["None"] == nil)
        #expect(read?.all("Key").map(\.text) == ["a&bAB", "2"])
    }

    @Test(arguments: [
        "", "x", "<a>", "<a></b>", "<a><b></a></b>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>&b;</a>", "<a>&#xFFFFFFFF;</a>", "<>",
        "< a></ a>",
        "<a><![CDATA[b]]></a>", "<a", "<a>&", String(repeating: "<a>", count: 17) + String(repeating: "</a>", count: 17),
        "<a>" + String(repeating: "<b/>", count: 40_001) + "</a>",
    ])
    func `is refused where it is none, or one that no server sends`(_ text: String) {
        #expect(XMLElement(parsing: Array(text.utf8)) == nil)
    }

    @Test func `does not end the process, whatever its bytes`() {
        let text = Array("<?xml?><a b='c'><b>&amp;x</b><!--d--><c/></a>".utf8)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = text
            for _ in 0..<3 { bytes[Int.random(in: bytes.indices, using: &random)] = "<>/&;!-?x#\0".utf8.randomElement(using: &random)! }
            let read = XMLElement(parsing: bytes)
            #expect(read == nil || read!.name.utf8.count < text.count)
        }
    }
}
