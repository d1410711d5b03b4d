internal import Files
internal import Foundation

/// The files of the project's `nginx/`, as a site of the development stack includes them: what production has, with the paths, the
/// ports and the stores of one folder.
struct ShippedNginx {
    private var texts: [String: String] = [:]

    init(_ folder: String) throws {
        guard let names = entryNames(in: folder) else { throw ChildProcess.NotStarted(description: "cannot read \(folder)") }
        for name in names where name.hasSuffix(".conf") {
            guard let text = fileText(of: "\(folder)/\(name)") else {
                throw ChildProcess.NotStarted(description: "cannot read \(folder)/\(name)")
            }
            texts[name] = text
        }
    }

    /// - Returns: the text of each file by its name.
    /// - Throws: `NotStarted` when a shipped file does not say what is to be changed.
    func rendered(for settings: Site.Settings) throws -> [String: String] {
        var files = self
        try files.replace("/run/vitrine/", with: "\(settings.folder)/run/", in: "glance-upstreams.conf")
        try files.replace("/var/log/nginx/glance-sends.log", with: Site.sendLog(in: settings.folder), in: "glance-sends.conf")
        try files.replace("listen      9292 ", with: "listen      127.0.0.1:\(settings.port) ", in: "site.conf")
        // All clients have one address here.
        try files.replace("limit_conn glance_uploads 64;", with: "limit_conn glance_uploads 65535;", in: "site.conf")
        if let port = settings.registryPort {
            try files.replace("listen  127.0.0.1:9191 ", with: "access_log off;\n    listen  127.0.0.1:\(port) ", in: "site.conf")
        } else {
            try files.cut(from: "# V1's registry.", in: "site.conf")
        }
        files.texts["glance-stores.conf"] = Site.locations(settings.blobs, settings.remotes)
        return files.texts
    }

    private mutating func replace(_ old: String, with new: String, in name: String) throws {
        guard let text = texts[name], text.contains(old) else { throw Self.lacks(old, name) }
        texts[name] = text.replacing(old, with: new)
    }

    private mutating func cut(from start: String, in name: String) throws {
        guard let text = texts[name], let place = text.firstRange(of: start) else { throw Self.lacks(start, name) }
        texts[name] = String(text[..<place.lowerBound])
    }

    private static func lacks(_ text: String, _ name: String) -> ChildProcess.NotStarted {
        ChildProcess.NotStarted(description: "nginx/\(name) does not say '\(text)', which the development stack replaces")
    }
}

extension Site {
    /// What `glance-stores.conf` says, for certain stores: folders, and servers with the authorities that are trusted. The slashes matter.
    package static func locations(
        _ blobs: [(prefix: String, folder: String)], _ remotes: [(prefix: String, authorities: String?)] = []
    ) -> String {
        func quoted(_ path: String) -> String { path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") }
        let folders = blobs.map { prefix, folder in
            """
            location \(prefix)/ {
                alias            "\(quoted(folder))/";
                disable_symlinks on "from=\(quoted(folder))";
                include          vitrine/glance-blob.conf;
            }
            """
        }
        let servers = remotes.map { prefix, authorities in
            """
            location \(prefix)/ {
                \(authorities.map { "proxy_ssl_trusted_certificate \"\(quoted($0))\";\n    proxy_ssl_verify              on;" } ?? "proxy_ssl_verify off;")
                include vitrine/glance-remote.conf;
            }
            """
        }
        return (folders + servers).joined(separator: "\n")
    }
}
