"""Answers by oslo.config, for the tests of this folder: oslo.py <question>, with JSON on standard input and output."""
import json
import logging
import os
import sys
import tempfile

from oslo_config import cfg, generator, iniparser
import oslo_config.cfg

NAMESPACES = [
    "glance", "glance.api", "glance.cache", "glance.manage", "glance.scrubber", "glance.store", "glance.multi_store",
    "castellan.config", "keystonemiddleware.auth_token", "keystonemiddleware.audit", "oslo.cache", "oslo.concurrency", "oslo.config",
    "oslo.db", "oslo.limit", "oslo.log", "oslo.messaging", "oslo.middleware", "oslo.policy", "oslo.reports",
    "oslo.service.periodic_task", "oslo.service.service", "oslo.service.sslutils", "oslo.service.wsgi", "osprofiler",
]


def options():
    """(group, option) of all that Glance and its libraries declare, and of the ways to log in at Keystone."""
    from keystoneauth1 import loading

    found = {}
    for _, listing in generator._list_opts(NAMESPACES):
        for group, opts in listing:
            name = getattr(group, "name", group) or "DEFAULT"
            if name.startswith("sample_"):
                continue
            for opt in opts:
                found.setdefault((name, opt.dest), opt)
    for plugin in loading.get_available_plugin_names():
        for opt in loading.get_auth_plugin_conf_options(plugin):
            for group in "keystone_authtoken", "oslo_limit", "barbican_service_user":
                found.setdefault((group, opt.dest), opt)
    return [(group, opt) for (group, _), opt in found.items()]


def written(text):
    file = tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False, encoding="utf-8")
    with file:
        file.write(text)
    return file.name


class Warnings(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def read(opts, files, names):
    """What options are once files are read; a list with the value, or the name of the error."""
    conf = cfg.ConfigOpts()
    for group, opt in opts:
        conf.register_opt(opt, group=None if group == "DEFAULT" else group)
    paths = [written(text) for text in files]
    try:
        conf(["--config-file=" + path for path in paths] if paths else [], project="test", default_config_files=[], default_config_dirs=[])
        answers = []
        for group, name in names:
            try:
                answers.append([getattr(conf if group == "DEFAULT" else getattr(conf, group), name)])
            except Exception as error:
                answers.append(type(error).__name__)
        return answers
    finally:
        for path in paths:
            os.unlink(path)


def declared(_):
    """All options: group, name, default, former names."""
    return [
        {
            "group": group, "name": opt.dest, "multi": opt.multi, "type": type(opt.type).__name__,
            "default": opt.default if isinstance(opt.default, (str, int, float, bool, list, dict, type(None))) else str(opt.default),
            "former": [[old.group or group, (old.name or opt.dest).replace("-", "_")] for old in opt.deprecated_opts],
        }
        for group, opt in options()
    ]


def values(question):
    """Of each text what each option named makes of it."""
    wanted = {(group, name) for group, name in question["options"]}
    opts = [(group, opt) for group, opt in options() if (group, opt.dest) in wanted]
    names = [(group, opt.dest) for group, opt in opts]
    answers = {}
    for text in question["texts"]:
        groups = {}
        for group, name in names:
            groups.setdefault(group, []).append(f"{name} = {text}")
        file = "".join(f"[{group}]\n" + "\n".join(lines) + "\n" for group, lines in groups.items())
        answers[text] = {f"{group}.{name}": answer for (group, name), answer in zip(names, read(opts, [file], names))}
    return answers


def substituted(texts):
    """What a text with $names becomes, beside a few options."""
    opts = [
        ("DEFAULT", cfg.StrOpt("name", default="nobody")), ("DEFAULT", cfg.IntOpt("count", default=3)),
        ("greetings", cfg.StrOpt("greeting", default="hello")), ("other", cfg.StrOpt("text")), ("other", cfg.StrOpt("near", default="by")),
    ]
    return [read(opts, [f"[DEFAULT]\nname = Ann\n[other]\ntext = {text}\n"], [("other", "text")])[0] for text in texts]


def precedence(cases):
    """Values of [new] one and [new] many, which were [old] former and [older] many before, and what is said of old names."""
    answers = []
    for files in cases:
        deprecated = [cfg.DeprecatedOpt("former", group="old"), cfg.DeprecatedOpt("one", group="older")]
        many = [cfg.DeprecatedOpt("many", group="old"), cfg.DeprecatedOpt("many", group="older")]
        opts = [
            ("new", cfg.StrOpt("one", default="", deprecated_opts=deprecated)),
            ("new", cfg.MultiStrOpt("many", default=[], deprecated_opts=many)),
        ]
        warnings = Warnings()
        log = logging.getLogger("oslo_config.cfg")
        log.addHandler(warnings)
        log.setLevel(logging.WARNING)
        answer = read(opts, files, [("new", "one"), ("new", "many")])
        log.removeHandler(warnings)
        answers.append({"one": answer[0][0], "many": answer[1][0], "warnings": warnings.lines})
    return answers


def parsed(texts):
    """What stands in a file: group, name, value; null for what is no file of the dialect."""
    class Parser(cfg.ConfigParser):
        found = []

        def assignment(self, key, value):
            if not self.section:
                raise self.error_no_section()
            self.found.append([self.section, key, "\n".join(value)])

    answers = []
    for text in texts:
        path = written(text)
        parser = Parser(path, {})
        parser.found = []
        try:
            parser.parse()
            answers.append(parser.found)
        except iniparser.ParseError:
            answers.append(None)
        os.unlink(path)
    return answers


def transports(urls):
    """Hosts, virtual host and encryption of each URL; null for what is none."""
    import oslo_messaging

    conf = cfg.ConfigOpts()
    answers = []
    for url in urls:
        try:
            found = oslo_messaging.TransportURL.parse(conf, url)
            hosts = [[host.username, host.password, host.hostname, host.port] for host in found.hosts]
            answers.append([found.transport, hosts, found.virtual_host, found.query.get("ssl")])
        except Exception:
            answers.append(None)
    return answers


def digests(names):
    import hashlib

    answers = {}
    for name in sorted(hashlib.algorithms_available) + names:
        try:
            answers[name] = hashlib.new(name, b"hello").hexdigest() or None
        except (ValueError, TypeError):
            answers[name] = None
    return answers


# What comes of oslo's own print and of its warnings is no answer.
sys.stdout, out = sys.stderr, sys.stdout
json.dump(globals()[sys.argv[1]](json.load(sys.stdin)), out)
