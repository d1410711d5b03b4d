import Domain
import Foundation
import Glibc
import Threading

/// What can be wrong with an engine.
package enum EngineTrouble: String, Sendable, CaseIterable {
    /// It works.
    case none
    /// Connections stay, and nothing passes: a frozen process, a firewall that has lost its state.
    case silent
    /// Connections end at once.
    case down
    /// About 4 MiB a second pass a connection.
    case slow
    /// The first connection that has passed 1 MiB in one direction ends; afterwards the engine works.
    case cut
}

/// A TCP proxy in front of an engine of one port, which troubles its connections. It ends with its last owner.
package final class EngineProxy: Sendable {
    package let port: Int
    private let listener: CInt
    private let thread: JoinableThread
    private let shared: Shared

    /// What all threads of the proxy see.
    private final class Shared: Sendable {
        let target: Int
        let trouble = Monitor(EngineTrouble.none)
        let connections = Monitor<[Connection]>([])
        init(target: Int) { self.target = target }
    }

    /// - Parameter target: the engine's port on 127.0.0.1.
    package init(to target: Int) throws {
        let shared = Shared(target: target)
        let (listener, port) = try StreamSocket.listening()
        (self.listener, self.port, self.shared) = (listener, port, shared)
        thread = try JoinableThread {
            while case let near = accept(listener, nil, nil), near >= 0 {
                _ = fcntl(near, F_SETFD, FD_CLOEXEC)
                Self.serve(near, shared)
            }
        }
    }

    deinit {
        shutdown(listener, CInt(SHUT_RDWR))
        thread.join()
        close(listener)
        set(.down)
    }

    /// The engine's URL by this way.
    package var endpoint: String { "http://127.0.0.1:\(port)" }

    /// Troubles all connections, also those that exist.
    package func set(_ trouble: EngineTrouble) {
        shared.trouble.with { $0 = trouble }
        if trouble == .down { shared.connections.with { for connection in $0 { connection.end() } } }
    }

    /// Both ends of a connection. The last of its two threads closes them.
    private final class Connection: Sendable {
        let near, far: CInt
        private let open = Monitor(2)
        init(_ near: CInt, _ far: CInt) { (self.near, self.far) = (near, far) }

        func end() { open.with { if $0 > 0 { for end in [near, far] { shutdown(end, CInt(SHUT_RDWR)) } } } }

        func leave() {
            end()
            open.with { left in
                left -= 1
                if left == 0 { for end in [near, far] { close(end) } }
            }
        }
    }

    private static func serve(_ near: CInt, _ shared: Shared) {
        guard shared.trouble.with({ $0 }) != .down, let far = try? StreamSocket.connected(to: "127.0.0.1", port: shared.target) else {
            close(near)
            return
        }
        let connection = Connection(near, far)
        shared.connections.with { $0.append(connection) }
        for (source, sink) in [(near, far), (far, near)] {
            Foundation.Thread.detachNewThread {
                forward(from: source, to: sink, shared.trouble)
                connection.leave()
            }
        }
    }

    /// Passes bytes until either end closes, or the trouble ends the connection.
    private static func forward(from source: CInt, to sink: CInt, _ trouble: Monitor<EngineTrouble>) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var passed = 0
        while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
            passed += count
            let now = trouble.wait { now -> EngineTrouble? in
                guard now == .cut, passed > 1 << 20 else { return now == .silent ? nil : now }
                now = .none
                return .cut
            }
            if now == .down || now == .cut && passed > 1 << 20 { return }
            if now == .slow { usleep(16_000) }
            guard buffer.withUnsafeBytes({ StreamSocket.send(.init(rebasing: $0[..<count]), to: sink) }) else { return }
        }
    }
}

extension EngineUnderTest {
    /// An engine behind a proxy, and a bucket on it that is empty.
    ///
    /// - Parameter make: makes a store of an endpoint, a bucket and keys, with short timeouts.
    package init(
        s3 engine: S3Engine,
        make: @escaping @Sendable (_ endpoint: String, _ bucket: String, _ accessKey: String, _ secretKey: String) throws -> any ImageStore
    ) throws {
        guard let port = URL(string: engine.endpoint)?.port else { throw Unexpected("\(engine.endpoint) has no port") }
        let (proxy, bucket) = (try EngineProxy(to: port), try engine.bucket("conformance"))
        let (access, secret) = (engine.accessKey, engine.secretKey)
        self.init(
            store: { try make(proxy.endpoint, bucket, access, secret) }, names: { try engine.names(in: bucket) },
            trouble: { proxy.set($0) })
        misconfigured = [
            .init("a wrong secret key") { try make(proxy.endpoint, bucket, access, "wrong") },
            .init("an unknown access key") { try make(proxy.endpoint, bucket, "nobody", secret) },
            .init("a user without rights") { try make(proxy.endpoint, bucket, engine.strangersAccessKey, engine.strangersSecretKey) },
            .init("no bucket") { try make(proxy.endpoint, "\(bucket)-is-missing", access, secret) },
            // Port 1 of the loopback address, where nothing listens.
            .init("no server") { try make("http://127.0.0.1:1", bucket, access, secret) },
            .init("a server without a name") { try make("http://engine.invalid:\(proxy.port)", bucket, access, secret) },
        ]
        elsewhere = ["s3://127.0.0.1:\(proxy.port)/elsewhere/\(ImageID.fresh())", "s3://127.0.0.1:1/\(bucket)/\(ImageID.fresh())"]
        secrets = [access, secret, engine.strangersAccessKey, engine.strangersSecretKey, String(proxy.port), "engine.invalid"]
    }
}
