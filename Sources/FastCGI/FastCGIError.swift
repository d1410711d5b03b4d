internal import Glibc

/// An error of libfcgi or the system while a request is accepted or answered.
package struct FastCGIError: Error {
    /// The call that failed.
    package let call: String
    /// `errno`, or libfcgi's own negative number.
    package let code: CInt

    package init(call: String, code: CInt) {
        self.call = call
        self.code = code
    }
}

extension FastCGIError: CustomStringConvertible {
    package var description: String { code > 0 ? "\(call): \(String(cString: strerror(code)))" : "\(call) failed with \(code)" }
}
