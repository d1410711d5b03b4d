import JSONDocument
import TestSupport

/// The real Glance's own code on a database: it makes images of all kinds, and says what they use.
enum GlanceCode {
    /// Makes images, and answers with what Glance says of the database: `images` of all owners, and `usage` by owner.
    ///
    /// - Parameter seed: decides what is made; another seed adds other images.
    static func fill(_ database: ReportDatabase, seed: Int, images: Int) throws -> JSON {
        try run(database, ["fill", "\(seed)", "\(images)"])
    }

    /// The same without making any.
    static func look(at database: ReportDatabase) throws -> JSON { try run(database, ["fill", "0", "0"]) }

    /// Sets a property as imports do, which leaves the image's `updated_at` as it was.
    static func setAtomically(_ database: ReportDatabase, _ image: String, _ name: String, _ value: String) throws {
        _ = try run(database, ["atomic", image, name, value])
    }

    private static func run(_ database: ReportDatabase, _ words: [String]) throws -> JSON {
        try PyPIGlance.answer(to: script, [database.server.url(of: database.name)] + words)
    }

    private static let script = #"""
        import json, random, sys, uuid, warnings
        warnings.filterwarnings('ignore')
        from glance.common import config
        from glance import context
        from glance.db.sqlalchemy import api
        from oslo_config import cfg
        config.CONF(args=[], default_config_files=[])
        from oslo_db import options
        options.set_defaults(cfg.CONF)
        cfg.CONF.set_override('connection', sys.argv[1], group='database')
        admin = context.RequestContext(is_admin=True, roles=['admin'])
        if sys.argv[2] == 'atomic':
            api.image_set_property_atomic(*sys.argv[3:6])
            print('{}')
            sys.exit()
        seed, count = int(sys.argv[3]), int(sys.argv[4])
        r = random.Random(seed)
        values = ['debian', 'Debian', 'ubuntu', '', 'a "quoted" \\ text\nof two lines\t', 'é€ß', 'x' * 65000, '{"a": [1, null]}', "it's 100 %"]
        names = ['os_distro', 'os_version', 'architecture', 'hw_disk_bus', 'kernel_id', 'OS_Type', 'my "name"', 'owner_specified.openstack.md5', 'ü']
        digests = ['%032x' % r.getrandbits(128) for _ in range(15)]
        for number in range(count):
            status = r.choice(['queued', 'active', 'active', 'active', 'active', 'deactivated', 'saving', 'uploading', 'importing', 'killed'])
            size = None if status == 'queued' else r.choice([0, 1, 4096, 1 << 33, r.randrange(1 << 40)])
            image = api.image_create(admin, {
                'id': str(uuid.UUID(int=r.getrandbits(128), version=4)), 'name': r.choice(['image', None, 'Image %d' % number]), 'status': status,
                'owner': r.choice(['acme', 'bolt', 'Acme', None, 'cloud']), 'size': size, 'virtual_size': r.choice([None, 1 << 34]),
                'visibility': r.choice(['private', 'shared', 'community', 'public']), 'min_disk': r.randrange(9), 'min_ram': 512,
                'disk_format': 'raw', 'container_format': 'bare', 'os_hidden': r.random() < 0.1, 'protected': r.random() < 0.1,
                'properties': {name: r.choice(values) for name in r.sample(names, r.randrange(6))},
            })['id']
            if status in ('active', 'deactivated'):
                digest = r.choice(digests)
                api.image_update(admin, image, {'checksum': digest, **r.choice([{}, {'os_hash_algo': 'sha512', 'os_hash_value': digest * 4}]),
                    'locations': [{'url': '%s://%s/%s' % (scheme, image, number), 'metadata': {'store': store} if store else {}, 'status': 'active'}
                                  for scheme, store in r.sample([('file', 'fast'), ('RBD', 'ceph'), ('file', 'fast'), ('file', None)], r.randrange(4))]})
            api.image_tag_set_all(admin, image, r.sample(['one', 'two', 'three "3"', 'vier é', 'five'], r.randrange(5)))
            if r.random() < 0.3:
                api.image_update(admin, image, {'properties': {'os_distro': r.choice(values)}}, purge_props=r.random() < 0.5)
            if r.random() < 0.1 and status == 'active':
                api.image_set_property_atomic(image, 'os_glance_importing_to_stores', r.choice(['ceph', '']))
            chance = r.random()
            if chance < 0.15:
                api.image_update(admin, image, {'status': 'deleted'})
                api.image_destroy(admin, image)
            elif chance < 0.25 and status == 'active':
                for place in api.image_get(admin, image)['locations']:
                    api.image_location_delete(admin, image, place['id'], 'pending_delete')
                api.image_update(admin, image, {'status': 'pending_delete'})
                api.image_destroy(admin, image)
                if chance < 0.18:
                    api.image_restore(admin, image)
            elif chance < 0.32:
                for place in api.image_get(admin, image)['locations'][:1]:
                    api.image_location_delete(admin, image, place['id'], r.choice(['deleted', 'pending_delete']))
        def shown(image):
            plain = {name: image[name] for name in ('id', 'name', 'owner', 'status', 'visibility', 'size', 'virtual_size', 'checksum',
                                                    'os_hash_value', 'min_disk', 'min_ram')}
            return dict(plain, created=str(image['created_at'])[:10], properties={p['name']: p['value'] for p in image['properties'] if not p['deleted']},
                        tags=image['tags'])
        everything = api.image_get_all(admin, filters={'visibility': 'all'}, limit=100000, return_tag=True)
        images = [shown(image) for image in everything if not image['deleted']]
        owners = sorted({image['owner'].lower() for image in images if image['owner']})
        usage = {owner: [api.user_get_image_count(admin, owner), api.user_get_storage_usage(admin, owner), api.user_get_uploading_count(admin, owner),
                         api.user_get_staging_usage(admin, owner)] for owner in owners}
        print(json.dumps({'images': images, 'usage': usage}))
        """#
}
