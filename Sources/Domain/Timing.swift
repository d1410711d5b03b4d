/// All lengths of leases and pauses of background work, in seconds, unless a line says otherwise. They depend on each other.
package enum Timing {
    // MARK: Leases

    /// The lease of an upload or a job. Twelve renewals fit in: a database that is away for half of it ends no work.
    package static let workLease = 30
    /// The time between two renewals of such a lease. The upload of an image that was deleted ends within this time.
    package static let renewal = 2.5
    /// The lease of a leader.
    package static let leaderLease = 45
    /// The rest of the lease that a leader needs to begin: sending to a broker may take that long.
    package static let leaderMargin = 25.0
    /// The lease of a verification, and the time between two records of its position, which renew the lease.
    package static let (verificationLease, verificationStep) = (60, 5.0)
    /// The time between two tries for a leader lease that another process holds. Only a leader that was killed makes others wait.
    package static let otherLeader = 5.0

    // MARK: A catalog that is unavailable

    /// The time between two tries to end an upload or a job, and the time after which its lease is left to expire.
    package static let (catalogRetry, catalogPatience) = (0.5, 60.0)

    // MARK: The look for work

    /// The time until the first look. If everything starts at once, the database needs a moment.
    package static let firstLook = 1.0
    /// The time between two looks just after something was ordered: orders come in groups, and some wake no process.
    package static let busyLook = 0.25
    /// The time between two looks while nothing happens. With it an idle `glance-tasks` asks the database less than once a second in all.
    package static let idleLook = 2.0
    /// The time after a wake-up in which no other one counts: a flood of them costs ten looks a second.
    package static let wakeUpRest = 0.1
    /// The time between two tries for the socket name of wake-ups, while another process has it.
    package static let wakeUpName = 2.0
    /// The time until a database that was unavailable is asked again.
    package static let databaseAway = 5.0

    // MARK: Periodic jobs

    /// The time between two sweeps. An abandoned upload is aborted within this time and the length of its lease.
    package static let sweep = 10.0
    /// The time after an absence of the database before leases count as expired: their holders get time to renew them.
    package static let sweepAfterAbsence = 35.0
    /// The number of sweeps of which one is thorough: one in ten minutes.
    package static let sweepsOfThorough = 60
    /// The number of sweeps of which one deletes the records of old transactions: one a minute.
    package static let sweepsOfForgetting = 6
    /// The longest run of removals before other work is done. The next look finds the rest.
    package static let removing = 3.0
    /// The time between two sweeps of the image cache.
    package static let cacheSweep = 60.0
    /// The number of cache sweeps of which one cleans: rejected files stay there for the operator for an hour.
    package static let sweepsOfCleaning = 60
    /// The time until an image that could not be cached is tried again.
    package static let prefetchAgain = 60.0
    /// The time between two readings of the figures of the queues, of a store's space, and of all images for the dashboards of OpenStack.
    package static let (measuring, measuringSpace, surveying) = (15.0, 30.0, 60.0)
    /// The time between two looks at nginx's log of sent data. They read the file, not the database.
    package static let sendLog = 0.5
    /// The time for which nginx's workers may still write into a renamed log.
    package static let renamedLog = 3.0
    /// The time between two lines in the log about lines of that log that were skipped.
    package static let skippedLines = 3600.0
    /// The time between two rounds in which old records of use are removed, and between two statements of a round.
    package static let (usePurging, usePurgingRest) = (3600.0, 0.2)
    /// The time until notifications that could not be sent are tried again: the first, and the longest.
    package static let (notificationRetry, longestNotificationRetry) = (0.5, 30.0)
    /// The time between two counts of waiting notifications.
    package static let notificationCount = 10.0
    /// The time between two removals of old events, and the same while there are more.
    package static let (oldEvents, moreOldEvents) = (600.0, 0.2)
    /// The images of one step of a refresh of the reports: a step takes some 50 ms of the database.
    package static let reportImages = 1000
    /// The factor by which the rest after a step exceeds the step, and the pause after a refresh exceeds the refresh; and the longest rest
    /// after a step, in which the leader lease does not expire.
    package static let (reportRest, longestReportRest) = (3.0, 5.0)
    /// The time between two comparisons of the folders that `glance-api` and `glance-tasks` share, and between those that decide.
    package static let (folderCheck, folderCheckAgain) = (60.0, 2.0)
    /// The time between two looks for sums of projects that are old.
    package static let projectSums = 60.0
    /// The time between two looks whether a verification is due, and between two tries for one that another process does.
    package static let verificationLook = 60.0
    /// The time between two marks on these folders, and the same while the database is unavailable.
    package static let (folderMark, folderMarkAgain) = (300.0, 5.0)
    /// The time between two comparisons of a node with the others, the same while it does not know all of itself, and how often that is.
    package static let (nodeComparison, nodeComparisonAgain, unfinishedComparisons) = (60.0, 2.0, 15)
    /// The silence after which a node is not compared with any more; several comparisons fit in.
    package static let nodeSilence = 300
}
