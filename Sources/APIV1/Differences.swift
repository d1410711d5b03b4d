package import APICommon

// What is other than in Glance 16 (Queens), the last release with V1, on purpose. `docs/api.md` is written from it.

extension V1ImagesHandlers {
    package static let differences = [
        Difference(
            "POST /v1/images",
            what: "A wrong `Content-Type`, missing formats or a size that cannot be right are refused before there is an image.",
            because: "Glance leaves a killed or queued image behind."),
        Difference(
            "POST /v1/images", "PUT /v1/images/{image}",
            what: "What `x-glance-api-copy-from` and `x-image-meta-location` name is filtered as an import's address is.",
            because: "Glance can be used to look at inner networks."),
        Difference(
            "PUT /v1/images/{image}", what: "Size, checksum and formats of an image that has its data are 403, for administrators too.",
            because: "The service found them out of the data."),
        Difference(
            "POST /v1/images", "PUT /v1/images/{image}", "DELETE /v1/images/{image}",
            what: "Every rule of `policy.yaml` that V2 asks is asked.",
            because: "What V2 forbids must not be open by V1."),
    ]
}

extension V1MembersHandlers {
    package static let differences = [
        Difference(
            "PUT /v1/images/{image}/members/{member}",
            what: "A project that was removed and is added again is a member, also without a body.",
            because: "Glance answers 204 and changes nothing.")
    ]
}
