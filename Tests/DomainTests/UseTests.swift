import Domain
import Testing

@Suite struct `Sums of use` {
    @Test(arguments: ["1970-01-01", "2024-02-29", "2026-11-29", "9999-12-31"]) func `know a day`(_ text: String) {
        #expect(Day(text)?.description == text)
    }

    @Test(arguments: [
        "", "2026", "2026-11-31", "2025-02-29", "2026-13-01", "2026-1-01", "1969-12-31", "2026-11-29 ", "2026/11/29", "２026-11-2",
    ]) func `know what is none`(_ text: String) {
        #expect(Day(text) == nil)
    }

    @Test func `begin a day at midnight in UTC`() {
        #expect(Day(ofMoment: 86_399.999).number == 0 && Day(ofMoment: 86_400).number == 1)
    }

    private func sent(
        _ image: String, _ bytes: Int64, of length: Int64, at moment: Double = 0, range: Bool = false, user: String? = nil
    ) -> SentBytes {
        var sent = SentBytes(image: ImageID(image))
        (sent.bytes, sent.announced, sent.moment, sent.isRange, sent.receiverUser) = (bytes, length, moment, range, user)
        return sent
    }

    @Test func `count each transfer in one column`() throws {
        var tally = UseTally()
        #expect(tally.isEmpty)
        for one in [
            sent("a", 5, of: 5, at: 7.5), sent("a", 3, of: 3, range: true), sent("a", 2, of: 5), sent("a", 1, of: 3, range: true),
            sent("a", 5, of: 5, at: 100_000.25),
        ] { tally.add(one) }
        #expect(tally.sums.map(\.key.day.number) == [0, 1])
        #expect(tally.sums[0].value.counts == UseCounts(downloads: 1, ranges: 1, incomplete: 2, bytes: 11))
        let image = try #require(tally.images.first)
        #expect(tally.images.count == 1 && image.value.counts == UseCounts(downloads: 2, ranges: 1, incomplete: 2, bytes: 16))
        #expect(image.value.firstText == "1970-01-01 00:00:00.000" && image.value.lastText == "1970-01-02 03:46:40.250")
    }

    @Test func `come in one order, whatever the order of the lines`() {
        let lines = ["b", "a", "c"].flatMap { image in
            [86_401.0, 1].flatMap { time in ["y", nil, "x"].map { sent(image, 1, of: 1, at: time, user: $0) } }
        }
        var (one, other) = (UseTally(), UseTally())
        for line in lines { one.add(line) }
        for line in lines.reversed() { other.add(line) }
        #expect(one.sums.map(\.key) == other.sums.map(\.key) && one.sums.map(\.key) == one.sums.map(\.key).sorted())
        #expect(one.images.map(\.key.text) == ["a", "b", "c"] && one.sums.count == 18)
    }
}
