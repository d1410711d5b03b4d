import Cryptography
import Domain
import Foundation
import TestSupport

/// What has become of an image.
enum Outcome: Hashable {
    case gone, queued, killed, staged, pendingDelete
    /// Its bytes lie in these stores.
    case active(Set<String>)
    case other(String)
}

extension UseCase {
    static func isData(_ bytes: [UInt8]) -> Bool { bytes == data || bytes == longData }

    static let digest = ImageHash(algorithm: "sha512", value: sha512(data))

    static func sha512(_ bytes: [UInt8]) -> String {
        let digest = Digest("sha512")!
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }
}

extension InProcessService {
    func outcome(of id: ImageID) throws -> Outcome {
        let image: Image
        do throws(Fault) {
            image = try sound.catalog.locatedImage(id, visibleTo: .service)
        } catch {
            guard error.kind == .notFound else { throw error }
            let recorded = try rows("SELECT status FROM images WHERE id = '\(id)'").first?[0]
            return recorded == "pending_delete" ? .pendingDelete : .gone
        }
        switch image.status {
        case .queued: return .queued
        case .killed: return .killed
        case .uploading: return .staged
        case .active: return .active(Set(image.locations.map { sound.service.stores.store(of: $0) ?? $0.url }))
        default: return .other(image.status.rawValue)
        }
    }

    /// What must never be, once nothing is under way.
    func problems() throws -> [String] {
        var problems = try openWork()
        var located: Set<String> = []
        let images = try rows("SELECT id, status, size, os_hash_value, deleted FROM images", columns: 5)
        for image in images {
            let (id, status) = (image[0]!, image[1]!)
            let locations = try rows(
                "SELECT value FROM image_locations WHERE image_id = '\(id)' AND (deleted = 0 OR status = 'pending_delete')"
            ).map { $0[0]! }
            guard image[4] == "0" || status == "pending_delete" else { continue }
            if status == "active", locations.isEmpty { problems.append("the image is active without a location") }
            if ["queued", "killed", "uploading"].contains(status), !locations.isEmpty {
                problems.append("the image is \(status) and has locations: \(locations)")
            }
            if ["saving", "importing"].contains(status) { problems.append("the image is \(status), and nobody will end that") }
            if status == "uploading", contents("staging/\(id)") == nil { problems.append("the image is uploading, and nothing is staged") }
            for location in locations {
                let path = location.hasPrefix("file://\(folder)/") ? String(location.dropFirst("file://\(folder)/".count)) : nil
                if let path, !located.insert(path).inserted { problems.append("\(path) is the image's twice") }
                guard let bytes = path.map({ contents($0) }) ?? UseCase.data else {
                    problems.append("the image is \(status), and there are no bytes at \(location)")
                    continue
                }
                if String(bytes.count) != image[2] || UseCase.sha512(bytes) != image[3] || !UseCase.isData(bytes) {
                    problems.append("the image is \(status), and other bytes than its own are at \(location)")
                }
            }
        }
        for store in stores {
            for file in try files(in: store) where !located.contains("\(store)/\(file)") {
                problems.append("bytes without a row: \(store)/\(file)")
            }
        }
        let staged = Set(images.filter { $0[1] == "uploading" && $0[4] == "0" }.map { $0[0]! })
        for file in try files(in: "staging") where !staged.contains(file) { problems.append("staged bytes for nobody: \(file)") }
        problems += try rows("SELECT CONCAT('a task is ', status) FROM tasks WHERE status NOT IN ('success', 'failure')").map { $0[0]! }
        problems += try rows(
            """
            SELECT CONCAT('the image has ', p.name, ' = ', p.value) FROM image_properties p JOIN images i ON i.id = p.image_id
             WHERE i.deleted = 0 AND p.deleted = 0
               AND (p.name = 'os_glance_import_task' OR p.name = 'os_glance_importing_to_stores' AND p.value <> '')
            """
        ).map { $0[0]! }
        return problems
    }

    private func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: "\(folder)/\(path)").map { Array($0) } }
}
