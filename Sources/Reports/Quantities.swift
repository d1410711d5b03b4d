/// A number of bytes for people, with three digits: `1.50 GiB`, `512 B`.
package func humanBytes(_ count: Double) -> String { scaled(count, by: 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB"]) }

/// A number for people, with three digits from 10,000 on: `9,321`, `12.3 k`, `4.00 M`.
package func humanCount(_ count: Double) -> String {
    guard abs(count) >= 10_000 else { return count == count.rounded() ? grouped(Int64(count)) : fixed(count, 2) }
    return scaled(count, by: 1000, ["", "k", "M", "G", "T", "P"])
}

/// A whole number with a comma between groups of three digits.
package func grouped(_ count: Int64) -> String {
    var digits = String(count.magnitude)
    var groups: [Substring] = []
    while digits.count > 3 {
        groups.insert(digits.suffix(3), at: 0)
        digits.removeLast(3)
    }
    return (count < 0 ? "-" : "") + ([digits[...]] + groups).joined(separator: ",")
}

private func scaled(_ value: Double, by base: Double, _ units: [String]) -> String {
    var (value, unit) = (value, 0)
    // 1023.99 would be shown as 1024.
    while abs(value) >= base - 0.5, unit < units.count - 1 {
        value /= base
        unit += 1
    }
    let magnitude = abs(value)
    let digits = unit == 0 ? 0 : magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0
    return fixed(value, digits) + (units[unit].isEmpty ? "" : " \(units[unit])")
}

/// A number with so many digits behind the point.
package func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let factor = (0..<digits).reduce(1.0) { result, _ in result * 10 }
    let rounded = Int64((abs(value) * factor).rounded())
    let sign = value < 0 && rounded > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(rounded) }
    let text = String(rounded)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
}
