/// The rules that this service asks, by their names in `policy.yaml`.
package enum PolicyRule: String, Sendable, CaseIterable {
    case contextIsAdmin = "context_is_admin"
    case addImage = "add_image"
    case getImages = "get_images"
    case getImage = "get_image"
    case modifyImage = "modify_image"
    case deleteImage = "delete_image"
    case publicizeImage = "publicize_image"
    case communitizeImage = "communitize_image"
    case uploadImage = "upload_image"
    case downloadImage = "download_image"
    /// Choosing the store that an image is downloaded from.
    case downloadFromStore = "download_from_store"
    case getImageLocation = "get_image_location"
    /// Locations in a change of an image's record.
    case setImageLocation = "set_image_location"
    case deleteImageLocation = "delete_image_location"
    case addImageLocation = "add_image_location"
    case fetchImageLocation = "fetch_image_location"
    /// Reading the downloads of an image; Glance has no such rule.
    case getImageUsage = "get_image_usage"
    case addMember = "add_member"
    case deleteMember = "delete_member"
    case getMember = "get_member"
    case getMembers = "get_members"
    case modifyMember = "modify_member"
    /// Fetching an image from a URL through V1.
    case copyFrom = "copy_from"
    case deactivate
    case reactivate
    /// An import that copies the bytes of an image from one store into others.
    case copyImage = "copy_image"
    case storesInfoDetail = "stores_info_detail"
    case tasksAPIAccess = "tasks_api_access"

    /// The cache API, and the older one beside it.
    case cacheImage = "cache_image"
    case cacheList = "cache_list"
    case cacheDelete = "cache_delete"
    case cacheClean = "cache_clean"
    case cachePrune = "cache_prune"
    case listCachedNodes = "list_cached_nodes"
    case manageImageCache = "manage_image_cache"

    case getMetadefNamespaces = "get_metadef_namespaces"
    case getMetadefNamespace = "get_metadef_namespace"
    case addMetadefNamespace = "add_metadef_namespace"
    case modifyMetadefNamespace = "modify_metadef_namespace"
    case deleteMetadefNamespace = "delete_metadef_namespace"
    case getMetadefObjects = "get_metadef_objects"
    case getMetadefObject = "get_metadef_object"
    case addMetadefObject = "add_metadef_object"
    case modifyMetadefObject = "modify_metadef_object"
    case deleteMetadefObject = "delete_metadef_object"
    case getMetadefProperties = "get_metadef_properties"
    case getMetadefProperty = "get_metadef_property"
    case addMetadefProperty = "add_metadef_property"
    case modifyMetadefProperty = "modify_metadef_property"
    case removeMetadefProperty = "remove_metadef_property"
    case listMetadefResourceTypes = "list_metadef_resource_types"
    case getMetadefResourceType = "get_metadef_resource_type"
    case addMetadefResourceType = "add_metadef_resource_type_association"
    case removeMetadefResourceType = "remove_metadef_resource_type_association"
    case getMetadefTags = "get_metadef_tags"
    case getMetadefTag = "get_metadef_tag"
    case addMetadefTag = "add_metadef_tag"
    case addMetadefTags = "add_metadef_tags"
    case modifyMetadefTag = "modify_metadef_tag"
    case deleteMetadefTag = "delete_metadef_tag"
    case deleteMetadefTags = "delete_metadef_tags"
}

extension PolicyRule {
    /// The subject of a rule.
    enum Subject {
        /// A change of something that has an owner, an image or a namespace.
        case change
        /// Reading, creating, or something that touches no record of a project.
        case other
    }

    var subject: Subject {
        switch self {
        case .modifyImage, .deleteImage, .publicizeImage, .communitizeImage, .uploadImage, .copyFrom, .copyImage, .setImageLocation,
            .deleteImageLocation, .addImageLocation, .addMember, .deleteMember, .deactivate, .reactivate:
            .change
        case .modifyMetadefNamespace, .deleteMetadefNamespace, .addMetadefObject, .modifyMetadefObject, .deleteMetadefObject,
            .addMetadefProperty, .modifyMetadefProperty, .removeMetadefProperty, .addMetadefResourceType, .removeMetadefResourceType,
            .addMetadefTag, .addMetadefTags, .modifyMetadefTag, .deleteMetadefTag, .deleteMetadefTags:
            .change
        // The owner of a new image or namespace is checked at its creation; a membership belongs to its member.
        case .addImage, .addMetadefNamespace, .modifyMember: .other
        case .contextIsAdmin, .getImages, .getImage, .downloadImage, .downloadFromStore, .getImageLocation, .fetchImageLocation,
            .getImageUsage, .getMember, .getMembers, .storesInfoDetail, .tasksAPIAccess:
            .other
        case .cacheImage, .cacheList, .cacheDelete, .cacheClean, .cachePrune, .listCachedNodes, .manageImageCache: .other
        case .getMetadefNamespaces, .getMetadefNamespace, .getMetadefObjects, .getMetadefObject, .getMetadefProperties,
            .getMetadefProperty, .listMetadefResourceTypes, .getMetadefResourceType, .getMetadefTags, .getMetadefTag:
            .other
        }
    }

    /// The rules that hold where no file replaces them: the defaults of current Glance, and of rules that it does not have.
    // swift-format-ignore
    package static let defaults: [String: String] = {
        let admin = "rule:context_is_admin"
        let owner = "project_id:%(project_id)s"
        let member = "project_id:%(member_id)s"
        let viewer = "\(owner) or \(member) or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s"
        let changes = "\(admin) or (role:member and \(owner))"
        let downloads = "\(admin) or (role:member and (\(viewer)))"
        let service = "rule:service_api"
        let curator = "rule:metadef_admin"
        let readsMetadefs = "\(admin) or (role:reader and (\(owner) or 'public':%(visibility)s))"
        let rules: [PolicyRule: String] = [
            .contextIsAdmin:   "role:admin",
            .addImage:         "\(admin) or (role:member and \(owner) and project_id:%(owner)s)",
            .getImages:        "\(admin) or (role:reader and \(owner))",
            .getImage:         "\(admin) or (role:reader and (\(viewer)))",
            .modifyImage:      changes,
            .deleteImage:      changes,
            .publicizeImage:   admin,
            .communitizeImage: changes,
            .uploadImage:      changes,
            .copyFrom:         changes,
            .downloadImage:    downloads,
            .downloadFromStore: downloads,
            .getImageLocation: "\(admin) or (role:reader and \(owner))",
            .setImageLocation: changes,
            .deleteImageLocation: admin,
            .addImageLocation: "\(service) or (role:member and \(owner) and project_id:%(owner)s)",
            .fetchImageLocation: service,
            .getImageUsage:    "\(admin) or (role:reader and \(owner))",
            .addMember:        changes,
            .deleteMember:     changes,
            .getMember:        "\(admin) or (role:reader and (\(owner) or \(member)))",
            .getMembers:       "\(admin) or (role:reader and (\(owner) or \(member)))",
            .modifyMember:     "\(admin) or (role:member and \(member))",
            .deactivate:       changes,
            .reactivate:       changes,
            .copyImage:        admin,
            .storesInfoDetail: "\(admin) or \(service)",
            .tasksAPIAccess:   admin,
            .cacheImage:       admin,
            .cacheList:        admin,
            .cacheDelete:      admin,
            .cacheClean:       admin,
            .cachePrune:       admin,
            .listCachedNodes:  admin,
            .manageImageCache: admin,
            .getMetadefNamespaces:      "\(admin) or (role:reader and \(owner))",
            .getMetadefNamespace:       readsMetadefs,
            .addMetadefNamespace:       curator,
            .modifyMetadefNamespace:    curator,
            .deleteMetadefNamespace:    curator,
            .getMetadefObjects:         readsMetadefs,
            .getMetadefObject:          readsMetadefs,
            .addMetadefObject:          curator,
            .modifyMetadefObject:       curator,
            .deleteMetadefObject:       curator,
            .getMetadefProperties:      readsMetadefs,
            .getMetadefProperty:        readsMetadefs,
            .addMetadefProperty:        curator,
            .modifyMetadefProperty:     curator,
            .removeMetadefProperty:     curator,
            .listMetadefResourceTypes:  readsMetadefs,
            .getMetadefResourceType:    readsMetadefs,
            .addMetadefResourceType:    curator,
            .removeMetadefResourceType: curator,
            .getMetadefTags:            readsMetadefs,
            .getMetadefTag:             readsMetadefs,
            .addMetadefTag:             curator,
            .addMetadefTags:            curator,
            .modifyMetadefTag:          curator,
            .deleteMetadefTag:          curator,
            .deleteMetadefTags:         curator,
        ]
        var named = Dictionary(uniqueKeysWithValues: rules.map { ($0.rawValue, $1) })
        named["default"] = ""
        named["service_api"] = "role:service or role:admin"
        named["metadef_default"] = ""
        named["metadef_admin"] = admin
        return named
    }()

    /// The defaults for `enforce_new_defaults = false`: each rule also allows what its former default allowed (`default` for images,
    /// `metadef_default` for metadata definitions, `manage_image_cache` for the cache). Unlike in Glance, the rules for images still check
    /// the owner, which other code does in Glance.
    package static let oldDefaults: [String: String] = {
        let withoutOldDefault = [PolicyRule.downloadFromStore.rawValue, PolicyRule.addImageLocation.rawValue]
        var rules = defaults
        for (name, new) in defaults {
            let owned = new.replacing("role:member and ", with: "").replacing("role:reader and ", with: "")
            if name.contains("_metadef_") {
                if !new.contains("metadef_admin") { rules[name] = "\(new) or rule:metadef_default" }
            } else if owned != new, !withoutOldDefault.contains(name) {
                rules[name] = "\(new) or ((\(owned)) and rule:default)"
            }
        }
        for name in ["cache_image", "cache_list", "cache_delete"] { rules[name]! += " or rule:manage_image_cache" }
        return rules
    }()
}
