/// Names of Glance's programs that have no work here, but that scripts may call.
enum Nothing {
    static func control(_ name: String, _ words: [String]) -> Int32 {
        let command = words.first { ["status", "stop", "shutdown", "restart", "reload", "force-reload"].contains($0) } ?? "start"
        let verb = ["shutdown": "stop", "force-reload": "reload"][command] ?? command
        let units = "glance-api@1 glance-registry@1 glance-tasks"
        write("\(name): starts and stops nothing here; use systemctl \(verb) \(units), with one glance-api@N for each worker\n")
        return 0
    }

    static func wsgi(_ name: String, _ words: [String]) -> Int32 {
        write(
            "\(name): serves nothing here; nginx hands requests to glance-api by FastCGI (README, deploy/systemd), or a web server runs it as CGI\n"
        )
        return 0
    }
}
