import Domain
import Foundation
import Synchronization
import Testing
import Threading

extension ImageStoreConformance {
    /// A size of more parts than a store writes at once, and no multiple of any.
    private static let severalParts = (24 << 20) + 1

    /// Images that a store may write in parts, and several that write one.
    static let manyParts: [ConformanceCheck<any ImageStore>] = [
        ConformanceCheck("keeps an image of many parts, and any range of it, whether its length was announced or not") { store in
            for announced in [nil, Int64(severalParts)] {
                let pending = try store.begin(.fresh(), token: .fresh(), announcing: announced)
                try ImagePattern.append(0..<severalParts, to: pending)
                let blob = try store.bytes(at: pending.commit().url)
                #expect(blob.size == severalParts)
                #expect(try ImagePattern.count(blob.openAll(), from: 0) == severalParts)
                for offset in [0, 5, 10 << 20, (16 << 20) - 1, severalParts - 1, severalParts] {
                    let expected = min(severalParts - offset, 1 << 20)
                    let count = try ImagePattern.count(blob.open(Int64(offset)), from: Int64(offset), atMost: expected)
                    #expect(count.map { $0 >= expected } == true, "from \(offset)")
                }
            }
        },
        ConformanceCheck("leaves nothing of an image that was given up in the middle, by its writer or by its death") { store in
            for isDead in [false, true] {
                let upload = (image: ImageID.fresh(), token: String.fresh())
                let pending = try store.begin(upload.image, token: upload.token, announcing: Int64(severalParts))
                try ImagePattern.append(0..<severalParts - 1000, to: pending)
                if isDead {
                    try store.discard(Upload(image: upload.image, token: upload.token, pendingURL: pending.url))
                } else {
                    pending.discard()
                }
                #expect(try !store.hasPending(upload.token))
                withExtendedLifetime(pending) {}
            }
        },
        ConformanceCheck("keeps each writer's data, or refuses one of them, when two write one image at once") { store in
            let image = ImageID.fresh()
            let kept = Mutex<[String: String]>([:])
            let problems = Mutex<[any Error]>([])
            let threads = try ["first", "other"].map { text in
                try JoinableThread {
                    do {
                        let pending = try store.begin(image, token: .fresh(), announcing: nil)
                        do {
                            try pending.append(text)
                            let url = try pending.commit().url
                            kept.withLock { $0[text] = url }
                            pending.confirm()
                        } catch {
                            pending.discard()
                            throw error
                        }
                    } catch {
                        problems.withLock { $0.append(error) }
                    }
                }
            }
            for thread in threads { thread.join() }
            let urls = kept.withLock { $0 }
            #expect(!urls.isEmpty)
            for (text, url) in urls { #expect(try store.text(at: url) == text) }
            for problem in problems.withLock({ $0 }) { #expect((problem as? Fault)?.kind == .conflict, "\(problem)") }
        },
        ConformanceCheck("has nothing at the location of an image that was never written") { store in
            let image = ImageID.fresh()
            let location = try store.begin(image, token: .fresh(), announcing: 0).commit()
            let other = location.url.replacing(image.text, with: ImageID.fresh().text)
            #expect(other != location.url)
            #expect(store.holds(other))
            #expect(throws: Fault.of(.notFound)) { try store.bytes(at: other) }
            try store.remove(other)
            #expect(try store.bytes(at: location.url).size == 0)
        },
    ]

    /// An image of more than 5 GiB, all zeros but its last byte: only for stores that do not write zeros, and quickly.
    package static let huge: [ConformanceCheck<any ImageStore>] = [
        ConformanceCheck("keeps an image of 5 GiB and 1 byte") { store in
            let block = [UInt8](repeating: 0, count: 8 << 20)
            let size = 5 << 30
            for announced in [nil, Int64(size + 1)] {
                let pending = try store.begin(.fresh(), token: .fresh(), announcing: announced)
                for _ in 0..<size / block.count { try block.withUnsafeBytes { try pending.append($0) } }
                try pending.append("x")
                let location = try pending.commit()
                let blob = try store.bytes(at: location.url)
                #expect(blob.size == size + 1)
                #expect(try blob.open(Int64(size) - 1).text() == "\0x")
                #expect(try blob.open(Int64(size)).text() == "x")
                try store.remove(location.url)
            }
        }
    ]
}
