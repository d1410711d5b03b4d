import TestSupport
import Testing

/// V1 with the options of operators.
@Suite struct `V1 at a site of its own ways` {
    @Test func `lists as many images as the site says`() throws {
        let glance = try TestGlance(["DEFAULT": "limit_param_default = 2\napi_limit_max = 3"], workers: 1, runsRegistry: true)
        for number in 0..<5 { try glance.shelve("n\(number)") }
        for list in ["/", "/images", "/images/detail"] {
            for (query, count) in [("", 2), ("?limit=1", 1), ("?limit=3", 3), ("?limit=4", 3), ("?limit=1000", 3), ("?limit=0", 0)] {
                #expect(try glance.listed(query, in: list).count == count, "\(list)\(query)")
            }
        }
    }

    @Test func `sends data with every field where the worker does it`() throws {
        let glance = try TestGlance(["vitrine": "internal_prefix ="], workers: 1, runsRegistry: true)
        for properties in [[:], ["property-p": "v"]] {
            let id = try glance.hasV1Image(properties.merging(["name": "n"]) { $1 }, data: "hello")
            let reply = try glance.get(id)
            #expect(reply.text == "hello")
            #expect(reply["ETag"] == helloMD5 && reply["Content-Length"] == "5")
            #expect(reply.meta == (try glance.head(of: id).meta))
        }
    }

    @Test func `takes the formats of the site alone`() throws {
        let glance = try TestGlance(
            ["image_format": "disk_formats = raw,own\ncontainer_formats = bare,box"], workers: 1, runsRegistry: true)
        #expect(try glance.create(["disk_format": "own", "container_format": "box"], data: "hello").status == 201)
        for (field, value) in [("disk_format", "qcow2"), ("container_format", "ovf"), ("disk_format", "ami")] {
            #expect(try glance.create([field: value]).status == 400)
        }
    }
}
