/// The releases of Glance that have an option or a route, in the words of the references of both.
package enum GlanceOrigin: String, Sendable {
    case glance = "yes"
    case olderGlance = "older releases"
    case vitrine = "no"
}
