internal import Numbers

extension Int64 {
    /// Reads an integer as Python's `int` does, which Glance uses: blanks around it, a sign, decimal digits of any script, single
    /// underscores between digits, 4,300 digits at most. A number outside of 64 bits becomes the nearest bound.
    package init?(loosely text: String) {
        func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
        var rest = text.unicodeScalars.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }

        var number: Int64 = 0
        var (digits, isBehindDigit) = (0, false)
        for scalar in rest {
            if scalar == "_", isBehindDigit {
                isBehindDigit = false
                continue
            }
            guard scalar.properties.generalCategory == .decimalNumber, let value = scalar.properties.numericValue else { return nil }
            (digits, isBehindDigit) = (digits + 1, true)
            number = number.multipliedClamped(by: 10).addingClamped(isNegative ? -Int64(value) : Int64(value))
        }
        guard isBehindDigit, digits <= 4300 else { return nil }
        self = number
    }
}
