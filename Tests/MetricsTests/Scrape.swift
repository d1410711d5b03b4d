import Foundation
import Stack
import TestSupport
import Testing

/// One answer of `GET /metrics`.
struct Scrape {
    /// Values by name and labels, as in `vitrine_backlog{queue="copies"}`.
    let values: [String: Double]
    let text: String

    init(port: Int) throws {
        let connection = try HTTPConnection(port: port)
        try connection.send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n")
        let reply = try connection.receive()
        guard reply.status == 200 else { throw Unexpected(reply) }
        text = reply.text
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                throw Unexpected("no sample: \(line)")
            }
            values[String(line[..<space])] = value
        }
        self.values = values
    }

    /// The sum of all series of a name whose labels contain some texts; 0 where there is none.
    func sum(_ name: String, _ labels: String...) -> Double { sum(name, labels) }

    func sum(_ name: String, _ labels: [String]) -> Double {
        values.reduce(0) { sum, series in
            let isMeant = (series.key == name || series.key.hasPrefix("\(name){")) && labels.allSatisfy(series.key.contains)
            return isMeant ? sum + series.value : sum
        }
    }
}

/// The whole service, with its metrics.
final class MeteredGlance: Sendable {
    let glance: TestGlance
    let port: Int

    init(
        _ options: [String: String] = [:], identity: String? = "tokens", stores: [String] = [], cacheFolder: String? = nil,
        runsRegistry: Bool = false, proxy: SilentProxy? = nil
    ) throws {
        let (port, folder) = (try freePort(), "\(TestFolder.root)/metrics-\(UInt32.random(in: 0 ... .max))")
        let own = "metrics_listen = 127.0.0.1:\(port)\nmetrics_folder = \(folder)"
        self.port = port
        glance = try TestGlance(
            options.merging(["vitrine": own]) { "\($0)\n\($1)" }, identity: identity, stores: stores, cacheFolder: cacheFolder,
            runsTasks: true, runsRegistry: runsRegistry, proxy: proxy)
        guard eventually({ (try? scrape()) != nil }) else { throw Unexpected("metrics are not served") }
    }

    func scrape() throws -> Scrape { try Scrape(port: port) }

    /// Expects that a number rises by some amount when something is done.
    func expectRise(
        _ name: String, _ labels: String..., by amount: Double = 1, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) throws {
        let before = try scrape().sum(name, labels)
        try body()
        var after = before
        let hasRisen = try eventually {
            after = try scrape().sum(name, labels)
            return after >= before + amount
        }
        #expect(hasRisen, "\(name) \(labels) went from \(before) to \(after)", sourceLocation: sourceLocation)
    }
}
