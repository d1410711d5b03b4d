/// A text for HTML and XML, in the content of an element or in the value of an attribute: no scalar of it is markup.
package func escapedForHTML(_ text: String) -> String {
    var escaped = String.UnicodeScalarView()
    // A scalar at a time: with an accent behind it, a `<` is another character, and markup all the same.
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;".unicodeScalars
        case "<": escaped += "&lt;".unicodeScalars
        case ">": escaped += "&gt;".unicodeScalars
        case "\"": escaped += "&quot;".unicodeScalars
        case "'": escaped += "&#x27;".unicodeScalars
        default: escaped.append(scalar)
        }
    }
    return String(escaped)
}
