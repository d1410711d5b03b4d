internal import CFastCGI
internal import Glibc
internal import HTTPClient
internal import MariaDB
internal import Threading

/// Serves FastCGI with one further operation: a SELECT by primary key, the ceiling of every answer that needs the database; or an
/// exchange over HTTP, the ceiling of every answer that needs another service; or nothing.
///
/// libfcgi does everything here, with kept connections; the answer is a constant of an image record's size.
/// Arguments: a socket's path; a database URL, the URL of an exchange, or `nothing`; a number of threads.
@main
enum Ceiling {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let threads = Int(arguments[3]) else { fatalError("usage: ceiling SOCKET URL|nothing THREADS") }
        let work = arguments[2]
        FCGX_Init()
        let socket = FCGX_OpenSocket(arguments[1], 1024)
        precondition(socket >= 0, "cannot listen")
        chmod(arguments[1], 0o666)
        let running = try (0..<threads).map { _ in
            try JoinableThread { serve(socket, work) }
        }
        for thread in running { thread.join() }
    }

    private static let image = Query("SELECT id, name, size, status FROM images WHERE id = ?") { row throws(MariaDBError) in
        try row.text(0)
    }

    private static let client = HTTPClient()

    /// The operation for each request, with the last part of its path.
    private static func makeWork(_ name: String) throws -> (String) throws -> Void {
        if name == "nothing" { return { _ in } }
        if name.hasPrefix("http") { return { _ in _ = try client.send("GET", name, longest: 1 << 20) } }
        let address = try Address(url: name)
        let connection = try Connection(to: address, timeouts: .init())
        return { id in _ = try connection.first(image, .text(id)) }
    }

    private static func serve(_ socket: CInt, _ name: String) {
        do {
            let work = try makeWork(name)
            var request = FCGX_Request()
            FCGX_InitRequest(&request, socket, 0)
            let body = String(repeating: "x", count: 1000)
            let answer = "Content-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            // It keeps one heap address, because libfcgi's streams point back at it.
            try withUnsafeMutablePointer(to: &request) { request in
                while FCGX_Accept_r(request) == 0 {
                    let uri = FCGX_GetParam("REQUEST_URI", request.pointee.envp).map { String(cString: $0) } ?? ""
                    try work(String(uri.suffix(36)))
                    FCGX_PutStr(answer, CInt(answer.utf8.count), request.pointee.out)
                    FCGX_Finish_r(request)
                }
            }
        } catch {
            fatalError("\(error)")
        }
    }
}
