import Files
import Foundation
import Glibc
import Synchronization
import Testing
import Threading

@Suite struct `A descriptor` {
    /// Both ends of a pipe, which takes 64 KiB: who writes more waits for who reads.
    @Test func `gives and takes all bytes, whatever signals come between`() throws {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGUSR2, &action, nil)  // without SA_RESTART: calls that wait end with EINTR
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
        let writer = Atomic<UInt>(0)
        let isOver = Atomic(false)
        let reader = UInt(pthread_self())
        let left = Mutex(-1)

        let write = try JoinableThread {
            writer.store(UInt(pthread_self()), ordering: .releasing)
            let count = bytes.withUnsafeBytes { writeAll($0, to: writing) }
            left.withLock { $0 = count }
            writer.store(0, ordering: .releasing)
            close(writing)
            while !isOver.load(ordering: .acquiring) { usleep(1000) }
        }
        let interrupt = try JoinableThread {
            while !isOver.load(ordering: .acquiring) {
                for thread in [writer.load(ordering: .acquiring), reader] where thread != 0 { pthread_kill(pthread_t(thread), SIGUSR2) }
                usleep(100)
            }
        }
        var came: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 10_000, alignment: 1)
        defer { buffer.deallocate() }
        var count = 0
        repeat {
            count = readPiece(of: reading, into: buffer)
            if count > 0 { came += buffer[..<count] }
            if came.count % 7 == 0 { usleep(200) }
        } while count > 0
        isOver.store(true, ordering: .releasing)
        interrupt.join()
        write.join()
        #expect(count == 0)
        #expect(left.withLock { $0 } == 0)
        #expect(came == bytes)
    }

    @Test func `is read at a place without moving the next`() throws {
        let path = "/tmp/vitrine-descriptor-\(UInt64.random(in: 0 ... .max))"
        #expect(FileManager.default.createFile(atPath: path, contents: Data("0123456789".utf8)))
        defer { unlink(path) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
        defer { buffer.deallocate() }
        #expect(readPiece(of: file, into: buffer, at: 5) == 4 && Array(buffer) == Array("5678".utf8))
        #expect(readPiece(of: file, into: buffer) == 4 && Array(buffer) == Array("0123".utf8))
        #expect(readPiece(of: file, into: buffer, at: 10) == 0)
    }

    @Test func `says what it did not take, and why`() {
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        #expect([UInt8](repeating: 1, count: 5).withUnsafeBytes { writeAll($0, to: full) } == 5)
        #expect(errno == ENOSPC)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
        defer { buffer.deallocate() }
        #expect(readPiece(of: -1, into: buffer) < 0 && errno == EBADF)
    }
}
