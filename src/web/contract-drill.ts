/** What a view can see, as pages and programs ask for it. */
import { Type, type Static } from 'typebox';
import { Id, Nullable, Time, Words } from './contract-shapes.ts';

export const DrillLight = Words('day', 'dusk', 'night');
export const DrillKind = Words('hut', 'glass_room', 'wall', 'tarpaulin', 'stack', 'balcony');
export const DrillPictureParams = Type.Object({ id: Id, light: DrillLight });

const Share = Type.Number({ description: 'share of the picture' });

export const Drill = Type.Object({
  id: Id,
  state: Words('waiting', 'running', 'done', 'failed', 'cancelled'),
  askedBy: Nullable(Type.String({ description: 'null: from the command line' })),
  askedAt: Time,
  startedAt: Nullable(Time),
  endedAt: Nullable(Time),
  stepsDone: Type.Integer(),
  steps: Type.Integer({ description: '0 until the work begins' }),
  minScore: Nullable(Type.Number({ description: 'the threshold it was judged with' })),
  isCurrent: Type.Boolean({ description: 'the view’s lawful pictures and areas are still the same' }),
  problem: Nullable(Type.String()),
  lights: Type.Array(
    Type.Object({
      light: DrillLight,
      /** Median over the kinds. */
      usual: Nullable(Share),
      pictureUrl: Nullable(Type.String()),
      drawn: Type.Array(
        Type.Object({
          kind: DrillKind,
          areaFraction: Share,
          found: Type.Boolean(),
          box: Type.Tuple([Type.Number(), Type.Number(), Type.Number(), Type.Number()]),
        }),
      ),
      findings: Type.Array(
        Type.Object({
          kind: DrillKind,
          smallest: Nullable(Share),
          trials: Type.Array(Type.Object({ areaFraction: Share, found: Type.Integer(), of: Type.Integer() })),
        }),
      ),
    }),
  ),
});
export type Drill = Static<typeof Drill>;

export const ViewDrill = Type.Object({
  /** The newest, whatever its state. */
  newest: Nullable(Drill),
  /** The newest that is done. */
  done: Nullable(Drill),
});
export type ViewDrill = Static<typeof ViewDrill>;

export const AskedDrills = Type.Object({ views: Type.Integer({ description: 'open drills now' }) });
