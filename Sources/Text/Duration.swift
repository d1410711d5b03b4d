/// Reads a length of time: a number of seconds, or a number with `s`, `m`, `h`, `d` or `w` behind it.
///
/// - Returns: seconds; nil for any other text, and for more than a thousand years.
package func seconds(ofDuration text: some StringProtocol) -> Int? {
    let digits = text.utf8.prefix { 0x30...0x39 ~= $0 }
    guard 1...12 ~= digits.count, let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
    let units = ["": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let unit = units[String(decoding: text.utf8.dropFirst(digits.count), as: UTF8.self)] else { return nil }
    let (length, isTooMuch) = number.multipliedReportingOverflow(by: unit)
    return isTooMuch || length > 31_557_600_000 ? nil : length
}
