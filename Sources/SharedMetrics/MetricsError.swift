internal import Glibc

/// Why metrics cannot be kept, read or served.
package struct MetricsError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    /// A call of the system failed, for the reason in `errno`.
    init(_ what: String, errno code: CInt) { description = "\(what): \(String(cString: strerror(code)))" }
}
