import Domain

extension Ask {
    /// Every route of both APIs that checks a policy rule.
    static let all = images + data + members + others + metadefs + v1

    private static let images: [Ask] = [
        .reads("GET", "/v2/images", [.getImages]), .reads("POST", "/v2/images", .nothing, 201, [.addImage], json: "{}"),
        .reads("POST", "/v2/images", .nothing, 201, [.addImage, .publicizeImage], json: #"{"visibility": "public"}"#),
        .reads("POST", "/v2/images", .nothing, 201, [.addImage, .communitizeImage], json: #"{"visibility": "community"}"#),
        .reads("GET", "/v2/images/{image}", .queued, [], hiding: [.getImage]),
        .patches("a name", .active, [.modifyImage], #"{"op": "replace", "path": "/name", "value": "new"}"#),
        .patches("a property", .active, [.modifyImage], #"{"op": "add", "path": "/p", "value": "new"}"#),
        .patches(
            "to be public", .active, [.modifyImage, .publicizeImage], #"{"op": "replace", "path": "/visibility", "value": "public"}"#),
        .patches(
            "to be community's", .queued, [.modifyImage, .communitizeImage],
            #"{"op": "replace", "path": "/visibility", "value": "community"}"#),
        .patches(
            "a location", .queued, [.setImageLocation],
            #"{"op": "add", "path": "/locations/-", "value": {"url": "{source}", "metadata": {}}}"#),
        .patches("no location", .inTwoStores, [.deleteImageLocation], #"{"op": "remove", "path": "/locations/1"}"#),
        .changes("DELETE", "/v2/images/{image}", .active, 204, [.deleteImage]),
        .changes("POST", "/v2/images/{image}/actions/deactivate", .active, 204, [.deactivate]),
        .changes("POST", "/v2/images/{image}/actions/reactivate", .deactivated, 204, [.reactivate]),
        .changes("PUT", "/v2/images/{image}/tags/new", .active, 204, [.modifyImage]),
        .changes("DELETE", "/v2/images/{image}/tags/t", .tagged, 204, [.modifyImage]),
    ]

    private static let data: [Ask] = [
        .changes("PUT", "/v2/images/{image}/file", .queued, 204, [.uploadImage], data: "hello"),
        .reads("GET", "/v2/images/{image}/file", .active, [.downloadImage]),
        .reads("GET", "/v2/images/{image}/file?prefer=a", .active, [.downloadImage, .downloadFromStore]),
        .changes("PUT", "/v2/images/{image}/stage", .queued, 204, [.modifyImage], data: "hello"),
        .changes(
            "POST", "/v2/images/{image}/import", "what is staged", .staged, 202, [.modifyImage],
            json: #"{"method": {"name": "glance-direct"}}"#),
        .changes(
            "POST", "/v2/images/{image}/import", "from the web", .queued, 202, [.modifyImage],
            json: #"{"method": {"name": "web-download", "uri": "{source}"}}"#),
        .changes(
            "POST", "/v2/images/{image}/import", "a copy", .active, 202, [.copyImage],
            json: #"{"method": {"name": "copy-image"}, "stores": ["b"]}"#),
        .reads("GET", "/v2/images/{image}/locations", .active, [.fetchImageLocation]),
        .reads("GET", "/v2/images/{image}/usage", .active, [.getImageUsage], hiding: [.getImage]),
        .changes("POST", "/v2/images/{image}/locations", .queued, 202, [.addImageLocation], json: #"{"url": "{source}"}"#),
        .changes("DELETE", "/v2/stores/b/{image}", .inTwoStores, 204, [.getImageLocation, .deleteImageLocation]),
    ]

    private static let members: [Ask] = [
        .reads("GET", "/v2/images/{image}/members", .queued, [.getMembers], hiding: [.getImage]),
        .changes("POST", "/v2/images/{image}/members", .queued, 200, [.addMember], hiding: [.getImage], json: #"{"member": "dock"}"#),
        .reads("GET", "/v2/images/{image}/members/bolt", .queued, [], hiding: [.getImage, .getMember]),
        .reads(
            "PUT", "/v2/images/{image}/members/bolt", .queued, [.getMember, .modifyMember], hiding: [.getImage],
            json: #"{"status": "accepted"}"#),
        .changes("DELETE", "/v2/images/{image}/members/bolt", .queued, 204, [.getMember, .deleteMember], hiding: [.getImage]),
    ]

    private static let others: [Ask] = [
        .reads("GET", "/v2/schemas/image", []), .reads("GET", "/v2/info/import", []), .reads("GET", "/v2/info/stores", []),
        .reads("GET", "/v2/info/stores/detail", [.storesInfoDetail]), .reads("GET", "/v2/tasks", [.tasksAPIAccess]),
        .reads("GET", "/v2/tasks/none", .nothing, 404, [.tasksAPIAccess]),
        .reads("DELETE", "/v2/tasks/none", .nothing, 405, [.tasksAPIAccess]),
        .reads("GET", "/v2/images/{image}/tasks", .queued, [], hiding: [.getImage]),
        .reads(
            "POST", "/v2/tasks", .nothing, 201, [.tasksAPIAccess, .addImage],
            json: #"{"type": "import", "input": {"import_from": "{source}", "import_from_format": "raw", "image_properties": {}}}"#),
        .reads("GET", "/v2/cache", [.cacheList]), .reads("DELETE", "/v2/cache", .nothing, 204, [.cacheDelete]),
        .reads("POST", "/v2/cache/clean", [.cacheClean]), .reads("POST", "/v2/cache/prune", [.cachePrune]),
        .reads("PUT", "/v2/cache/{image}", .active, 202, [.cacheImage]),
        .reads("DELETE", "/v2/cache/{image}", .active, 204, [.cacheDelete]),
        .reads("GET", "/v2/cache/nodes/{image}", .active, [.listCachedNodes]),
        .reads("GET", "/v2/cached_images", [.manageImageCache]), .reads("DELETE", "/v2/cached_images", [.manageImageCache]),
        .reads("DELETE", "/v2/cached_images/{image}", .active, [.manageImageCache]),
        .reads("GET", "/v2/queued_images", [.manageImageCache]), .reads("DELETE", "/v2/queued_images", [.manageImageCache]),
        .reads("PUT", "/v2/queued_images/{image}", .active, [.manageImageCache]),
        .reads("DELETE", "/v2/queued_images/{image}", .active, [.manageImageCache]),
    ]

    private static let metadefs: [Ask] = [
        .reads("GET", "/v2/metadefs/namespaces", [.getMetadefNamespaces, .listMetadefResourceTypes]),
        .reads("GET", "/v2/metadefs/resource_types", [.listMetadefResourceTypes]),
        .reads("POST", "/v2/metadefs/namespaces", .nothing, 201, [.addMetadefNamespace], json: #"{"namespace": "{new}"}"#),
        .reads(
            "POST", "/v2/metadefs/namespaces", .nothing, 201,
            [.addMetadefNamespace, .addMetadefObject, .addMetadefProperty, .addMetadefTag, .addMetadefResourceType],
            json: #"""
                {"namespace": "{new}", "tags": [{"name": "one"}], "resource_type_associations": [{"name": "Asked"}],
                 "properties": {"size": {"title": "Size", "type": "integer"}}, "objects": [{"name": "Limits"}]}
                """#),
        .reads(
            "GET", "/v2/metadefs/namespaces/{namespace}", .namespace,
            [.listMetadefResourceTypes, .getMetadefObjects, .getMetadefProperties, .getMetadefTags], hiding: [.getMetadefNamespace]),
        .inNamespace("PUT", "", 200, [.modifyMetadefNamespace], #"{"namespace": "{namespace}", "owner": "acme", "display_name": "new"}"#),
        .inNamespace("DELETE", "", 204, [.deleteMetadefNamespace]), .inNamespace("GET", "/objects", 200, [.getMetadefObjects]),
        .inNamespace("POST", "/objects", 201, [.addMetadefObject], #"{"name": "new"}"#),
        .inNamespace("GET", "/objects/Limits", 200, [.getMetadefObject]),
        .inNamespace("PUT", "/objects/Limits", 200, [.modifyMetadefObject], #"{"name": "Limits"}"#),
        .inNamespace("DELETE", "/objects/Limits", 204, [.deleteMetadefObject]),
        .inNamespace("DELETE", "/objects", 204, [.deleteMetadefNamespace]),
        .inNamespace("GET", "/properties", 200, [.getMetadefProperties]),
        .inNamespace("POST", "/properties", 201, [.addMetadefProperty], #"{"name": "new", "type": "string", "title": "t"}"#),
        .inNamespace("GET", "/properties/size", 200, [.getMetadefProperty]),
        .inNamespace("GET", "/properties/t:size?resource_type=Asked", 200, [.getMetadefProperty, .getMetadefResourceType]),
        .inNamespace("PUT", "/properties/size", 200, [.modifyMetadefProperty], #"{"name": "size", "type": "string", "title": "t"}"#),
        .inNamespace("DELETE", "/properties/size", 204, [.removeMetadefProperty]),
        .inNamespace("DELETE", "/properties", 204, [.deleteMetadefNamespace]),
        .inNamespace("GET", "/resource_types", 200, [.listMetadefResourceTypes]),
        .inNamespace("POST", "/resource_types", 201, [.addMetadefResourceType], #"{"name": "Asked::New"}"#),
        .inNamespace("DELETE", "/resource_types/Asked", 204, [.removeMetadefResourceType]),
        .inNamespace("GET", "/tags", 200, [.getMetadefTags]),
        .inNamespace("POST", "/tags", 201, [.addMetadefTags], #"{"tags": [{"name": "new"}]}"#),
        .inNamespace("POST", "/tags/new", 201, [.addMetadefTag]), .inNamespace("GET", "/tags/one", 200, [.getMetadefTag]),
        .inNamespace("PUT", "/tags/one", 200, [.modifyMetadefTag], #"{"name": "one"}"#),
        .inNamespace("DELETE", "/tags/one", 204, [.deleteMetadefTag]),
        .inNamespace("DELETE", "/tags", 204, [.deleteMetadefNamespace, .deleteMetadefTags]),
    ]

    private static func inNamespace(_ method: String, _ path: String, _ done: Int, _ rules: [PolicyRule], _ json: String? = nil) -> Ask {
        .reads(method, "/v2/metadefs/namespaces/{namespace}\(path)", .namespace, done, rules, json: json)
    }

    private static let formats = ["x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare"]
    private static let location = ["x-image-meta-location": "{source}"].merging(formats) { $1 }
    private static let copy = ["x-glance-api-copy-from": "{source}"].merging(formats) { $1 }

    private static let v1: [Ask] = [
        .reads("GET", "/v1/images", [.getImages]), .reads("GET", "/v1/images/detail", [.getImages]),
        .reads("POST", "/v1/images", .nothing, 201, [.addImage]),
        .reads("POST", "/v1/images", .nothing, 201, [.addImage, .publicizeImage], ["x-image-meta-is_public": "True"]),
        .reads(
            "POST", "/v1/images", .nothing, 201, [.addImage, .uploadImage],
            formats.merging(["Content-Type": "application/octet-stream"]) { $1 },
            json: "hello"),
        .reads("POST", "/v1/images", .nothing, 201, [.addImage, .setImageLocation], location),
        .reads("POST", "/v1/images", .nothing, 201, [.addImage, .copyFrom, .uploadImage], copy),
        .reads("HEAD", "/v1/images/{image}", .active, [], hiding: [.getImage]),
        .reads("GET", "/v1/images/{image}", .active, [.downloadImage], hiding: [.getImage]),
        .changes(
            "PUT", "/v1/images/{image}", "a name", .active, 200, [.modifyImage], hiding: [.getImage], ["x-image-meta-name": "new"]),
        .changes(
            "PUT", "/v1/images/{image}", "to be public", .active, 200, [.modifyImage, .publicizeImage], hiding: [.getImage],
            ["x-image-meta-is_public": "True"]),
        .changes(
            "PUT", "/v1/images/{image}", "data", .queued, 200, [.modifyImage, .uploadImage], hiding: [.getImage], data: "hello"),
        .changes(
            "PUT", "/v1/images/{image}", "a location", .queued, 200, [.modifyImage, .setImageLocation], hiding: [.getImage], location),
        .changes(
            "PUT", "/v1/images/{image}", "a copy", .queued, 200, [.modifyImage, .copyFrom, .uploadImage], hiding: [.getImage], copy),
        .changes("DELETE", "/v1/images/{image}", .active, 200, [.deleteImage]),
        .reads("GET", "/v1/images/{image}/members", .queued, [.getMembers], hiding: [.getImage]),
        .changes(
            "PUT", "/v1/images/{image}/members", .queued, 204, [.addMember, .modifyMember, .deleteMember], hiding: [.getImage],
            json: #"{"memberships": [{"member_id": "dock"}]}"#),
        .changes("PUT", "/v1/images/{image}/members/dock", .queued, 204, [.addMember, .modifyMember], hiding: [.getImage]),
        .changes("DELETE", "/v1/images/{image}/members/bolt", .queued, 204, [.deleteMember], hiding: [.getImage]),
        .reads("GET", "/v1/shared-images/bolt", [.getMembers]),
    ]
}
