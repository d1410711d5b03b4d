import Glibc
import Synchronization
import Threading

/// A server that may violate HTTP. Each connection is a thread that runs the test's script.
package final class RawServer: Sendable {
    package let port: Int
    private let listener: CInt
    private let thread: JoinableThread
    private let record = Record()

    fileprivate final class Record: Sendable {
        let heads = Mutex<[String]>([])
        let notes = Mutex<[String]>([])
    }

    /// - Parameter script: what happens on a connection; connections are numbered from 1.
    package init(_ script: @escaping @Sendable (Connection, Int) -> Void) throws {
        let (listener, port) = try StreamSocket.listening()
        (self.listener, self.port) = (listener, port)
        thread = try JoinableThread { [record] in
            var number = 0
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                number += 1
                let connection = Connection(descriptor, record)
                try! Thread.start { [number] in
                    script(connection, number)
                    connection.close()
                }
            }
        }
    }

    deinit {
        shutdown(listener, CInt(SHUT_RDWR))
        thread.join()
        Glibc.close(listener)
    }

    package func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// The heads of requests so far.
    package var heads: [String] { record.heads.withLock { $0 } }

    /// What scripts have noted so far.
    package var notes: [String] { record.notes.withLock { $0 } }

    package final class Connection: Sendable {
        private let descriptor: CInt
        private let isOpen = Atomic(true)
        private let record: Record

        fileprivate init(_ descriptor: CInt, _ record: Record) {
            self.descriptor = descriptor
            self.record = record
        }

        /// Reads a request's head; nil if the client closed the connection.
        @discardableResult
        package func readHead() -> String? {
            var head: [UInt8] = []
            var byte: UInt8 = 0
            while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
                guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
                head.append(byte)
            }
            let text = String(decoding: head, as: UTF8.self)
            record.heads.withLock { $0.append(text) }
            return text
        }

        /// - Returns: false if the client is gone.
        @discardableResult
        package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        @discardableResult
        package func send(_ bytes: [UInt8]) -> Bool {
            bytes.withUnsafeBytes { StreamSocket.send($0, to: descriptor) }
        }

        /// Notes something for the test.
        package func note(_ text: String) { record.notes.withLock { $0.append(text) } }

        /// Reads a request's body of a given length.
        @discardableResult
        package func readBody(_ count: Int) -> String { String(decoding: readBytes(count), as: UTF8.self) }

        /// Reads so many bytes, or fewer if the client ends.
        package func readBytes(_ count: Int) -> [UInt8] {
            // A call for no bytes would wait for one.
            [UInt8](unsafeUninitializedCapacity: count) { buffer, read in
                read = count == 0 ? 0 : max(0, recv(descriptor, buffer.baseAddress, count, CInt(MSG_WAITALL)))
            }
        }

        package func answer(_ status: String = "200 OK", _ headers: String = "", body: String = "") {
            send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        }

        /// Passes bytes on to a port of this host and back, until either side ends.
        package func tunnel(to port: Int) {
            guard let far = try? HTTPConnection(port: port) else { return }
            far.relay(descriptor)
        }

        package func close() {
            guard isOpen.exchange(false, ordering: .relaxed) else { return }
            shutdown(descriptor, CInt(SHUT_RDWR))
            Glibc.close(descriptor)
        }
    }
}

extension String {
    /// The target of the request whose head this is; empty if it has none.
    package var requestTarget: Substring { split(separator: " ").dropFirst().first ?? "" }
}
