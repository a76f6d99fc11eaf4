/** Drills as they are answered. */
import { SentinelError } from '../base/errors.ts';
import { DRILL_LIGHTS, readDrills, type Drill as KeptDrill } from '../drill/drill.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { DrillLight, StoredFinding } from '../drivers/postgres/schema.ts';
import type { Drill, ViewDrill } from './contract.ts';
import { pictureUrl } from './picture.ts';

/** @throws `web.missing` */
export async function readViewDrill(db: Db, viewId: number): Promise<ViewDrill> {
  const view = await db.selectFrom('view').select('baseline_version').where('id', '=', viewId).executeTakeFirst();
  if (!view) throw new SentinelError('web.missing', { what: 'view', id: viewId });
  const { newest, done } = await readDrills(db, viewId);
  const shown = (drill: KeptDrill | null): Drill | null => drill && drillOf(drill, view.baseline_version);
  return { newest: shown(newest), done: shown(done) };
}

/** Digest of the picture of the newest drill that is done. Throws `web.missing`. */
export async function findDrillPicture(db: Db, viewId: number, light: DrillLight): Promise<string> {
  const { done } = await readDrills(db, viewId);
  const sha256 = done?.pictureSha256s[light];
  if (!sha256) throw new SentinelError('web.missing', { what: 'drill picture of view', id: viewId });
  return sha256;
}

function drillOf(drill: KeptDrill, baselineVersion: number): Drill {
  const { id, viewId, state, askedBy, stepsDone, steps, conditions, problem, pictureSha256s } = drill;
  return {
    ...{ id, state, askedBy, stepsDone, steps, problem },
    askedAt: drill.askedAt.toISOString(),
    startedAt: drill.startedAt?.toISOString() ?? null,
    endedAt: drill.endedAt?.toISOString() ?? null,
    minScore: conditions?.minScore ?? null,
    isCurrent: conditions === null || conditions.baselineVersion === baselineVersion,
    lights: DRILL_LIGHTS.filter((light) => drill.findings.some((finding) => finding.light === light)).map((light) => {
      const findings = drill.findings.filter((finding) => finding.light === light);
      const sha256 = state === 'done' ? pictureSha256s[light] : null;
      return {
        light,
        usual: usualOf(findings),
        pictureUrl: sha256 === null ? null : pictureUrl(`/api/v1/views/${viewId}/drill/${light}.jpg`, sha256),
        drawn: (drill.pictures.find((picture) => picture.light === light)?.drawn ?? []).map((one) => ({
          ...one,
          box: [...one.box],
        })),
        findings: findings.map(({ kind, smallest, trials }) => ({
          ...{ kind, smallest },
          trials: trials.map((trial) => ({ ...trial })),
        })),
      };
    }),
  };
}

/** The size from which half of the kinds are found; null: fewer are, whatever their size. */
function usualOf(findings: readonly StoredFinding[]): number | null {
  const sizes = findings.map(({ smallest }) => smallest ?? Infinity).sort((a, b) => a - b);
  const middle = sizes[(sizes.length - 1) >> 1] ?? Infinity;
  return middle === Infinity ? null : middle;
}
