import Numbers
import Testing

@Suite struct `Sums and products that stay within the type` {
    private static let numbers: [Int8] = [.min, .min + 1, -100, -11, -2, -1, 0, 1, 2, 11, 12, 100, .max - 1, .max]

    @Test(arguments: numbers) func `are the nearest number`(_ one: Int8) {
        for other in Self.numbers {
            #expect(one.addingClamped(other) == Int8(clamping: Int(one) + Int(other)), "\(one) + \(other)")
            #expect(one.multipliedClamped(by: other) == Int8(clamping: Int(one) * Int(other)), "\(one) * \(other)")
        }
    }

    @Test func `are the nearest number without a sign`() {
        #expect(UInt64.max.addingClamped(1) == .max)
        #expect(UInt64.max.multipliedClamped(by: 2) == .max)
        #expect(UInt64(6).multipliedClamped(by: 7).addingClamped(8) == 50)
    }
}
