import Testing
import TestSupport

@Suite(.sharesServices) struct `Uploading image data` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test func `makes a queued image active`() throws {
        let image = try glance.hasImage()
        #expect(try glance.upload(Array("hello".utf8), to: image).status == 204)
        let record = try glance.image(image)
        #expect(record["status"]?.string == "active")
        #expect(record["size"]?.int == 5)
        #expect(record["checksum"]?.string == "5d41402abc4b2a76b9719d911017c592")
        #expect(record["os_hash_algo"]?.string == "sha512")
        #expect(record["os_hash_value"]?.string?.hasPrefix("9b71d224bd62f3785d96d46ad3ea3d73") == true)
        #expect(try glance.storedFiles().contains(image))
    }
}
