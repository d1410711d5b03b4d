import Foundation
import ObjectStores
import TestSupport

/// A service with a store of each kind on an engine, S3 and Swift behind what disturbs them.
struct EngineSite: Sendable {
    let glance: TestGlance
    let place: S3Place
    let proxy: S3Proxy
    let gate: SwiftGate
    let container: String
    let ceph: CephEngine

    static let stores = ["far", "cloud", "ceph"]

    /// A site of a suite; nil where Ceph is not to be had.
    static func start() throws -> EngineSite? {
        guard let ceph = try CephEngine.running(), let gate = try SwiftGate(), case .user(let user, let key) = try gate.login.identity
        else {
            return nil
        }
        let (place, container) = (try S3Place.first, SwiftEngine.freshContainer())
        let proxy = try S3Proxy(before: place.port)
        let glance = try TestGlance(
            [
                "DEFAULT": "enabled_backends = far:s3, cloud:swift, ceph:rbd", "glance_store": "default_backend = far",
                "far": "\(place.options.replacing(place.endpoint, with: proxy.url))\ns3_store_large_object_chunk_size = 5",
                "cloud": """
                swift_store_auth_address = \(gate.address)/auth/v1.0
                swift_store_auth_version = 1
                swift_store_user = \(user)
                swift_store_key = \(key)
                swift_store_container = \(container)
                swift_store_create_container_on_put = true
                """,
                "ceph": ceph.options,
            ], runsTasks: true, remotes: [("/_blobs/.remote/far", nil), ("/_blobs/.remote/cloud", nil)])
        return EngineSite(glance: glance, place: place, proxy: proxy, gate: gate, container: container, ceph: ceph)
    }

    /// What a store's engine has of an image. A tombstone of Swift stays for a day.
    func names(of image: String, in store: String) throws -> [String] {
        let names =
            switch store {
            case "far": try place.contents(with: image)
            case "cloud": try SwiftObjects(gate.login, container: container).names()
            default: try ceph.imageNames()
            }
        return names.filter { $0.contains(image) && !$0.hasPrefix("vitrine/discarded/") }
    }
}
