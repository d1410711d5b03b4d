"""Judges files as Glance does with oslo.utils, for the comparison in `SameVerdictTests`.

Arguments: a folder of files, and disk formats. Writes one JSON object: file -> disk format -> [accepted, virtual size].
"""
import json
import pathlib
import sys

from oslo_utils.imageutils import format_inspector


def verdict(path, claimed):
    with open(path, "rb") as file:
        wrapper = format_inspector.InspectWrapper(file)
        while wrapper.read(1 << 16):
            pass
        wrapper.close()
    try:
        names = {str(inspector): inspector for inspector in wrapper.formats}
        found = names["iso"] if names.keys() == {"iso", "gpt"} else wrapper.format
        size = None
        if str(found) == claimed:
            size = found.virtual_size
        elif claimed == "raw":
            size = found.actual_size
        elif str(found) != "raw" or claimed in format_inspector.ALL_FORMATS:
            return [False, None]
        found.safety_check()
        return [True, size or None]
    except Exception:
        return [False, None]


folder, *formats = sys.argv[1:]
print(json.dumps({path.name: {claimed: verdict(path, claimed) for claimed in formats} for path in pathlib.Path(folder).iterdir()}))
