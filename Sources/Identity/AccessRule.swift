internal import JSONDocument

/// A permission of a token of an application credential. Source:
/// https://docs.openstack.org/keystone/latest/user/application_credentials.html#access-rules
struct AccessRule: Sendable, Equatable {
    let service: String
    let method: String
    /// The pattern of paths: `*` and `{…}` match one part of a path, `**` any number of parts.
    let path: String

    init?(_ json: JSON) {
        guard let rule = json.object, let service = rule["service"]?.string, let method = rule["method"]?.string,
            let path = rule["path"]?.string
        else { return nil }
        (self.service, self.method, self.path) = (service, method, path)
    }

    func allows(_ method: String, _ path: String, of service: String) -> Bool {
        self.service == service && self.method == method && Self.matches(Self.pieces(of: self.path), Array(path.utf8))
    }

    private enum Piece: Equatable {
        case byte(UInt8)
        /// One or more bytes other than a slash.
        case part
        /// Any bytes.
        case rest
    }

    private static func pieces(of pattern: String) -> [Piece] {
        var pieces: [Piece] = []
        var left = pattern.utf8[...]
        while let byte = left.popFirst() {
            if byte == UInt8(ascii: "*") {
                if left.first == byte {
                    left.removeFirst()
                    pieces.append(.rest)
                } else {
                    pieces.append(.part)
                }
            } else if byte == UInt8(ascii: "{"), let end = left.firstIndex(of: UInt8(ascii: "}")) {
                left = left[left.index(after: end)...]
                pieces.append(.part)
            } else {
                pieces.append(.byte(byte))
            }
        }
        return pieces
    }

    /// Follows all ways through the pattern at once: the time is bounded by the product of both lengths.
    private static func matches(_ pieces: [Piece], _ path: [UInt8]) -> Bool {
        /// The indexes of the pieces that may come next; a `rest` may be empty.
        func following(_ places: Set<Int>) -> Set<Int> {
            var found = places
            for place in places {
                var next = place
                while next < pieces.count, pieces[next] == .rest {
                    next += 1
                    found.insert(next)
                }
            }
            return found
        }
        var places = following([0])
        for byte in path {
            var next: Set<Int> = []
            for place in places where place < pieces.count {
                switch pieces[place] {
                case .byte(let wanted): if wanted == byte { next.insert(place + 1) }
                case .part: if byte != UInt8(ascii: "/") { next.formUnion([place, place + 1]) }
                case .rest: next.insert(place)
                }
            }
            places = following(next)
            if places.isEmpty { return false }
        }
        return places.contains(pieces.count)
    }
}
