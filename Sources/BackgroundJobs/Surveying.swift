package import Domain
internal import Logging
package import ServiceMetrics
internal import Threading

/// The periodic job that reads the images for the metrics that OpenStack's dashboards use, and tells them when a scrape asks.
///
/// A scrape never asks the database: it gets what was read last. While the database is away, `openstack_glance_up` is 0 and the images stay
/// as they were.
package final class Surveying: PeriodicJob, MetricSource {
    private let catalog: any BacklogCatalog
    private let most: Int
    private let state = Monitor(State())

    private struct State {
        var isUp = false
        var survey: ImageSurvey?
    }

    /// The name of the work in the log.
    package let purpose = "look after the images' figures"

    /// Makes a job.
    ///
    /// - Parameter most: the largest number of images that are told one by one.
    package init(_ catalog: any BacklogCatalog, atMost most: Int) { (self.catalog, self.most) = (catalog, most) }

    /// Reads the images once, and returns the pause.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        do throws(Fault) {
            let survey = try catalog.surveyImages(atMost: most)
            state.with { $0 = State(isUp: true, survey: survey) }
        } catch {
            state.with { $0.isUp = false }
            // Other jobs log a database that is away.
            guard error.kind == .unavailable else { throw error }
        }
        return Timing.surveying
    }

    /// The figures that were read last; before the first reading only that there are none.
    package func readings() -> [MetricReading] {
        let (isUp, survey) = state.with { ($0.isUp, $0.survey) }
        let metrics = ServiceMetrics.openStack
        var readings = [MetricReading(metrics.isUp, [MetricReading.Row([], isUp ? 1 : 0)])]
        guard let survey else { return readings }
        readings.append(MetricReading(metrics.images, [MetricReading.Row([], Int64(survey.count))]))
        readings.append(
            MetricReading(metrics.imageBytes, survey.newest.map { MetricReading.Row([$0.id, $0.name, $0.project], $0.size) }))
        let created = survey.newest.map { image in
            MetricReading.Row(
                [image.isHidden ? "true" : "false", image.id, image.name, image.status, image.project, image.visibility], image.createdAt)
        }
        return readings + [MetricReading(metrics.imageCreatedAt, created)]
    }
}
