internal import Glibc

/// The kinds of requests.
enum Kind: String, CaseIterable {
    case show, list, download, patch, tag, create, upload, delete
}

/// A request with what its answer must be.
struct Work {
    let kind: Kind
    let request: [UInt8]
    let status: Int
    /// What the body must contain.
    var expected: [[UInt8]] = []
    /// How often the last of these must be in it; nil for any number.
    var times: Int?
    /// The image of a request that is followed by others.
    var image: String?
}

/// The images and bodies of a run.
struct Material {
    /// Images to be shown, with data to be downloaded, and to be changed; of the last each connection has its own.
    var (shown, stored, changed): ([String], [String], [String]) = ([], [], [])
    /// Paths of lists, each of which has `perPage` images.
    var lists: [String] = []
    var data: [UInt8] = []
    static let perPage = 25

    /// - Parameter path: a file of lines `show ID`, `data ID`, `own ID` and `list PATH`.
    init(_ path: String, data dataPath: String) {
        for line in Self.bytes(of: path).split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
            switch words[0] {
            case "show": shown.append(words[1])
            case "data": stored.append(words[1])
            case "own": changed.append(words[1])
            default: lists.append(words[1])
            }
        }
        data = Self.bytes(of: dataPath)
    }

    private static func bytes(of path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { fatalError("cannot read \(path)") }
        defer { fclose(file) }
        var (all, piece): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 1 << 16))
        while case let count = fread(&piece, 1, piece.count, file), count > 0 { all += piece[..<count] }
        return all
    }
}

/// Chooses requests: 70 % show, 15 % list, 5 % download, 5 % PATCH and tags, 5 % create, upload and delete.
struct Mix {
    private let material: Material
    private let common: String
    private var random: UInt64
    private var number = 0

    init(_ material: Material, port: Int, token: String, seed: UInt64) {
        self.material = material
        common = "Host: 127.0.0.1:\(port)\r\nX-Auth-Token: \(token)\r\n"
        random = seed &* 2 &+ 1
    }

    /// The next request of a connection.
    ///
    /// - Parameter previous: the one before, if it succeeded and has a successor.
    mutating func next(for connection: Int, after previous: Work?) -> Work {
        if let previous, let image = previous.image { return following(previous.kind, image) }
        number += 1
        switch below(100) {
        case ..<70:
            let image = material.shown[below(material.shown.count)]
            return Work(kind: .show, request: head("GET", "/v2/images/\(image)"), status: 200, expected: [Array("\"\(image)\"".utf8)])
        case ..<85:
            return Work(
                kind: .list, request: head("GET", material.lists[below(material.lists.count)]), status: 200,
                expected: [Array("\"images\"".utf8), Array("\"self\"".utf8)], times: Material.perPage)
        case ..<90:
            let image = material.stored[below(material.stored.count)]
            return Work(kind: .download, request: head("GET", "/v2/images/\(image)/file"), status: 200)
        case ..<95: return change(of: material.changed[connection % material.changed.count])
        default:
            // Hidden, since a list that names an image which is deleted before its row is read has one image less.
            let body = #"{"name": "load-\#(number)", "disk_format": "raw", "container_format": "bare", "os_hidden": true}"#
            return Work(
                kind: .create, request: head("POST", "/v2/images", "application/json", Array(body.utf8)), status: 201,
                expected: [Array("\"queued\"".utf8), Array("\"load-\(number)\"".utf8)])
        }
    }

    /// Upload after create, delete after upload.
    private func following(_ kind: Kind, _ image: String) -> Work {
        kind == .create
            ? Work(
                kind: .upload, request: head("PUT", "/v2/images/\(image)/file", "application/octet-stream", material.data), status: 204,
                image: image)
            : Work(kind: .delete, request: head("DELETE", "/v2/images/\(image)"), status: 204)
    }

    private func change(of image: String) -> Work {
        guard number % 2 == 0 else {
            return Work(kind: .tag, request: head("PUT", "/v2/images/\(image)/tags/t\(number % 40)"), status: 204)
        }
        let body =
            #"[{"op": "replace", "path": "/name", "value": "own-\#(number)"}, {"op": "add", "path": "/step", "value": "s\#(number)"}]"#
        return Work(
            kind: .patch,
            request: head("PATCH", "/v2/images/\(image)", "application/openstack-images-v2.1-json-patch", Array(body.utf8)), status: 200,
            expected: [Array("\"own-\(number)\"".utf8), Array("\"s\(number)\"".utf8)])
    }

    private func head(_ method: String, _ path: String, _ type: String? = nil, _ body: [UInt8] = []) -> [UInt8] {
        let fields = type.map { "Content-Type: \($0)\r\nContent-Length: \(body.count)\r\n" } ?? ""
        return Array("\(method) \(path) HTTP/1.1\r\n\(common)\(fields)\r\n".utf8) + body
    }

    /// Source: Marsaglia, "Xorshift RNGs", 2003.
    private mutating func below(_ limit: Int) -> Int {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Int(random % UInt64(limit))
    }
}
