/// The lengths of leases and the pauses of background work: the one table of them. Seconds, unless a line says otherwise.
package enum Timing {
    // MARK: Leases

    /// Of an upload and of a job. Twelve renewals fit in: a database that is away for half of it costs nobody their work.
    package static let workLease = 30
    /// Between two renewals of these. An upload of an image that was deleted ends so soon.
    package static let renewal = 2.5
    /// Of a leader.
    package static let leaderLease = 45
    /// What a leader must have left to begin: sending to a broker may last that long.
    package static let leaderMargin = 25.0
    /// Between two tries for the lease of a leader that somebody else has. Only a leader who was killed makes others wait.
    package static let otherLeader = 5.0

    // MARK: A catalog that cannot be asked

    /// Between two tries to end an upload or a job, and the time after which it is left to its lease.
    package static let (catalogRetry, catalogPatience) = (0.5, 60.0)

    // MARK: The look for work

    /// Until the first look. Where all starts at once, the database needs a moment.
    package static let firstLook = 1.0
    /// Between two looks just after something was ordered: what one orders comes in numbers, and some wake nobody.
    package static let busyLook = 0.25
    /// Between two looks while nothing happens. With it an idle `glance-tasks` asks the database less than once a second in all.
    package static let idleLook = 2.0
    /// After a wake-up, in which no other one counts: a flood of them costs ten looks a second.
    package static let wakeUpRest = 0.1
    /// Between two tries for the name that wake-ups are sent to, while another process has it.
    package static let wakeUpName = 2.0
    /// Until the database is asked again that was away.
    package static let databaseAway = 5.0

    // MARK: Periodic jobs

    /// Between two sweeps. An abandoned upload is given back within this and the length of its lease.
    package static let sweep = 10.0
    /// After an absence of the database, before leases count as ended: those who hold them get time to renew them.
    package static let sweepAfterAbsence = 35.0
    /// Sweeps of which one is thorough: one in ten minutes.
    package static let sweepsOfThorough = 60
    /// Sweeps of which one forgets old transactions: one a minute.
    package static let sweepsOfForgetting = 6
    /// That removals go on before others have their time. A look finds the next ones.
    package static let removing = 3.0
    /// Between two sweeps of the image cache.
    package static let cacheSweep = 60.0
    /// Sweeps of the cache of which one cleans: what turned out wrong is there for the operator for an hour.
    package static let sweepsOfCleaning = 60
    /// Until an image is tried again that could not be brought into the cache.
    package static let prefetchAgain = 60.0
    /// Between two looks at the log of what nginx sent. The file is looked at, not the database.
    package static let sendLog = 0.5
    /// That nginx's workers may still write into a log that was renamed.
    package static let renamedLog = 3.0
    /// Until notifications that could not be sent are tried again: the first time, and the longest.
    package static let (notificationRetry, longestNotificationRetry) = (0.5, 30.0)
    /// Between two counts of the notifications that wait.
    package static let notificationCount = 10.0
    /// Between two comparisons of the folders that `glance-api` and `glance-tasks` share, and between those that decide.
    package static let (folderCheck, folderCheckAgain) = (60.0, 2.0)
    /// Between two marks on these folders, and while the database is away.
    package static let (folderMark, folderMarkAgain) = (300.0, 5.0)
}
