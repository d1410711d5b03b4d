import ObjectStores
import TestSupport
import Testing

/// A server of the tests that speaks Swift.
struct SwiftPlace: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let login: SwiftLogin
    /// A user without rights in that account; nil where there is none.
    var stranger: SwiftLogin?

    /// The servers that are to be had here: Ceph's gateway, and OpenStack's own.
    static let all: [SwiftPlace] = {
        var places: [SwiftPlace] = []
        do {
            if let login = try SwiftEngine.login() { places.append(SwiftPlace(testDescription: "RGW", login: login)) }
            if let engine = try OpenStackSwift.running() {
                places.append(
                    SwiftPlace(
                        testDescription: "OpenStack Swift", login: try engine.login(engine.user),
                        stranger: try engine.login(engine.stranger)))
            }
        } catch {
            print("no Swift: \(error)")
        }
        return places
    }()
}

extension OpenStackSwift {
    func login(_ user: (name: String, key: String)) throws -> SwiftLogin {
        try SwiftLogin(address: authURL, version: .v1, identity: .user(user.name, key: user.key))
    }
}
