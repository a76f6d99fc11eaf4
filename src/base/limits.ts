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
  /** A blob put this recently is not deleted: a reference to it may be on its way. */
  blobYoungMs: 600_000,
  /** Half-written files older than this are nobody's any more. */
  blobLeftOverMs: 3_600_000,
  /** How often what is left of the disk is asked. */
  spaceAskedEveryMs: 10_000,
  /** To a bucket: requests at once and waiting, tries at one, its longest duration, and the first pause between tries. */
  s3RequestsAtOnce: 32,
  s3RequestsWaiting: 10_000,
  s3Attempts: 5,
  s3RequestMs: 60_000,
  s3RetryFirstMs: 100,
  /** A clock further off than this may be why a request was refused; services allow 15 minutes. */
  s3ClockSkewMs: 300_000,

  /** Largest access unit assembled from a camera. A 4K key frame at high quality is about 2 MB. */
  accessUnitBytes: 8 * 1024 * 1024,
  /** Largest RTSP header block and body (SDP). */
  rtspHeaderBytes: 16 * 1024,
  rtspBodyBytes: 128 * 1024,
  rtspRedirects: 3,
  /** Most sockets open to one host at once; an NVR commonly refuses past a few dozen. */
  rtspConnectionsPerHost: 64,
  /** How long one waits for a connection to a host that has its most, and how many may wait. */
  rtspHostWaitMs: 10_000,
  rtspHostWaiting: 256,
  rtspUrlCharacters: 2_048,
  rtspHeaders: 128,
  /** What may lie unsent to one camera; receiver reports and keep-alives are a few hundred bytes. */
  rtspUnsentBytes: 64 * 1024,
  /** Each step's longest wait: TCP and TLS connect, one reply, first packet after PLAY, next unit while playing, TEARDOWN. */
  rtspConnectMs: 5_000,
  rtspReplyMs: 8_000,
  rtspFirstMediaMs: 10_000,
  rtspMediaStallMs: 10_000,
  rtspTeardownMs: 1_000,
  /** While nobody waits for a unit a socket is read once in this time, so that the kernel gathers what comes. */
  rtspReadBeatMs: 500,
  /** …unless more came in it, and does on the average: what Linux keeps for a socket by itself. */
  rtspReadBeatBytes: 64 * 1024,
  /** While a key unit is waited for: how late it may be read. Divides the longer beat, so that both fall together. */
  rtspReadSoonMs: 100,
  /** Visit: from PLAY to a whole key unit. Cameras with a "smart" codec put 10 s and more between key units. */
  rtspKeyFrameMs: 30_000,
  /** Longest wait for a whole group of pictures. */
  rtspGroupMs: 60_000,
  /** Session timeouts are believed within these bounds, so that no server makes us send keep-alives in a storm. */
  rtspSessionShortestS: 4,
  rtspSessionLongestS: 600,
  /** Key-frame requests of one pull that wait at once, and its live listeners. */
  rtspKeyFrameWaiters: 64,
  rtspListeners: 256,
  /** Parameter sets of one kind kept of one stream, and the largest. */
  parameterSets: 16,
  parameterSetBytes: 16 * 1024,
  /** Host names resolved at once: the system resolver blocks a thread for each. */
  hostLookups: 2,
  /** Published heads: the largest line of a file of them, heads checked at the start, and read at once. */
  publishedLineBytes: 4 * 1024,
  headsCheckedAtStart: 100,
  headsReadAtOnce: 1_000,
  /** Findings of such a check that are logged one by one, and faults of the log that one check names. */
  headFindingsLogged: 10,
  logFaultsNamed: 1_000,
  /** Longest wait for whoever is told of a head, and for a time-stamping authority; and its largest answer. */
  publishMs: 10_000,
  timestampMs: 15_000,
  timestampBytes: 256 * 1024,
  /** Entries of the log read at once while it is checked from its beginning. */
  entriesCheckedAtOnce: 500,
  /** What a device said it is is believed for so long, and waited for so long. */
  deviceKnownMs: 86_400_000,
  deviceAnswerMs: 8_000,
  /** Widest picture made of a main stream's key unit (8K UHD). */
  stillWidthPx: 7_680,
  /** Stored files whose size and digests a process remembers between snapshots that name them. */
  sealedFilesRemembered: 4_096,
  /** Tries at a candidate's main stream before the sub-stream is kept instead. */
  evidenceAttempts: 5,
  /** Longest group of pictures kept as evidence. */
  groupOfPicturesUnits: 600,
  groupOfPicturesBytes: 48 * 1024 * 1024,

  /** Snapshots of one package, and entries of the log about them that go along, the newest. */
  packageSnapshots: 2_000,
  packageCustodyEntries: 2_000,
  /** Size of a package's parts: FAT32 of a USB stick takes no file of 4 GiB. */
  packagePartBytesLeast: 16 * 1024 * 1024,
  packagePartBytesDefault: 1024 ** 3,
  packagePartBytesMost: 2 * 1024 ** 3,
  packageMarks: 200,
  /** Searches for people and vehicles that may wait while one is made, and areas that one proposes to cover. */
  concealmentsWaiting: 8,
  areasConcealed: 50,
  /** Packages of one person that are waiting, being made or ready. */
  packagesPerUser: 20,
  /** A package is tried so often; whoever works on it has it for so long at a time. */
  packageAttempts: 3,
  packageLeaseMs: 120_000,
  /** A download of the same part by the same person within this time is the same download, in pieces. */
  packageFetchedAgainMs: 3_600_000,
  packageFetchesRemembered: 10_000,

  /** Reconnect: delay doubles from the first to the longest, each with full jitter. */
  reconnectFirstMs: 1_000,
  reconnectLongestMs: 60_000,
  /** Playing this long forgets earlier failures; a shorter life keeps the delay growing. */
  reconnectStableMs: 30_000,
  /** Fewest ms between attempts that the camera refused for the password: several makes lock an account out after a few. */
  reconnectUnauthorisedMs: 300_000,

  /** Baselines of one view that take part in a comparison. */
  baselinesPerView: 16,
  /** Places of one view made lawful by a verdict that take part in a comparison, the newest. */
  placedBaselinesPerView: 32,
  /** A view’s own threshold is looked at again this often. */
  calibratedEveryMs: 3_600_000,
  /** Drills that wait are looked for this often; whoever works on one has it for so long at a time. */
  drillsLookedForEveryMs: 2_000,
  drillLeaseMs: 120_000,
  /** Encoder outputs of baselines a compare process keeps, least recently used dropped. */
  encodingsKept: 3_200,

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
  /** How long answers under way are waited for when the web closes. */
  httpCloseGraceMs: 2_000,
  eventStreams: 200,
  /** A control room's twenty screens are one user's, and a screen that comes back may find its old stream still open. */
  eventStreamsPerUser: 60,
  eventsReplayed: 1_000,
  /** Bytes that may wait for a slow reader of events before its stream is ended; it resumes where it stopped. */
  eventBytesWaiting: 256 * 1024,
  eventHeartbeatMs: 15_000,
  /** Pages that show live pictures, and their tiles; a control room's twenty screens are one user's. */
  livePages: 200,
  livePagesPerUser: 40,
  liveTilesPerPage: 64,
  /** What may wait for a slow page, and one beat of all its tiles, before these skip to their next key unit. */
  liveBytesWaiting: 2 * 1024 * 1024,
  /**
   * Live pictures are handed on at most once in so long, unless they are the first or have grown to so many bytes: soon to
   * those who steer by them, calmly to those who watch.
   */
  liveSoonBeatMs: 100,
  liveCalmBeatMs: 500,
  liveMessageBytes: 256 * 1024,
  liveAskBytes: 1024,
  /** Cameras made into MPEG-1 at once for browsers that cannot play them: each is an ffmpeg and about a fifth of a core. */
  mpegStreams: 8,
  mpegWidthPx: 960,
  /** What may wait for an ffmpeg that falls behind, and what is kept of what it says. */
  mpegBytesWaiting: 1024 * 1024,
  mpegSaidCharacters: 500,
  /** An ffmpeg that ended is started again after the first pause, which doubles; having run so long forgets failures. */
  mpegRestartFirstMs: 1_000,
  mpegRestartLongestMs: 60_000,
  mpegStableMs: 30_000,
  /** Looking away for less than this is the same sitting; an open sitting is written down this often. */
  liveSittingGapMs: 60_000,
  liveSittingBeatMs: 20_000,
  liveHeartbeatMs: 15_000,
  /** How long an event whose id is still missing holds back the later ones, and how often the table is read unasked. */
  eventGapMs: 2_000,
  eventPollMs: 5_000,

  /** Screens of the wall; /wall/1 is the first. */
  screens: 20,
  /** Stills: of a view that nobody looks at one in this time is kept; a wish for more holds this long. */
  stillUnwatchedMs: 60_000,
  stillWishMs: 60_000,
  stillsPerWrite: 64,
  /** Small stills made lately that a process keeps, 10 KB each; and the largest such picture's width. */
  smallStillsKept: 800,
  smallStillWidthPx: 320,
  /** Views of which a process remembers something between looks or requests. */
  viewsRemembered: 20_000,
  /** Cameras of one screen's grid. */
  tilesPerScreen: 64,
  /** A tile's picture is old after three cadences, but never sooner than this; of a dome, which goes round, later. */
  stillOldAfterS: 30,
  domeStillOldAfterS: 180,
  /** Alerts that one answer lists, the gravest first; the others are counted. */
  alertsListed: 60,
  /** An answer about alerts is handed to other screens this long, unless something happened since. */
  alertsSharedMs: 2_000,
  /** A page of a screen reports this often, and is held to be gone after three times as long without a word. */
  screenReportMs: 10_000,
  screenReportsKeptMs: 86_400_000,
  screenPages: 200,
  /** Machines that show screens; pairings that wait at once, how long a code holds, and a machine's session. */
  wallMachines: 40,
  pairingsWaiting: 40,
  pairingMs: 600_000,
  machineSessionDays: 400,

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
  /** How long a reason given for looking at evidence holds, and how many may be given in a day. */
  evidenceAccessHours: 8,
  evidenceAccessesPerDay: 500,
  /** The same snapshot seen again within this is not told anew; and sights remembered for that. */
  evidenceSeenAgainMs: 60_000,
  evidenceSightsRemembered: 50_000,
  /** Snapshots that one hold names. */
  snapshotsPerHold: 500,
  units: 500,
  /** Items that one person is remembered to have seen, the latest. */
  seenMarksPerUser: 20_000,
  /** Picture views remembered so that each is written to the audit once a minute. */
  pictureViewsRemembered: 10_000,

  /** How long a claim holds, and how long a verdict can be taken back; both are configuration defaults. */
  claimS: 600,
  undoS: 60,
  reasonCharacters: 1_000,

  /** Judged looks of a view that persistence looks back on; a longer span is thinned out to as many. */
  looksLookedBack: 400,

  /** Looks written in one statement. */
  looksPerWrite: 200,

  /** A coded picture up to this size is decoded on the main thread: two milliseconds, where a thread's waking costs half one. */
  decodedInPlaceBytes: 96 * 1024,
  /** Pictures' bytes a decoder keeps for later pictures. */
  decodedPicturesKept: 16,
  /** Picture scalers a decoder keeps, one a stream size. */
  scalersKept: 16,

  /** `look`: lawful pictures of one frame, encodings kept between lines (half a megabyte each), bytes of one line. */
  lookBaselines: 64,
  lookEncodingsKept: 160,
  lookLineBytes: 1024 * 1024,
  /** Smallest side of a picture that can be judged. */
  lookSmallestSidePx: 48,

  /** Rows of one kind pruned in one statement. */
  prunedAtOnce: 2_000,
  /** Stored files asked after at once by the sweep, and snapshots whose files go in one transaction. */
  blobsSweptAtOnce: 1_000,
  snapshotsPrunedAtOnce: 200,
  /** A check of the store: digests read at once, files looked at at once, findings kept, and named in the log. */
  digestsCheckedAtOnce: 500,
  filesCheckedAtOnce: 16,
  checkFindingsKept: 10_000,
  checkFindingsTold: 200,
  /** Cameras whose clocks are asked for at once. */
  clocksAskedAtOnce: 8,
  /** Tests of a connection at once, the longest, its wait for a key unit, and how wide a picture it shows. */
  connectionTestsAtOnce: 4,
  connectionTestMs: 25_000,
  connectionTestKeyFrameMs: 12_000,
  connectionTestWidthPx: 1_280,
  /** Plans of an installation, the widest and tallest that one is kept at, and the smallest that is one. */
  plans: 50,
  planSidePx: 4_096,
  planSmallestSidePx: 200,
  /** Buildings and households of an installation. */
  buildings: 1_000,
  households: 50_000,
  /** Lines of one export of the audit log. */
  auditLinesExported: 50_000,
  /** What the page of health shows is reckoned this often, and what the store holds is counted this often. */
  healthReckonedEveryMs: 5_000,
  usageCountedEveryMs: 3_600_000,
  /** How often the machine's time service is asked; a clock that moves further within a second was set. */
  serverClockAskedEveryMs: 60_000,
  clockStepMs: 250,
  /** Two processes that saw a jump of the same size within this saw the same one. */
  clockStepSeenWithinMs: 10_000,
  /** Pending looks of so many views are put back on the queue in one sweep. */
  sweptViews: 1_000,

  /** Connections of one process's pool to PostgreSQL. */
  databaseConnections: 12,

  /** Compare jobs: attempts, and how long one may run before another worker takes it over. */
  jobAttempts: 3,
  jobLockMs: 30_000,
  /** Failed jobs, and job events, kept for inspection. */
  jobsKept: 200,
  jobEventsKept: 1_000,
  jobRetryFirstMs: 1_000,
  /** A job is aborted after this; the handler takes a second or two. */
  jobLongestMs: 60_000,
  /** What running jobs are given to end when their worker closes. */
  jobCloseMs: 10_000,
  /** Longest wait for an answer of the queue's server, and between two tries to come back to it. */
  queueReplyMs: 5_000,
  queueReconnectLongestMs: 5_000,
  /** A worker that met trouble tries again after this. */
  queueRetryMs: 2_000,
  queueProducerConnections: 4,
  /** Trouble that keeps on is written to the log this often, with its count. */
  troubleEveryMs: 10_000,

  /** Patrol: routes of a camera, stops and windows of a route, presets a camera may list, bytes of a file of routes. */
  routesPerCamera: 32,
  stopsPerRoute: 128,
  windowsPerRoute: 64,
  presetsPerCamera: 512,
  routeFileBytes: 1024 * 1024,
  routesPerFile: 500,
  /** Commands of hands that may wait for one turret, and how long one is waited for; older ones are never carried out. */
  turretCommandsWaiting: 32,
  turretAnswerMs: 8_000,
  turretCommandLateMs: 3_000,
  /** Carried-out commands are kept this long for whoever still waits for the answer. */
  turretCommandsKeptMs: 600_000,
  /** Pose pictures of stops' references kept in memory (32 KB each), least recently used dropped. */
  posePicturesKept: 512,
  /** How long a picture of a preset just set is waited for. */
  presetPictureMs: 3_000,
  /** Days of one coverage report. */
  coverageDays: 31,
  /** Visits from which the time of a stop is reckoned. */
  visitsMeasured: 20,
  /** Access units, and their bytes, kept since a dome's last key unit, to decode from when it settles. */
  liveUnits: 600,
  liveUnitBytes: 24 * 1024 * 1024,

  /** The simulated estate: sockets open to it, bytes waiting for a slow reader, prepared clips held in memory. */
  simulatorConnections: 2_000,
  simulatorBacklogBytes: 2 * 1024 * 1024,
  simulatorClips: 96,
  /** A simulated ONVIF device: one request, login tokens remembered, presets, tours, subscriptions and events each holds. */
  simulatorRequestBytes: 64 * 1024,
  simulatorNonces: 10_000,
  simulatorPresets: 256,
  simulatorTours: 8,
  simulatorSubscriptions: 16,
  simulatorEvents: 256,
  /** Panoramas held for the simulated domes, 60 MB each: one lighting and the next. */
  simulatorPanoramas: 2,

  /** Largest answer of an ONVIF device: a recorder describes each of its profiles in about 4 KB. */
  onvifAnswerBytes: 1024 * 1024,
  /** Elements within elements of an answer; the deepest of an honest one are about fifteen. */
  onvifAnswerDepth: 64,
  onvifProfiles: 512,
  /** Presets and tours taken of one device, most a device may list; and what one tour may visit. */
  onvifPresets: 1_024,
  onvifTours: 64,
  onvifCaptions: 32,
  onvifTourSpots: 256,
  /** Letters of a name or handle handed to a device; ONVIF promises 64 for handles. */
  onvifNameCharacters: 64,
  /** Longest single wait for preset events, events taken of one answer, and what is repeated to find a subscription. */
  onvifPullMs: 20_000,
  onvifEventsPulled: 32,
  onvifReferenceParameters: 4,
  /** Devices that one search lists. */
  onvifDiscovered: 1_024,
  /** Requests that may wait their turn at one device. */
  onvifRequestsWaiting: 16,
} as const;
