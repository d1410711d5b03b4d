import Foundation
import TestSupport
import Testing

/// What an import found out about the data stays true: if a client changes the record meanwhile, the import fails.
@Suite(.sharesServices) struct `An image that becomes something else while it is imported` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Source.allowed, runsTasks: true) }

    @Test(arguments: ["disk_format", "container_format"])
    func `is not active under a format that nobody looked for`(_ field: String) throws {
        let sample = try Sample(300_000)
        let source = try Source(sample.bytes, holdingAfter: 200_000)
        let id = try glance.hasImage()
        try glance.downloads(source.url, to: id)
        // It is read, and checked against its format at that time.
        #expect(eventually { source.heads.contains { $0.hasPrefix("GET") } })
        let other = field == "disk_format" ? "qcow2" : "ovf"
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/\#(field)", "value": "\#(other)"}]"#).status == 200)
        source.release()
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure")
        #expect(task["message"]?.string?.contains("were changed while its data were imported") == true, "\(task)")
        try glance.expectNothing(of: id)
    }
}
