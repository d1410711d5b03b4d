internal import Glibc

/// A lock on a file that belongs to an open file and ends with it, whichever thread or process has it. Source: fcntl(2), "Open file
/// description locks".
enum FileLock {
    /// F_OFD_SETLK and F_OFD_GETLK, which glibc names only with _GNU_SOURCE.
    private static let (take, ask): (CInt, CInt) = (37, 36)

    /// - Returns: false while somebody else's open file has it.
    static func take(_ descriptor: CInt) -> Bool {
        var lock = Glibc.flock()
        lock.l_type = Int16(F_WRLCK)
        return withUnsafeMutablePointer(to: &lock) { fcntl(descriptor, take, UnsafeMutableRawPointer($0)) == 0 }
    }

    /// Whether somebody else's open file has it. Asking takes nothing.
    static func isHeld(_ descriptor: CInt) -> Bool {
        var lock = Glibc.flock()
        lock.l_type = Int16(F_RDLCK)
        return withUnsafeMutablePointer(to: &lock) { fcntl(descriptor, ask, UnsafeMutableRawPointer($0)) } == 0
            && lock.l_type != Int16(F_UNLCK)
    }
}
