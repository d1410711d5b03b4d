/// The release of this service, which every program tells.
package enum Version {
    package static let current = "0.16.0"
}
