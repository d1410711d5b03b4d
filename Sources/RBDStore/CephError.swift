internal import Domain
internal import Glibc

/// An error of librados or librbd.
package struct CephError: Error, CustomStringConvertible {
    /// The value of `errno`; positive.
    package let code: CInt
    /// The action that failed, for example `opening an image`.
    package let doing: String

    package var description: String { "\(doing): \(String(cString: strerror(code)))" }

    /// - Parameter result: what a call returned; negative numbers are errors.
    static func check(_ result: CInt, _ doing: String) throws(CephError) {
        guard result < 0 else { return }
        throw CephError(code: -result, doing: doing)
    }

    /// Whether the connection to the cluster cannot be used any more: the cluster fenced this client, or it was shut down.
    var isOfConnection: Bool { [ESHUTDOWN, ENOTCONN].contains(code) }
}

/// What a client is told of errors of one store.
struct RBDFaults: Sendable {
    /// The store's name in the configuration; its type if it has none.
    let store: String

    func fault(_ error: CephError) -> Fault {
        switch error.code {
        case ENOSPC, EDQUOT: full(error)
        default: Fault(.unavailable, "The image store '\(store)' cannot be used now.", cause: error)
        }
    }

    func full(_ cause: CephError? = nil) -> Fault {
        Fault(.tooLarge, "There is not enough space in the image store '\(store)'.", cause: cause)
    }
    func noData() -> Fault { Fault(.notFound, "The image's data is not in the store.") }

    func inUse(_ cause: CephError? = nil) -> Fault {
        Fault(
            .conflict, "The image's data is in use: there are clones of it in the store '\(store)'. Delete or flatten them first.",
            cause: cause)
    }

    /// Runs calls of Ceph's, and throws what a client is told.
    func telling<Value>(_ body: () throws(CephError) -> Value) throws(Fault) -> Value {
        do throws(CephError) { return try body() } catch { throw fault(error) }
    }
}
