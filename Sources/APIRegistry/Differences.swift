package import APICommon

// What is other than in Glance 16 (Queens), the last release with a registry, on purpose. `docs/api.md` is written from it.

extension RegistryHandlers {
    package static let differences = [
        Difference(
            what: "A request carries `[vitrine] registry_secret`, without which it is 401.",
            because: "Glance's registry believes everybody who reaches its port."),
        Difference(
            "PUT /images/{image}", what: "A change comes with `If-Match` and is 412 where the record is another by now.",
            because: "Of two changes at once none is lost."),
        Difference(
            "GET /images", what: "A method that a path does not have is 405 with `Allow`.", because: "Glance answers 404."),
    ]
}
