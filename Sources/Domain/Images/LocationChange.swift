/// A change of an image's locations that a client asks for.
package enum LocationChange: Sendable {
    /// - Parameter at: a position, or `-` for the end.
    case add(NewLocation, at: String)
    /// Replaces the whole list.
    case replace([NewLocation])
    case remove(at: String)
}

/// A location in a client's request.
package struct NewLocation: Sendable {
    package let location: ImageLocation
    package let expected: ExpectedDigests?

    package init(_ location: ImageLocation, expecting expected: ExpectedDigests? = nil) {
        (self.location, self.expected) = (location, expected)
    }
}

/// Digests that a client expects the bytes of a location to have. Source: Images API v2, `validation_data`.
package struct ExpectedDigests: Sendable, Equatable {
    /// MD5 in hexadecimal.
    package var checksum: String?
    package var hash: ImageHash

    package init(checksum: String?, hash: ImageHash) { (self.checksum, self.hash) = (checksum, hash) }

    /// - Parameter algorithm: the algorithm that this site uses for images.
    /// - Throws: `.conflict`, the kind that Glance uses for all of these.
    package func check(_ algorithm: String) throws(Fault) {
        guard hash.algorithm == algorithm else {
            throw Fault(.conflict, "os_hash_algo must be \(algorithm), not \(hash.algorithm).")
        }
        do throws(Fault) {
            try hash.check()
            if let checksum { try ImageHash(algorithm: "md5", value: checksum).check() }
        } catch {
            throw Fault(.conflict, error.message)
        }
    }
}
