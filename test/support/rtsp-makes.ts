/**
 * How cameras of several makes speak, written after their manuals and the RFCs: what each does that the others do not.
 * `HOST` stands for the server's own host and port.
 */
import type { NalCodec } from '../../src/drivers/rtsp/nal-units.ts';
import { makeSets } from './rtsp-packets.ts';

export interface Make {
  name: string;
  path: string;
  codec: NalCodec;
  /** `WWW-Authenticate` values; none where the camera asks for nothing. */
  challenges: string[];
  optionsReply: string;
  describeReply: { head: string; sdp: string };
  setupReply: string;
  playReply: string;
  /** RTP channel that the camera really uses. */
  channel: number;
  expects: { scheme?: 'Digest' | 'Basic'; setupUri: string; playUri: string; session: string; keepAlive: string };
}

const base64 = (codec: NalCodec): string[] => makeSets(codec).map((set) => Buffer.from(set).toString('base64'));
const [sps, pps] = base64('h264') as [string, string];
const [vps5, sps5, pps5] = base64('h265') as [string, string, string];
/** Some firmwares leave the next start code in the parameter set. */
const withStartCode = (set: string): string =>
  Buffer.concat([Buffer.from(set, 'base64'), Buffer.from([0, 0, 0, 1])]).toString('base64');

export const MAKES: Make[] = [
  {
    name: 'Hikvision: Digest and Basic offered, absolute controls with a query, blanks before the session',
    path: '/Streaming/Channels/102?transportmode=unicast',
    codec: 'h264',
    challenges: [
      'Digest realm="IP Camera(C6496)", nonce="b1f6a5cf2b0d4e0a", stale="FALSE"',
      'Basic realm="IP Camera(C6496)"',
    ],
    optionsReply: 'Public: OPTIONS, DESCRIBE, PLAY, PAUSE, SETUP, TEARDOWN, SET_PARAMETER, GET_PARAMETER\r\n',
    describeReply: {
      head: 'Content-Type: application/sdp\r\nContent-Base: rtsp://HOST/Streaming/Channels/102/\r\n',
      sdp:
        'v=0\r\no=- 1620255000 1620255000 IN IP4 192.168.1.64\r\ns=Media Presentation\r\ne=NONE\r\nb=AS:5050\r\nt=0 0\r\n' +
        'a=control:rtsp://HOST/Streaming/Channels/102/?transportmode=unicast\r\n' +
        'm=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\nb=AS:5000\r\na=recvonly\r\na=x-dimensions:640,360\r\n' +
        'a=control:rtsp://HOST/Streaming/Channels/102/trackID=1?transportmode=unicast\r\n' +
        `a=rtpmap:96 H264/90000\r\na=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=${sps},${pps}\r\n` +
        'a=Media_header:MEDIAINFO=494D4B48010200000400000100000000;\r\na=appversion:1.0\r\n',
    },
    setupReply:
      'Session:        708345999;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=4cacc3d1;mode="play"\r\n',
    playReply: 'Session:        708345999\r\nRTP-Info: url=trackID=1;seq=24104;rtptime=1270711678\r\n',
    channel: 0,
    expects: {
      scheme: 'Digest',
      setupUri: 'rtsp://HOST/Streaming/Channels/102/trackID=1?transportmode=unicast',
      playUri: 'rtsp://HOST/Streaming/Channels/102/?transportmode=unicast',
      session: '708345999',
      keepAlive: 'GET_PARAMETER',
    },
  },
  {
    name: 'Dahua: a base that ends in a query, a relative control behind it',
    path: '/cam/realmonitor?channel=1&subtype=1',
    codec: 'h264',
    challenges: ['Digest realm="Login to 6K02A1FPAZ1F6", nonce="30a98ee7c1"'],
    optionsReply:
      'Server: Rtsp Server/3.0\r\nPublic: OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, RECORD, PAUSE, TEARDOWN, GET_PARAMETER\r\n',
    describeReply: {
      head:
        'x-Accept-Dynamic-Rate: 1\r\nContent-Base: rtsp://HOST/cam/realmonitor?channel=1&subtype=1/\r\n' +
        'Cache-Control: must-revalidate\r\nContent-Type: application/sdp\r\n',
      sdp:
        'v=0\r\no=- 2252310609 2252310609 IN IP4 0.0.0.0\r\ns=Media Server\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n' +
        'a=packetization-supported:DH\r\na=range:npt=now-\r\nm=video 0 RTP/AVP 96\r\na=control:trackID=0\r\n' +
        `a=framerate:15.000000\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=64001E;sprop-parameter-sets=${sps},${pps}\r\n` +
        'a=recvonly\r\nm=audio 0 RTP/AVP 97\r\na=control:trackID=1\r\na=rtpmap:97 MPEG4-GENERIC/48000\r\n',
    },
    setupReply:
      'Session: 634214675641;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=30A98EE7\r\nx-Dynamic-Rate: 1\r\n',
    playReply:
      'Session: 634214675641\r\nRange: npt=0.000000-\r\nRTP-Info: url=trackID=0;seq=47121;rtptime=3475222385\r\n',
    channel: 0,
    expects: {
      scheme: 'Digest',
      setupUri: 'rtsp://HOST/cam/realmonitor?channel=1&subtype=1/trackID=0',
      playUri: 'rtsp://HOST/cam/realmonitor?channel=1&subtype=1/',
      session: '634214675641',
      keepAlive: 'GET_PARAMETER',
    },
  },
  {
    name: 'Axis: qop and SHA-256 offered beside MD5, absolute controls',
    path: '/axis-media/media.amp?resolution=640x360',
    codec: 'h264',
    challenges: [
      'Digest realm="AXIS_ACCC8E012345", nonce="0014a0c4Y9581c6e", algorithm=MD5, qop="auth", stale=FALSE',
      'Digest realm="AXIS_ACCC8E012345", nonce="0014a0c4Y9581c6e", algorithm=SHA-256, qop="auth", stale=FALSE',
    ],
    optionsReply: 'Public: OPTIONS, DESCRIBE, GET_PARAMETER, PAUSE, PLAY, SETUP, SET_PARAMETER, TEARDOWN\r\n',
    describeReply: {
      head: 'Content-Type: application/sdp\r\nContent-Base: rtsp://HOST/axis-media/media.amp/\r\nServer: GStreamer RTSP server\r\n',
      sdp:
        'v=0\r\no=- 15581940428163574013 1 IN IP4 192.168.0.90\r\ns=Session streamed with GStreamer\r\ni=rtsp-server\r\nt=0 0\r\n' +
        'a=tool:GStreamer\r\na=type:broadcast\r\na=range:npt=now-\r\na=control:rtsp://HOST/axis-media/media.amp?resolution=640x360\r\n' +
        'm=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\nb=AS:50000\r\na=rtpmap:96 H264/90000\r\n' +
        `a=fmtp:96 packetization-mode=1;profile-level-id=4d0029;sprop-parameter-sets=${sps},${pps}\r\n` +
        'a=ts-refclk:local\r\na=mediaclk:sender\r\na=recvonly\r\na=control:rtsp://HOST/axis-media/media.amp/stream=0?resolution=640x360\r\n',
    },
    setupReply:
      'Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=5E2E1A7C;mode="PLAY"\r\nSession: 7kNqp_Xr0Yhf$aB;timeout=60\r\n',
    playReply:
      'RTP-Info: url=rtsp://HOST/axis-media/media.amp/stream=0;seq=7;rtptime=1\r\nSession: 7kNqp_Xr0Yhf$aB;timeout=60\r\n',
    channel: 0,
    expects: {
      scheme: 'Digest',
      setupUri: 'rtsp://HOST/axis-media/media.amp/stream=0?resolution=640x360',
      playUri: 'rtsp://HOST/axis-media/media.amp?resolution=640x360',
      session: '7kNqp_Xr0Yhf$aB',
      keepAlive: 'GET_PARAMETER',
    },
  },
  {
    name: 'Uniview: H.265, an absolute control to the address inside the network, no GET_PARAMETER',
    path: '/media/video2',
    codec: 'h265',
    challenges: ['Digest realm="48ea63112233", nonce="5f0a9c3e", algorithm="MD5"'],
    optionsReply: 'Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, PAUSE, SET_PARAMETER\r\n',
    describeReply: {
      head: 'Content-type: application/sdp\r\n',
      sdp:
        'v=0\r\no=- 1001 1 IN IP4 192.168.0.13\r\ns=VCP IPC Realtime stream\r\nc=IN IP4 192.168.0.13\r\nt=0 0\r\n' +
        'm=video 0 RTP/AVP 108\r\na=control:rtsp://192.168.0.13/media/video2/video\r\na=rtpmap:108 H265/90000\r\n' +
        `a=fmtp:108 profile-id=1;sprop-sps=${sps5};sprop-pps=${pps5};sprop-vps=${vps5}\r\na=recvonly\r\n` +
        'm=application 0 RTP/AVP 107\r\na=control:rtsp://192.168.0.13/media/video2/metadata\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n',
    },
    setupReply:
      'Session: 1d5a32;timeout=70\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=00000000;mode="PLAY"\r\n',
    playReply: 'Session: 1d5a32\r\nRange: npt=0.000-\r\n',
    channel: 0,
    expects: {
      scheme: 'Digest',
      setupUri: 'rtsp://192.168.0.13/media/video2/video',
      playUri: 'rtsp://HOST/media/video2',
      session: '1d5a32',
      keepAlive: 'OPTIONS',
    },
  },
  {
    name: 'TP-Link and the like: no timeout named, parameter sets with a start code behind them, several formats of one media',
    path: '/stream2',
    codec: 'h264',
    challenges: ['Digest realm="TP-Link IP-Camera", nonce="f8b9a1d2"', 'Basic realm="TP-Link IP-Camera"'],
    optionsReply: 'Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY\r\n',
    describeReply: {
      head: 'Content-Type: application/sdp;charset=utf-8\r\nContent-Base: rtsp://HOST/stream2/\r\n',
      sdp:
        'v=0\r\no=- 14665860 31787219 1 IN IP4 192.168.0.60\r\ns=Session streamed by "TP-LINK RTSP Server"\r\nt=0 0\r\n' +
        'm=video 0 RTP/AVP 26 96\r\nc=IN IP4 0.0.0.0\r\nb=AS:4096\r\na=range:npt=0-\r\na=control:track1\r\n' +
        `a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1; profile-level-id=4D0016; sprop-parameter-sets=${withStartCode(sps)},${withStartCode(pps)}\r\n` +
        'm=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track2\r\n',
    },
    setupReply:
      'Transport: RTP/AVP/TCP;unicast;destination=10.0.0.1;source=10.0.0.2;interleaved=0-1\r\nSession: F8F8E425\r\n',
    playReply: 'Range: npt=0.000-\r\nSession: F8F8E425\r\n',
    channel: 0,
    expects: {
      scheme: 'Digest',
      setupUri: 'rtsp://HOST/stream2/track1',
      playUri: 'rtsp://HOST/stream2/',
      session: 'F8F8E425',
      keepAlive: 'OPTIONS',
    },
  },
  {
    name: 'a DVR board: counts CSeq on its own, takes channels 4-5, Basic alone, answers OPTIONS with an error',
    path: '/user=&channel=1&stream=1.sdp',
    codec: 'h264',
    challenges: ['Basic realm="H264DVR"'],
    optionsReply: '',
    describeReply: {
      head: 'Content-Type: application/sdp\r\nServer: H264DVR 1.0\r\nCseq: 900\r\nCache-Control: private\r\n',
      sdp:
        'v=0\no=- 38990265062388 38990265062388 IN IP4 127.0.0.1\ns=RTSP Session\nc=IN IP4 192.168.168.100\nt=0 0\na=control:*\na=range:npt=0-\n' +
        'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000 \na=range:npt=0-\na=framerate:0S\n' +
        `a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=${sps},${pps}\na=framerate:25\na=control:trackID=3\n`,
    },
    setupReply: 'Cseq: 901\r\nSession: 1\r\nTransport: RTP/AVP/TCP;interleaved=4-5\r\n',
    playReply: 'Cseq: 902\r\nSession: 1\r\n',
    channel: 4,
    expects: {
      scheme: 'Basic',
      setupUri: 'rtsp://HOST/user=&channel=1&stream=1.sdp/trackID=3',
      playUri: 'rtsp://HOST/user=&channel=1&stream=1.sdp',
      session: '1',
      keepAlive: 'OPTIONS',
    },
  },
];
