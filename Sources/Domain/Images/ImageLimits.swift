/// How much an image may have and be. Nil is no limit. Source: spec policy-and-auth §6; defaults are Glance's.
package struct ImageLimits: Sendable {
    package var properties: Int? = 128
    package var tags: Int? = 128
    package var members: Int? = 128
    package var locations: Int? = 10
    /// Bytes of an image: 1 TiB.
    package var size: Int64 = 1 << 40
    /// Bytes a second that an upload brings on the average of each minute. One that drips holds a thread for as long as it likes
    /// otherwise.
    package var uploadRate: Int? = 1024

    package init() {}

    /// Properties that the service itself keeps do not count.
    ///
    /// - Parameter before: what the image has so far.
    package func check(properties given: [ImageProperty], before: [ImageProperty] = []) throws(Fault) {
        func count(_ properties: [ImageProperty]) -> Int { properties.count { !Image.isMark($0.name) } }
        guard let properties, count(given) > properties else { return }
        throw Self.exceeded("properties", used: count(before), attempted: count(given), maximum: properties)
    }

    package func check(tags given: [String], before: [String] = []) throws(Fault) {
        guard let tags, given.count > tags else { return }
        throw Self.exceeded("tags", used: before.count, attempted: given.count, maximum: tags)
    }

    package func check(locations given: [ImageLocation], before: [ImageLocation]) throws(Fault) {
        guard let locations, given.count > locations else { return }
        throw Self.exceeded("locations", used: before.count, attempted: given.count, maximum: locations)
    }

    package func check(size given: Int64) throws(Fault) {
        guard given > size else { return }
        throw Fault(.tooLarge, "The image of \(given) bytes or more exceeds the maximum allowed size of \(size) bytes.")
    }

    /// Seconds that an upload's rate is looked at over, at any time: what is slower is ended within a minute.
    package static let rateWindow = 55

    /// - Parameter seconds: that were waited for these bytes. Before they make up the window all is well.
    package func check(received bytes: Int64, in seconds: Double) throws(Fault) {
        guard let uploadRate, seconds >= Double(Self.rateWindow), Double(bytes) < seconds * Double(uploadRate) else { return }
        throw Fault(.tooSlow, "The image data comes in at less than \(uploadRate) bytes a second.")
    }

    private static func exceeded(_ what: String, used: Int, attempted: Int, maximum: Int) -> Fault {
        Fault(
            .tooLarge,
            "The limit has been exceeded on the number of allowed image \(what). Used: \(used), Attempted: \(attempted), Maximum: \(maximum)"
        )
    }
}
