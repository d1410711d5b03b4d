internal import Glibc

/// A lock that belongs to an open file description and ends with it, whichever thread or process holds it. Source: fcntl(2), "Open file
/// description locks".
enum FileLock {
    /// F_OFD_SETLK and F_OFD_GETLK, which glibc declares only with _GNU_SOURCE.
    private static let (take, ask): (CInt, CInt) = (37, 36)

    /// - Returns: false while another open file description holds it.
    static func take(_ descriptor: CInt) -> Bool {
        var lock = Glibc.flock()
        lock.l_type = Int16(F_WRLCK)
        return withUnsafeMutablePointer(to: &lock) { fcntl(descriptor, take, UnsafeMutableRawPointer($0)) == 0 }
    }

    /// Whether another open file description holds the lock. Does not take the lock.
    static func isHeld(_ descriptor: CInt) -> Bool {
        var lock = Glibc.flock()
        lock.l_type = Int16(F_RDLCK)
        return withUnsafeMutablePointer(to: &lock) { fcntl(descriptor, ask, UnsafeMutableRawPointer($0)) } == 0
            && lock.l_type != Int16(F_UNLCK)
    }
}
