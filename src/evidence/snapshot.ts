/**
 * A snapshot: what is sealed. It is the body of a `snapshot.sealed` entry, in canonical JSON. It names every file by its
 * digest and says of each what it is derived from; where something could not be had it says so rather than leave it out.
 * Records of one matter follow each other: what is raised is sealed at once, and again when its main stream has come.
 *
 * Times are UTC, `2026-06-01T08:00:00.000Z`. Spans and units stand last in each name. Only types; runs anywhere.
 */
import type { Polygon } from '../base/picture.ts';

export interface SnapshotRecord {
  readonly format: 'sentinel-snapshot/1';
  /** UUID. */
  readonly id: string;
  readonly sealedAt: string;
  readonly cause: SnapshotCause;
  /** The record of the same matter before this one. */
  readonly follows: { readonly id: string; readonly entry: number } | null;
  readonly estate: { readonly name: string; readonly timeZone: string; readonly simulated: boolean };
  readonly camera: SnapshotCamera;
  readonly view: SnapshotView;
  readonly clock: SnapshotClock;
  readonly software: SnapshotSoftware;
  /** How the camera was by what capture last knew of it. */
  readonly health: {
    readonly state: string;
    readonly since: string;
    readonly reason: string | null;
    readonly lastFrameAt: string | null;
    readonly errors: number;
  } | null;
  readonly stream: SnapshotStream;
  readonly pictures: readonly SnapshotPicture[];
  /** What the machine said when it raised the item, unchanged; null for a snapshot of no item. */
  readonly machineResult: Readonly<Record<string, unknown>> | null;
  readonly candidate: {
    readonly id: number;
    readonly severity: string;
    readonly polygon: Polygon;
    readonly score: number;
    readonly occurrences: number;
    readonly firstSeenAt: string;
    readonly lastSeenAt: string;
    readonly raisedAt: string;
    readonly raisedByLookId: number;
  } | null;
  readonly decision: {
    readonly verdictId: number;
    readonly verdict: string;
    readonly reason: string;
    readonly duplicateOf: number | null;
    readonly decidedAt: string;
    readonly undoneAt: string | null;
  } | null;
}

export interface SnapshotCause {
  /**
   * `raised` the machine raised an item; `decided` a person decided it; `undone` took the decision back; `pulled` a
   * person asked for it; `stream` the main stream that an earlier record wished for came, or will not.
   */
  readonly kind: 'raised' | 'decided' | 'undone' | 'pulled' | 'stream';
  /** Null where no person caused it. */
  readonly by: SnapshotPerson | null;
  /** In that person's words; empty where none was given. */
  readonly reason: string;
  /** What for, in that person's words; empty where none was given. */
  readonly purpose: string;
  /** What sent a PTZ camera to look there. */
  readonly course: SnapshotCourse | null;
}

export interface SnapshotPerson {
  readonly userId: number;
  readonly name: string;
  readonly displayName: string;
  readonly role: string;
  readonly unit: string | null;
}

/**
 * Route and stop (counted from 0) of the newest visit, with the route's timetable: days 1 (Monday) to 7 and hours, and their zone; or by
 * whose hand the camera was turned.
 */
export interface SnapshotCourse {
  readonly route: { readonly id: number; readonly name: string } | null;
  readonly stop: number | null;
  readonly timetable: string | null;
  readonly operator: SnapshotPerson | null;
}

export interface SnapshotCamera {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly place: string;
  readonly kind: string;
  /** Addresses without logins. */
  readonly mainUrl: string | null;
  readonly subUrl: string | null;
  readonly onvifUrl: string | null;
  readonly device: SnapshotDevice | null;
  /** Absent from records that were sealed before it was asked for. */
  readonly location?: SnapshotLocation;
}

/** Where the camera hung by its register when this was sealed; null what that did not know. */
export interface SnapshotLocation {
  /** What the estate's or the authority's register calls the spot. */
  readonly code: string | null;
  /** WGS-84, degrees, north and east positive. */
  readonly coordinates: { readonly latitudeDeg: number; readonly longitudeDeg: number } | null;
  /** Of the lens above the ground below it. */
  readonly mountingHeightM: number | null;
  readonly plan: SnapshotPlanPlace | null;
}

/** Where it was placed on a plan of the estate, the first it stands on. */
export interface SnapshotPlanPlace {
  readonly name: string;
  /** Of the plan's picture, which is no file of the snapshot. */
  readonly pictureSha256: string;
  /** Fractions of the plan's width from the left and of its height from the top. */
  readonly x: number;
  readonly y: number;
  /** Where it looks: 0 is up on the plan, clockwise. Of a dome, which way it was drawn; where it looked tells its position. */
  readonly headingDeg: number;
  /** Its horizontal field of view. */
  readonly spreadDeg: number;
}

/** What a device says of itself (ONVIF GetDeviceInformation, GetNetworkInterfaces, GetOSDs); null what it does not tell. */
export interface SnapshotDevice {
  readonly make: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly firmware: string | null;
  readonly mac: string | null;
  /**
   * What it says it writes into its picture; `text` is empty where it fills in the time itself. Absent from records that were
   * sealed before it was asked for.
   */
  readonly captions?: readonly { readonly kind: string; readonly text: string }[] | null;
  readonly askedAt: string;
}

export interface SnapshotView {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  /** ONVIF preset the view stands for; null for a fixed camera. */
  readonly preset: { readonly token: string; readonly name: string } | null;
  /** Shift of a judged look against the nearest baseline, in pixels of the look's picture, and what is left after it. */
  readonly registration: {
    readonly dxPx: number;
    readonly dyPx: number;
    readonly residualPx: number | null;
    readonly lookId: number;
    readonly at: string;
  } | null;
  /** Where the turret said it was, in ONVIF's generic spaces. */
  readonly ptz: { readonly pan: number; readonly tilt: number; readonly zoom: number; readonly at: string } | null;
}

export interface SnapshotClock {
  /** The camera's clock minus the server's. */
  readonly camera: { readonly offsetMs: number; readonly measuredAt: string; readonly ageS: number } | null;
  /** What the server knew of its own clock; null where it was never asked. */
  readonly server: ServerClock | null;
}

export interface ServerClock {
  /** Null: it cannot be told on this machine. */
  readonly synchronised: boolean | null;
  readonly source: string | null;
  readonly offsetMs: number | null;
  readonly checkedAt: string;
  /** The last time the clock was found to have jumped. */
  readonly lastStep: { readonly at: string; readonly ms: number } | null;
}

export interface SnapshotSoftware {
  readonly name: string;
  readonly version: string;
  /** SHA-256 over the canonical JSON of the configuration in force, secrets left out. */
  readonly configSha256: string;
  /** SHA-256 of the model that judged; null where none did. */
  readonly modelSha256: string | null;
}

/** A stored file. */
export interface SnapshotFile {
  readonly sha256: string;
  readonly sm3?: string;
  readonly mediaType: string;
  /** Null where the file could not be read when this was sealed; `problem` says why. */
  readonly bytes: number | null;
  readonly problem: string | null;
}

/** The camera's own bytes. */
export interface SnapshotStream {
  /**
   * `kept`: here it is. `wanted`: it is being fetched, a further record follows. `failed`: it could not be had.
   * `standing`: nothing was fetched for this record, what an earlier one kept is named.
   */
  readonly state: 'kept' | 'wanted' | 'failed' | 'standing' | 'none';
  readonly stream: 'main' | 'sub' | null;
  readonly codec: string | null;
  /** Access units as the camera sent them (H.264, H.265 Annex B), one after another. */
  readonly file: SnapshotFile | null;
  readonly units: readonly SnapshotUnit[];
  /** Why it is not the main stream, or not there. */
  readonly problem: string | null;
}

/** One access unit, in order. */
export interface SnapshotUnit {
  readonly sha256: string;
  readonly bytes: number;
  /** Media clock at 90 kHz, 32 bits, wraps. */
  readonly rtpTimestamp: number;
  /** Of its last packet, by the server's clock. */
  readonly arrivedAt: string;
  readonly isKey: boolean;
}

export interface SnapshotPicture {
  /** `still` of the main stream; `after` the look that raised the item; `before` the lawful picture it was compared with. */
  readonly role: 'still' | 'after' | 'before' | 'overlay' | 'baseline' | 'look';
  readonly file: SnapshotFile;
  readonly takenAt: string | null;
  readonly lookId: number | null;
  readonly baselineId: number | null;
  /** What it was made from. A picture never replaces that. */
  readonly derivedFrom: SnapshotDerivation;
}

export interface SnapshotDerivation {
  /** Digest of the file it was made from; null where that was not kept. */
  readonly sha256: string | null;
  /** Index of the access unit, where made from a stream. */
  readonly unit: number | null;
  /**
   * `decoded`: a key unit decoded, privacy areas blackened, written as JPEG. `looked`: the same of the sub-stream,
   * scaled to the size of looks; its unit was not kept. `marked`: a region drawn into a picture.
   */
  readonly how: 'decoded' | 'looked' | 'marked';
}
