import Foundation
import Stack
import Testing

@testable import Assembly

@Suite struct `The name of a worker` {
    private let place = WorkerName.Place.own

    private func name(at place: WorkerName.Place? = nil, _ process: pid_t = getpid(), start: String? = nil) -> WorkerName {
        WorkerName(
            place: place ?? self.place, process: process, start: start ?? WorkerName.startTime(of: getpid()) ?? "", random: "x")
    }

    @Test func `is read as it was written`() {
        let names = [WorkerName.fresh(), WorkerName.fresh()]
        #expect(names[0].text != names[1].text)
        for name in names {
            #expect(WorkerName(name.text) == name)
            #expect(name.text.utf8.count <= 255)
            #expect(name.process == getpid() && !name.place.boot.isEmpty && name.start != "0")
            #expect(!WorkerName.isDead(name.text))
        }
        let long = WorkerName.Place(
            machine: String(repeating: "m", count: 40) + "/" + String(repeating: "h", count: 64), boot: String(repeating: "b", count: 40),
            namespace: "\(String(UInt64.max, radix: 36)).\(String(UInt64.max, radix: 36))")
        #expect(name(at: long, .max, start: String(UInt64.max)).text.utf8.count <= 255)
    }

    @Test func `tells who is dead`() throws {
        let process = try ChildProcess("sleep", ["600"], output: "/dev/null")
        let start = try #require(WorkerName.startTime(of: process.id))
        let name = name(process.id, start: start)
        #expect(!name.isDead(seenFrom: place))
        // Another process with that number.
        #expect(self.name(process.id, start: start + "1").isDead(seenFrom: place))
        process.stop(with: SIGKILL)
        #expect(name.isDead(seenFrom: place) && WorkerName.isDead(name.text))
    }

    /// Machines and containers that look alike; no process has the number `process`.
    @Test func `of another place is never that of a dead one`() {
        var others = [place, place, place]
        others[0].machine += "-1"
        others[1].boot = "another"
        others[2].namespace = "another"
        for other in others {
            #expect(!name(at: other, start: "1").isDead(seenFrom: place), "\(other)")
            #expect(!name(at: place, start: "1").isDead(seenFrom: other), "\(other)")
        }
        // A kernel that does not tell the boot id.
        var unknown = place
        unknown.boot = ""
        #expect(!name(at: unknown, start: "1").isDead(seenFrom: unknown))
    }

    /// By its machine's properties one could be taken for another: then its lease expires normally.
    @Test(arguments: [
        "overcloud-controlle:1234:1:2:abc", "host:\(ProcessInfo.processInfo.processIdentifier):0:0:x", "worker", "", "2||||||",
    ])
    func `of an older release is not judged`(_ text: String) { #expect(!WorkerName.isDead(text)) }
}
