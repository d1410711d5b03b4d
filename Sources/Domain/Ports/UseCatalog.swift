/// The records of images' use. Every method throws `.unavailable` when the records cannot be read now or are overloaded.
package protocol UseCatalog: Sendable {
    /// Reads today's date in UTC, by the clock of the records.
    func today() throws(Fault) -> Day

    /// Reads what is known of an image since use is recorded; nil when it was never downloaded.
    func use(of image: ImageID) throws(Fault) -> ImageUse?

    /// Reads the use of an image by day, the oldest first. Days without use are left out.
    ///
    /// - Parameter days: the first and the last day.
    func use(of image: ImageID, on days: ClosedRange<Day>) throws(Fault) -> [(day: Day, counts: UseCounts)]

    /// Removes records of days before a day.
    ///
    /// - Returns: the number of records that were removed; fewer than `count` when none are left.
    func forgetUse(before day: Day, atMost count: Int) throws(Fault) -> Int

    /// Removes the records of images that are purged, among the next images in the order of their ids.
    ///
    /// - Parameter last: the id after which to go on; nil for the first.
    /// - Returns: the last id that was looked at; nil at the end.
    func forgetUseOfPurged(after last: ImageID?, atMost count: Int) throws(Fault) -> ImageID?
}
