/**
 * Every bound of the system, by name. Nothing queues, retries, lists, uploads or keeps without one of these; a bound that
 * an estate may want to move is a configuration key instead, and its default refers here.
 */
export const LIMITS = {
  /** Largest picture accepted from a camera, a file or an upload, in pixels (8K UHD is 33.2 million). */
  picturePixels: 34_000_000,
  /** Size at which a look is judged; a frame is scaled to it whatever the stream's size. */
  lookWidthPx: 640,
  lookHeightPx: 360,
  /** Largest compressed picture file read or uploaded. */
  pictureFileBytes: 20 * 1024 * 1024,
  /** Largest single blob: one group of pictures of a 4K main stream stays well under it. */
  blobBytes: 64 * 1024 * 1024,

  /** Largest access unit assembled from a camera. A 4K key frame at high quality is about 2 MB. */
  accessUnitBytes: 8 * 1024 * 1024,
  /** Largest RTSP header block and body (SDP). */
  rtspHeaderBytes: 16 * 1024,
  rtspBodyBytes: 128 * 1024,
  rtspRedirects: 3,
  /** Most sockets open to one host at once; an NVR commonly refuses past a few dozen. */
  rtspConnectionsPerHost: 64,
  /** Longest group of pictures kept as evidence. */
  groupOfPicturesUnits: 600,
  groupOfPicturesBytes: 48 * 1024 * 1024,

  /** Reconnect: delay doubles from the first to the longest, each with full jitter. */
  reconnectFirstMs: 1_000,
  reconnectLongestMs: 60_000,

  /** Baselines of one view that take part in a comparison. */
  baselinesPerView: 16,
  /** Regions kept of one comparison, largest first. */
  regionsPerLook: 32,
  polygonPoints: 64,
  masksPerView: 32,

  /** Cameras of one installation, and lines of one import file. */
  cameras: 5_000,
  importLines: 5_000,
  importFileBytes: 5 * 1024 * 1024,
  /** Largest configuration file, and largest file that holds one secret. */
  configFileBytes: 256 * 1024,
  secretFileBytes: 16 * 1024,

  /** Items one page of a list answers. */
  pageItemsDefault: 50,
  pageItemsMost: 200,
  requestBodyBytes: 256 * 1024,
  /** Bodies that only carry a name and a password. */
  signInBodyBytes: 4 * 1024,
  /** Requests of one address in a minute; a whole control room may stand behind one. */
  requestsPerMinute: 12_000,
  httpConnections: 2_000,
  requestTimeoutMs: 60_000,
  eventStreams: 200,
  eventStreamsPerUser: 20,
  eventsReplayed: 1_000,
  /** Bytes that may wait for a slow reader of events before its stream is ended; it resumes where it stopped. */
  eventBytesWaiting: 256 * 1024,
  eventHeartbeatMs: 15_000,
  /** How long an event whose id is still missing holds back the later ones, and how often the table is read unasked. */
  eventGapMs: 2_000,
  eventPollMs: 5_000,

  sessionHours: 12,
  sessionsPerUser: 20,
  tokensPerUser: 20,
  passwordCharactersFewest: 12,
  passwordCharactersMost: 128,
  /** Failed sign-ins: of one name from one address, and of all together; and password checks at once and waiting. */
  loginAttemptsPerMinute: 5,
  loginFailuresPerMinute: 120,
  loginKeys: 10_000,
  passwordChecksAtOnce: 2,
  passwordChecksWaiting: 50,
  /** Picture views remembered so that each is written to the audit once a minute. */
  pictureViewsRemembered: 10_000,

  /** How long a claim holds, and how long a verdict can be taken back; both are configuration defaults. */
  claimS: 600,
  undoS: 60,
  reasonCharacters: 1_000,

  /** Picture scalers a decoder keeps, one a stream size. */
  scalersKept: 16,

  /** Connections of one process's pool to PostgreSQL. */
  databaseConnections: 12,

  /** Compare jobs: attempts, and how long one may run before another worker takes it over. */
  jobAttempts: 3,
  jobLockMs: 30_000,
  jobsKept: 200,
} as const;
