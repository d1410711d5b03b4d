/// Limits of an image. Nil is no limit. The defaults are Glance's.
package struct ImageLimits: Sendable {
    package var properties: Int? = 128
    package var tags: Int? = 128
    package var members: Int? = 128
    package var locations: Int? = 10
    /// Largest size in bytes: 1 TiB.
    package var size: Int64 = 1 << 40
    /// The least rate of an upload in bytes a second, on the average of each minute. Without it a slow client could hold a thread for as
    /// long as they like.
    package var uploadRate: Int? = 1024

    package init() {}

    /// Properties that the service itself keeps do not count.
    ///
    /// - Parameter before: the properties that the image has so far.
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

    /// The window in seconds over which an upload's rate is averaged. A slower upload is ended within a minute.
    package static let rateWindow = 55

    /// - Parameter seconds: the time spent waiting for these bytes. Less than a window is never too slow.
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
