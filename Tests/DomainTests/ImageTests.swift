import Domain
import Testing

@Suite struct `An image's id` {
    @Test func `is a UUID of version 4 when it is made here`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let id = ImageID.random(using: &random)
            #expect(id.isUUID)
            let letters = Array(id.text)
            #expect(letters[14] == "4" && "89ab".contains(letters[19]))
        }
    }

    @Test(arguments: [
        "", "x", "../../etc/passwd", "11111111-2222-3333-4444-55555555555", "11111111-2222-3333-4444-5555555555555",
        "11111111222233334444555555555555",
        "1111111g-2222-3333-4444-555555555555", "11111111-2222-3333-4444-55555555555/", "１1111111-2222-3333-4444-555555555555",
    ])
    func `may be no other text where it becomes a path`(_ text: String) {
        #expect(!ImageID(text).isUUID)
    }

    @Test func `may be written in capitals`() {
        #expect(ImageID("ABCDEF12-ABCD-ABCD-ABCD-ABCDEF123456").isUUID)
    }
}

@Suite struct `Visibility of an image` {
    static let cases: [(Visibility, String?, isMember: Bool, toOwner: Bool, toOther: Bool)] = [
        (.private, "acme", false, true, false), (.private, "acme", true, true, false), (.shared, "acme", false, true, false),
        (.shared, "acme", true, true, true), (.public, "acme", false, true, true), (.community, "acme", false, true, true),
        (.private, nil, false, true, true),
    ]

    @Test(arguments: cases) func `is by owner, kind and membership`(
        _ visibility: Visibility, _ owner: String?, _ isMember: Bool, _ toOwner: Bool, _ toOther: Bool
    ) {
        let moment = Timestamp(year: 2026, month: 1, day: 1)
        let image = Image(id: ImageID("x"), status: .active, visibility: visibility, owner: owner, createdAt: moment, updatedAt: moment)
        #expect(image.isVisible(to: Caller(user: "a", project: "acme", roles: [], isAdmin: false), isMember: isMember) == toOwner)
        #expect(image.isVisible(to: Caller(user: "b", project: "bolt", roles: [], isAdmin: false), isMember: isMember) == toOther)
        #expect(image.isVisible(to: Caller(user: "r", project: "cloud", roles: [], isAdmin: true), isMember: isMember))
    }
}

@Suite struct `Limits of an image` {
    @Test func `let up to the maximum pass`() throws {
        var limits = ImageLimits()
        limits.properties = 2
        limits.tags = 1
        limits.size = 10
        try limits.check(properties: [ImageProperty("a", ""), ImageProperty("b", ""), ImageProperty("os_glance_x", "")])
        #expect(throws: Fault.self) { try limits.check(properties: "abc".map { ImageProperty(String($0), "") }) }
        try limits.check(tags: ["a"])
        #expect(throws: Fault.self) { try limits.check(tags: ["a", "b"]) }
        try limits.check(size: 10)
        #expect(throws: Fault.self) { try limits.check(size: 11) }
        (limits.properties, limits.tags) = (nil, nil)
        try limits.check(properties: (0..<1000).map { ImageProperty("\($0)", "") })
        try limits.check(tags: (0..<1000).map(String.init))
    }

    @Test func `end an upload that drips, within a minute`() throws {
        var limits = ImageLimits()
        limits.uploadRate = 100
        try limits.check(received: 0, in: 54)
        try limits.check(received: 5500, in: 55)
        #expect(throws: Fault.self) { try limits.check(received: 5499, in: 55) }
        limits.uploadRate = nil
        try limits.check(received: 1, in: 1e6)
    }
}
