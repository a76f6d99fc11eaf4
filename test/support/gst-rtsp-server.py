"""An independent RTSP server for conformance tests: GStreamer's, with pictures it makes itself.

Usage: /usr/bin/python3 gst-rtsp-server.py [MPEG4]
MPEG4 is an MP4 file with MPEG-4 Visual in it, served as /mpeg4 and, with the configuration in the description, /mpeg4-apart.
Prints one JSON line {"open": port, "basic": port, "digest": port} when it listens on 127.0.0.1, and serves until its
standard input ends. Each port has the same paths; the last two want user "viewer", password "s3cret: word".
"""

import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)

SOURCE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1"
# Key pictures every second. Those "apart" put the parameter sets into the description and small NAL units together.
H264 = "x264enc tune=zerolatency sliced-threads=false threads=1 speed-preset=ultrafast key-int-max=15 bitrate=300"
SLICES = "x264enc tune=zerolatency sliced-threads=true threads=4 speed-preset=ultrafast key-int-max=15 bitrate=300"
H265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=300"
PIPELINES = {
    "h264": f"( {SOURCE} ! {H264} ! rtph264pay name=pay0 pt=96 config-interval=-1 mtu=600 )",
    "h264-apart": f"( {SOURCE} ! {H264} ! rtph264pay name=pay0 pt=96 config-interval=0 mtu=1400 aggregate-mode=max-stap )",
    "h264-slices": f"( {SOURCE} ! {SLICES} ! rtph264pay name=pay0 pt=96 config-interval=-1 mtu=600 )",
    "h265": f"( {SOURCE} ! {H265} ! rtph265pay name=pay0 pt=97 config-interval=-1 mtu=600 )",
    "h265-apart": f"( {SOURCE} ! {H265} ! rtph265pay name=pay0 pt=97 config-interval=0 mtu=1400 aggregate-mode=max )",
}
if len(sys.argv) > 1:
    FILE = f'( filesrc location="{sys.argv[1]}" ! qtdemux ! mpeg4videoparse ! rtpmp4vpay name=pay0 pt=98 mtu=600'
    PIPELINES["mpeg4"] = f"{FILE} config-interval=1 )"
    PIPELINES["mpeg4-apart"] = f"{FILE} config-interval=0 )"
USER, PASSWORD = "viewer", "s3cret: word"


def factory(launch, guarded):
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(launch)
    made.set_shared(True)
    if guarded:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        made.set_permissions(permissions)
    return made


def serve(method):
    """One server on a free port; `method` is None, or how its streams are guarded."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    if method is not None:
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(method)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        if method == GstRtsp.RTSPAuthMethod.BASIC:
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), token)
        else:
            auth.add_digest(USER, PASSWORD, token)
        server.set_auth(auth)
    mounts = server.get_mount_points()
    for name, launch in PIPELINES.items():
        mounts.add_factory("/" + name, factory(launch, method is not None))
    if server.attach(None) == 0:
        sys.exit("the GStreamer RTSP server cannot listen")
    return server


servers = {
    "open": serve(None),
    "basic": serve(GstRtsp.RTSPAuthMethod.BASIC),
    "digest": serve(GstRtsp.RTSPAuthMethod.DIGEST),
}
print(json.dumps({name: server.get_bound_port() for name, server in servers.items()}), flush=True)

loop = GLib.MainLoop()
# Its end of our standard input tells that the test is over, however it ended.
GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_IN | GLib.IO_HUP, lambda *_: (loop.quit(), False)[1])
loop.run()
