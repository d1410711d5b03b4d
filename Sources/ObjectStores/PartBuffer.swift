internal import Domain
internal import Glibc

/// The memory of a part of an image, which is filled and then sent.
///
/// It comes from the kernel and goes back to it at once. In the heap, parts of some megabytes leave holes that later ones do not fit, so
/// that a process keeps more than it uses. Pages that were never filled take no memory. Used by one thread at a time.
final class PartBuffer: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes that were filled.
    private(set) var count = 0

    /// - Parameters:
    ///   - capacity: in bytes, at least one.
    ///   - store: the store's name, for the fault.
    /// - Throws: `.unavailable` if the system has no memory.
    init(_ capacity: Int, store: String) throws(Fault) {
        guard let start = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED else {
            throw Fault(.unavailable, "There is no memory for data on their way to the store '\(store)'; try again later.")
        }
        memory = UnsafeMutableRawBufferPointer(start: start, count: capacity)
    }

    deinit { munmap(memory.baseAddress!, memory.count) }

    var capacity: Int { memory.count }
    var isFull: Bool { count == memory.count }
    /// The filled bytes, which stay where they are as long as the buffer lives.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Takes as many bytes as fit.
    ///
    /// - Returns: the rest.
    func append(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let fitting = min(memory.count - count, bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<fitting]))
        count += fitting
        return UnsafeRawBufferPointer(rebasing: bytes[fitting...])
    }

    /// Forgets the bytes, and keeps the memory.
    func removeAll() { count = 0 }
}
