import Foundation
import Glibc

/// Clocks that are wrong, by Debian's `faketime`.
package enum WrongClock {
    /// The library that a program is started with; nil where `faketime` is not installed.
    private static let library: String? = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }.first(where: FileManager.default.fileExists)

    package static var isThere: Bool { library != nil }

    /// Variables of a program whose clock is ahead (`+1h`) or behind (`-1h`). The times of files are right, as on a shared file system, whose
    /// server dates them.
    ///
    /// Its monotonic clock is moved as well, which changes nothing, since its beginning means nothing. With a right one
    /// (`FAKETIME_DONT_FAKE_MONOTONIC`), waiting for a condition by that clock ends at once (faketime 0.9.10).
    package static func environment(_ difference: String) -> [String: String] {
        // nginx empties its environment, from which the library would read the difference again after ten seconds.
        [
            "LD_PRELOAD": library ?? "", "FAKETIME": difference, "NO_FAKE_STAT": "1", "FAKETIME_SHARED": shared,
            "FAKETIME_CACHE_DURATION": "1000000",
        ]
    }

    /// The memory that programs with the library share. Without this variable the library makes some and sets it, and a program of Swift that
    /// sets a variable before its start no longer finds its arguments.
    private static let shared: String = {
        let environment = ["PATH": "/usr/bin:/bin", "LD_PRELOAD": library ?? "", "FAKETIME": "+0h"]
        let text = (try? Command("env", ["printenv", "FAKETIME_SHARED"], environment: environment).text) ?? ""
        atexit { WrongClock.removeShared() }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }()

    private static func removeShared() {
        for name in shared.split(separator: " ") {
            unlink("/dev/shm\(name)")
            unlink("/dev/shm/sem.\(name.dropFirst())")
        }
    }
}
