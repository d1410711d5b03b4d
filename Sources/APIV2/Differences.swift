package import APICommon

// What is other than in Glance on purpose, group by group. `docs/api.md` is written from it.

extension ImagesHandlers {
    package static let differences = [
        Difference(
            "GET /v2/images", what: "`next` and `first` keep every filter, a repeated `tag` too.",
            because: "Glance keeps the last value of a name alone, so the second page shows images that the first would not."),
        Difference(
            "GET /v2/images",
            what: "`next` comes from what was read, not from what is shown, and a page of large records may end early, with `next`.",
            because: "A rule that hides every image of a page must not end the list, and a page must not need gigabytes of memory."),
        Difference(
            "GET /v2/images",
            what: "`properties=`, `members=` and `locations=` filter by a property of that name, and an unknown `…_min` is 400.",
            because: "Glance answers 500."),
        Difference(
            "PATCH /v2/images/{image}", what: "Of changes that come at the same time none is lost.",
            because: "Glance reads the record, changes it and writes all of it back, so the later of two changes removes the earlier."),
        Difference(
            "PATCH /v2/images/{image}", "POST /v2/images",
            what: "A name of a property past 255 characters, or a value past 64 KiB, is 400, and every property name is only a name.",
            because: "Glance answers 500, and takes `extra_properties`, `member` or `delete` for parts of its own object."),
        Difference(
            "PATCH /v2/images/{image}",
            what:
                "Digests named for a location are compared with the bytes, which are read once; what does not match is 409 (`[vitrine] verify_locations`).",
            because: "Glance stores them unseen, and a wrong location is then found when somebody boots from it."),
        Difference(
            "PATCH /v2/images/{image}", what: "A second location of an image that has no digest is 409.",
            because: "Nothing would say that both have the same bytes."),
        Difference(
            "PATCH /v2/images/{image}",
            what: "The properties of a signature of an image that has its data can be removed together, and not changed (409).",
            because: "Glance takes a signature that nobody ever checked."),
        Difference(
            "PATCH /v2/images/{image}", "DELETE /v2/images/{image}", "PUT /v2/images/{image}/tags/{tag}",
            what: "The owner's project and administrators alone change an image, whatever `policy.yaml` says.",
            because: "Files that were carried over (`\"modify_image\": \"\"`) come from releases that checked the owner in other code."),
        Difference(
            "PUT /v2/images/{image}/tags/{tag}", "DELETE /v2/images/{image}/tags/{tag}",
            what: "Tags that differ only in case are two tags.", because: "Glance answers 500 when one of them is removed."),
    ]
}

extension DataHandlers {
    package static let differences = [
        Difference(
            "PUT /v2/images/{image}/file", what: "The data are on the disk (fsync of file and folder) before the image is active.",
            because: "After a power cut Glance may have an active image with an empty file."),
        Difference(
            "PUT /v2/images/{image}/file",
            what: "An upload that was cut, refused or whose worker died leaves nothing behind and can be repeated.",
            because: "At Glance the image stays in status saving, and data that were refused (415) stay readable."),
        Difference(
            "PUT /v2/images/{image}/file",
            what: "An upload that comes too slowly is ended (408), and one whose image is deleted within seconds (410).",
            because: "A slow client would hold a thread and a part of the quota for as long as it likes."),
        Difference(
            "PUT /v2/images/{image}/file", what: "A quota counts the bytes of uploads that run, in the transaction that takes them.",
            because: "Glance compares the announced size, before the upload, so that many at once pass the limit."),
        Difference(
            "PUT /v2/images/{image}/file",
            what: "Data that fail the check of their format are removed, and the answer names format, check and byte.",
            because: "Whoever sent the wrong file should see why."),
        Difference(
            "GET /v2/images/{image}/file", what: "Answers have a strong `ETag` and `Accept-Ranges`, and conditions are kept.",
            because: "A download that broke off can go on."),
        Difference(
            "GET /v2/images/{image}/file",
            what:
                "With `[vitrine] redirect_downloads`, a request with `X-Vitrine-Redirect: 307` is answered by 307 and a signed URL of the S3 server that has the data.",
            because: "A client near the server needs nobody between them."),
        Difference(
            "GET /v2/images/{image}/file", what: "Data that cannot be found in a folder that is not the store's are 503, not 204.",
            because: "A disk that is not mounted is no empty image."),
        Difference(
            "GET /v2/images/{image}/file", what: "A `Content-Range` of a request that names a size and ends behind the data is 416.",
            because: "Glance announces a wrong length."),
    ]
}

extension MembersHandlers {
    package static let differences = [
        Difference(
            "POST /v2/images/{image}/members", what: "A member's name past 255 characters is 400.", because: "Glance answers 500.")
    ]
}

extension StoresHandlers {
    package static let differences = [
        Difference(
            "GET /v2/info/stores", what: "Stores of types other than `file` and `http` are named and have no data (503).",
            because: "They are not there yet.")
    ]
}

extension ImportsHandlers {
    package static let differences = [
        Difference(
            "POST /v2/images/{image}/import", what: "An import whose process dies goes on in another process, or is undone.",
            because: "At Glance the image stays in status importing, and its data in the store."),
        Difference(
            "POST /v2/images/{image}/import",
            what: "The reason of a failed import stands in its task and in the image's `os_glance_import_error`; the task counts bytes.",
            because: "Owners cannot read the service's log."),
        Difference(
            "POST /v2/images/{image}/import",
            what: "`validation_data` in the method names the digest that a download must have.",
            because: "Whoever knows it need not compare it afterwards."),
        Difference(
            "POST /v2/images/{image}/import",
            what:
                "What is fetched by URL never comes from a private address that is not listed; each redirect and the address of the connection are checked.",
            because: "The filter of names alone lets a client read the cloud's inner services."),
        Difference(
            "POST /v2/images/{image}/import", what: "The header `X-Image-Meta-Store` and `stores` may both name the same one store.",
            because: "openstacksdk sends both, which Glance refuses."),
        Difference(
            "POST /v2/images/{image}/import", what: "A `method` that is no object is 400.", because: "Glance answers 500."),
        Difference(
            "POST /v2/images/{image}/import", "PUT /v2/images/{image}/file",
            what: "`os_glance_staging_store` and `os_glance_tasks_store` are unknown to clients: 409 for an import, 400 for an upload.",
            because: "Data would lie where neither quota nor sweeper looks."),
        Difference(
            "PUT /v2/images/{image}/stage",
            what: "What a quota refuses to import stays staged, and staged data are removed when their upload broke off.",
            because: "A client need not send them again."),
    ]
}

extension LocationsHandlers {
    package static let differences = [
        Difference(
            "POST /v2/images/{image}/locations", what: "A location whose bytes are not those that `validation_data` names does not stay.",
            because: "Glance keeps it at the queued image."),
        Difference(
            "POST /v2/images/{image}/locations",
            what:
                "A service may name `rbd://` and `cinder://` alone, unless `[vitrine] service_location_schemes` says more, and no data of another image.",
            because: "Glance lets it name any object of any store."),
    ]
}

extension CacheHandlers {
    package static let differences = [
        Difference(
            "PUT /v2/cache/{image}", what: "An image is sent from the cache only once its digests are right.",
            because: "A cut or damaged copy must not reach anybody."),
        Difference(
            "GET /v2/cache",
            what:
                "Records are in the database for every `image_cache_driver`; the driver says only whether nodes tell each other what they have.",
            because: "One way of keeping them is enough, and it needs no file that processes share."),
    ]
}

extension NamespacesHandlers {
    package static let differences = [
        Difference(
            "GET /v2/metadefs/namespaces", what: "A `limit` that is no integer, or an unknown `sort_key`, is 400.",
            because: "Glance answers 500."),
        Difference(
            "POST /v2/metadefs/namespaces", what: "A namespace comes into being with all that the body has, or not at all.",
            because: "Glance makes the parts one after the other, and takes the namespace back when one fails."),
    ]
}

extension MetadefPropertiesHandlers {
    package static let differences = [
        Difference(
            "GET /v2/metadefs/namespaces/{namespace}/properties/{property}", what: "Unknown words of the query are ignored.",
            because: "Glance answers 500.")
    ]
}

extension MetadefTagsHandlers {
    package static let differences = [
        Difference(
            "POST /v2/metadefs/namespaces/{namespace}/tags", what: "A body without `tags` is 400.", because: "Glance answers 500.")
    ]
}
