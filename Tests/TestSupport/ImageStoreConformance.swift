import Domain
import Foundation
import Testing

/// The checks that every store must pass. `EngineConformance` has those of a store whose engine fails.
package enum ImageStoreConformance {
    package static let checks = small + manyParts

    private static let small: [ConformanceCheck<any ImageStore>] = [
        ConformanceCheck("shows bytes when they are committed, and not before") { store in
            let pending = try store.begin(.fresh(), token: .fresh(), announcing: nil)
            try pending.append("hello ")
            try pending.append("world")
            let location = try pending.commit()
            #expect(try store.text(at: location.url) == "hello world")
            #expect(try store.bytes(at: location.url).size == 11)
            #expect(try store.text(at: location.url, from: 6) == "world")
            #expect(try store.text(at: location.url, from: 11) == "")
        },
        ConformanceCheck("keeps an image of no bytes") { store in
            let location = try store.begin(.fresh(), token: .fresh(), announcing: 0).commit()
            #expect(try store.bytes(at: location.url).size == 0)
        },
        ConformanceCheck("leaves nothing of bytes that were discarded, once or twice") { store in
            let upload = Upload(image: .fresh(), token: .fresh(), pendingURL: "")
            let pending = try store.begin(upload.image, token: upload.token, announcing: nil)
            try pending.append("hello")
            pending.discard()
            pending.discard()
            #expect(try !store.hasPending(upload.token))
        },
        ConformanceCheck("leaves nothing of committed bytes that were discarded") { store in
            let pending = try store.begin(.fresh(), token: .fresh(), announcing: nil)
            try pending.append("hello")
            let location = try pending.commit()
            pending.discard()
            #expect(throws: Fault.of(.notFound)) { try store.bytes(at: location.url) }
        },
        ConformanceCheck("leaves nothing of bytes that were let go") { store in
            let token = String.fresh()
            do {
                let pending = try store.begin(.fresh(), token: token, announcing: nil)
                try pending.append("hello")
                let uploads = try withExtendedLifetime(pending) { try store.pendingUploads(olderThan: -2) }
                #expect(uploads.contains { $0.token == token }, "\(uploads)")
            }
            #expect(try !store.hasPending(token))
        },
        ConformanceCheck("removes bytes, and does not mind when they are gone") { store in
            let pending = try store.begin(.fresh(), token: .fresh(), announcing: 5)
            try pending.append("hello")
            let location = try pending.commit()
            try store.remove(location.url)
            try store.remove(location.url)
            #expect(throws: Fault.of(.notFound)) { try store.bytes(at: location.url) }
        },
        ConformanceCheck("goes on with a download whose bytes are removed") { store in
            let pending = try store.begin(.fresh(), token: .fresh(), announcing: 5)
            try pending.append("hello")
            let location = try pending.commit()
            let reader = try store.bytes(at: location.url).open(0)
            try store.remove(location.url)
            #expect(try reader.text() == "hello")
        },
        ConformanceCheck("takes back what a dead worker left, unfinished or committed") { store in
            for isCommitted in [false, true] {
                let image = ImageID.fresh()
                let token = String.fresh()
                let pending = try store.begin(image, token: token, announcing: nil)
                try pending.append("hello")
                let upload = Upload(image: image, token: token, pendingURL: pending.url)
                let location = isCommitted ? try pending.commit() : nil
                // A worker that is not dead yet may write its mark once more; that is taken back, too.
                #expect(
                    try eventually {
                        try store.discard(upload)
                        return try !store.hasPending(token)
                    })
                if let location { #expect(throws: Fault.of(.notFound)) { try store.bytes(at: location.url) } }
            }
        },
        ConformanceCheck("does not let a worker commit after its upload was taken back") { store in
            let image = ImageID.fresh()
            let pending = try store.begin(image, token: "first\(String.fresh())", announcing: nil)
            try pending.append("stale")
            try store.discard(Upload(image: image, token: "", pendingURL: pending.url))
            let second = try store.begin(image, token: .fresh(), announcing: nil)
            try second.append("fresh")
            let location = try second.commit()
            #expect(throws: Fault.self) { try pending.commit() }
            pending.discard()
            #expect(try store.text(at: location.url) == "fresh")
        },
        ConformanceCheck("keeps another upload's bytes when a late one is discarded") { store in
            let image = ImageID.fresh()
            let late = try store.begin(image, token: .fresh(), announcing: nil)
            try late.append("late")
            _ = try late.commit()
            try store.discard(Upload(image: image, token: "", pendingURL: late.url))
            let second = try store.begin(image, token: .fresh(), announcing: nil)
            try second.append("fresh")
            let location = try second.commit()
            late.discard()
            #expect(try store.text(at: location.url) == "fresh")
        },
        ConformanceCheck("leaves settled bytes alone, whoever still clears up") { store in
            let image = ImageID.fresh()
            let token = String.fresh()
            let pending = try store.begin(image, token: token, announcing: nil)
            try pending.append("hello")
            let location = try pending.commit()
            pending.confirm()
            #expect(try !store.hasPending(token))
            try store.discard(Upload(image: image, token: token, pendingURL: pending.url))
            #expect(try store.text(at: location.url) == "hello")
        },
        ConformanceCheck("does not take the bytes of one upload for those of another") { store in
            let image = ImageID.fresh()
            let first = try store.begin(image, token: .fresh(), announcing: nil)
            try first.append("first")
            let second = try store.begin(image, token: .fresh(), announcing: nil)
            try second.append("second")
            let location = try second.commit()
            try store.discard(Upload(image: image, token: "", pendingURL: first.url))
            #expect(try store.text(at: location.url) == "second")
        },
        ConformanceCheck("refuses an id that is no UUID") { store in
            for id in ["../x", "x/y", "", "..", "5"] {
                #expect(throws: Fault.of(.invalid)) { try store.begin(ImageID(id), token: .fresh(), announcing: nil) }
            }
        },
        ConformanceCheck("finds nothing where it keeps nothing") { store in
            for url in ["file:///etc/passwd", "file:///etc/../etc/passwd", "http://127.0.0.1/", "", "x"] {
                #expect(throws: Fault.of(.notFound)) { try store.bytes(at: url) }
                try store.remove(url)
            }
        },
        ConformanceCheck("holds the locations that it gives, whatever lies there, and not others'") { store in
            let location = try store.begin(.fresh(), token: .fresh(), announcing: 0).commit()
            #expect(store.holds(location.url))
            try store.remove(location.url)
            #expect(store.holds(location.url))
            for url in ["", "x", "file:", "file://", "file:///", "file:///etc/passwd", "http://127.0.0.1/", "ftp://x/y", "://"] {
                #expect(!store.holds(url), "\(url)")
            }
        },
        ConformanceCheck("takes a whole file as it takes its bytes, or says that it cannot") { store in
            let source = try SourceFile("hello world")
            let pending = try store.begin(.fresh(), token: .fresh(), announcing: 11)
            if try !pending.take(fileAt: source.path, size: 11, isCancelled: { false }) { try pending.append("hello world") }
            let location = try pending.commit()
            #expect(try store.text(at: location.url) == "hello world")
            try store.remove(location.url)
            #expect(try source.text == "hello world")
        },
        ConformanceCheck("takes nothing of a file that has another size, and other bytes then") { store in
            let source = try SourceFile("hello world")
            for size in [0, 10, 12] as [Int64] {
                let pending = try store.begin(.fresh(), token: .fresh(), announcing: nil)
                #expect(try !pending.take(fileAt: source.path, size: size) { false })
                try pending.append("other")
                #expect(try store.text(at: pending.commit().url) == "other")
            }
        },
        ConformanceCheck("leaves nothing of a file that was taken and discarded") { store in
            let source = try SourceFile("hello world")
            let token = String.fresh()
            let pending = try store.begin(.fresh(), token: token, announcing: nil)
            _ = try pending.take(fileAt: source.path, size: 11) { false }
            pending.discard()
            #expect(try !store.hasPending(token))
            #expect(try source.text == "hello world")
        },
        ConformanceCheck("refuses more bytes than it has room for") { store in
            #expect(throws: Fault.of(.tooLarge)) { try store.begin(.fresh(), token: .fresh(), announcing: .max) }
        },
    ]
}

/// A file that a store may take. It is removed with its owner.
private final class SourceFile {
    let path = "\(TestFolder.root)/source-\(String.fresh())"

    init(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    var text: String { get throws { try String(contentsOfFile: path, encoding: .utf8) } }
}

extension ImageStore {
    func text(at url: String, from offset: Int64 = 0) throws -> String { try bytes(at: url).open(offset).text() }

    func hasPending(_ token: String) throws -> Bool { try pendingUploads(olderThan: -2).contains { $0.token == token } }
}

extension ByteStream {
    func text() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4)
        while case let count = try buffer.withUnsafeMutableBytes({ try read(into: $0) }), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension BlobWriter {
    func append(_ text: String) throws { try Array(text.utf8).withUnsafeBytes { try append($0) } }
}

extension ImageID {
    package static func fresh() -> ImageID {
        var random = SystemRandomNumberGenerator()
        return .random(using: &random)
    }
}

extension String {
    /// A token of an upload.
    static func fresh() -> String { String(UInt64.random(in: 0 ... .max), radix: 16) }
}

extension Fault {
    /// A fault of a kind, to compare with one that was thrown.
    package static func of(_ kind: Kind) -> Fault { Fault(kind, "") }
}

extension Fault: Equatable {
    package static func == (left: Fault, right: Fault) -> Bool { left.kind == right.kind }
}
