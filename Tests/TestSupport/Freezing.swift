import Foundation
import Glibc

/// Stops a process, and waits until none of its threads runs: the thread that handles the signal stops the others.
package func freeze(_ process: Int32) {
    kill(process, SIGSTOP)
    let stopped = eventually {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.allSatisfy { thread in
            let stat = (try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/stat", encoding: .utf8)) ?? ""
            return stat.split(separator: ")").last?.hasPrefix(" T ") != false
        }
    }
    assert(stopped)
}

/// Continues a frozen process.
package func thaw(_ process: Int32) { kill(process, SIGCONT) }
