import Foundation
import TestSupport
import Testing

/// The engines of the tests themselves.
@Suite(.serialized) struct `An engine of the tests` {
    @Test func `is an S3 server with buckets, which a stranger cannot read`() throws {
        let engine = try S3Engine.running()
        let bucket = try engine.bucket("engine")
        #expect(try engine.names(in: bucket) == [])
        try "hello".write(toFile: "\(TestFolder.root)/hello", atomically: true, encoding: .utf8)
        try engine.ask("put", bucket, "a b", "\(TestFolder.root)/hello")
        #expect(try engine.names(in: bucket) == ["a b"])
        #expect(try engine.ask("get", bucket, "a b").text == "hello")
    }

    @Test func `is a Ceph, which freezes and comes back after its gateway was killed`() throws {
        try CephEngine.disturbed { ceph in
            let bucket = try ceph.s3.bucket("engine")
            ceph.end(.gateway)
            #expect(throws: (any Error).self) { try ceph.s3.names(in: bucket) }
            try ceph.restart()
            #expect(try ceph.s3.names(in: bucket) == [])
            ceph.freeze(.osd)
            ceph.thaw(.osd)
            // The pool has what other tests left.
            let one = "one-\(UInt32.random(in: 0 ... .max))"
            try ceph.run("rbd", "create", "--size", "8M", "images/\(one)")
            try ceph.run("rbd", "snap", "create", "images/\(one)@snap")
            #expect(try ceph.imageNames().filter { $0.contains(one) } == [one, "\(one)@snap"])
            try ceph.run("rbd", "snap", "rm", "images/\(one)@snap")
            try ceph.run("rbd", "trash", "mv", "images/\(one)")
            #expect(try ceph.imageNames().filter { $0.contains(one) } == ["trash/\(one)"])
            try ceph.run("rbd", "trash", "purge", "images")
        }
    }
}
