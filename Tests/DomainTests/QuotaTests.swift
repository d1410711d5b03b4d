import Domain
import Testing

@Suite struct `What a project claims` {
    private func claim(_ limits: ProjectLimits, images: Int64 = 0, bytes: Int64? = 0) -> QuotaClaim {
        QuotaClaim(project: "acme", limits: limits, images: images, bytes: bytes)
    }

    @Test(arguments: [
        (0, 10, true), (3, 7, true), (3, 8, false), (10, 0, true), (11, 0, false), (Int64.max, 1, false), (0, Int64.max, false),
    ])
    func `fits as far as its bytes do`(_ used: Int64, _ asked: Int64, _ fits: Bool) {
        let claim = claim(ProjectLimits(imageSizeTotal: 10), bytes: asked)
        if fits { #expect(throws: Never.self) { try claim.check(bytesBeside: used) } }
        if !fits { #expect(throws: Fault.self) { try claim.check(bytesBeside: used) } }
    }

    @Test func `fits while the limit is not passed when nobody knows how much it is`() throws {
        let claim = claim(ProjectLimits(imageSizeTotal: 10), bytes: nil)
        try claim.check(bytesBeside: 10)
        #expect(claim.remaining(beside: 10) == 0)
        #expect(throws: Fault.self) { try claim.check(bytesBeside: 11) }
    }

    @Test func `always fits where there is no limit`() throws {
        let claim = claim(.none, images: .max, bytes: .max)
        try claim.check(bytesBeside: .max)
        try claim.check(imagesBeside: .max)
        try claim.check(uploading: .max)
        #expect(claim.remaining(beside: .max) == nil)
    }

    /// As in Glance, the one that is about to begin is counted.
    @Test func `of an upload fits as long as they are no more than the limit`() throws {
        let claim = claim(ProjectLimits(imageCountUploading: 1))
        try claim.check(uploading: 1)
        #expect(throws: Fault.self) { try claim.check(uploading: 2) }
    }

    @Test func `is refused with what is used, what may be, and what was asked`() {
        let claim = claim(ProjectLimits(imageSizeTotal: 1000), bytes: 300)
        let fault = #expect(throws: Fault.self) { try claim.check(bytesBeside: 701) }
        #expect(fault?.kind == .tooLarge)
        for word in ["image_size_total", "701 bytes", "1000", "300"] { #expect(fault?.message.contains(word) == true) }
    }
}
